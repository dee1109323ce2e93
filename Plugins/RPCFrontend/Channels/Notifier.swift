// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Synchronization

/// One replicated structure: subscribers get all of it, then every change; safe from any thread.
///
/// Changes are told in the order in which they were made, and none between a subscriber's copy and its first change.
final class Notifier: Sendable {
    let channel = LineChannel()
    private let structure: Mutex<DataValue>

    init(_ structure: DataValue) { self.structure = Mutex(structure) }

    /// The structure as it is.
    var value: DataValue { structure.withLock { $0 } }

    /// Adds a receiver and hands it the whole structure; both in one step, so that no change is missed.
    func subscribe(_ receiver: LineChannel.Receiver, _ initial: ([UInt8]) -> Void) -> Int {
        structure.withLock { structure in
            initial(Self.line([("action", .string("init")), ("struct", structure)]))
            return channel.add(receiver)
        }
    }

    /// The line that replaces everything a subscriber has.
    var initialLine: [UInt8] { Self.line([("action", .string("init")), ("struct", value)]) }

    // MARK: - Changes

    /// Replaces everything.
    func replace(_ value: DataValue) {
        structure.withLock { structure in
            structure = value
            channel.send(Self.line([("action", .string("init")), ("struct", value)]))
        }
    }

    /// Assigns a key of a dictionary, an index or a slice of a list.
    func setItem(_ key: DataValue, _ value: DataValue, in path: [DataValue] = []) {
        change("setitem", path, [("key", key), ("value", value)]) { $0.setItem(key, value) }
    }

    func deleteItem(_ key: DataValue, in path: [DataValue] = []) {
        change("delitem", path, [("key", key)]) { $0.removeItem(key) }
    }

    func append(_ item: DataValue, in path: [DataValue] = []) {
        change("append", path, [("x", item)]) { $0.editItems { $0.append(item) } }
    }

    func insert(_ item: DataValue, at index: Int, in path: [DataValue] = []) {
        change("insert", path, [("i", DataValue(index)), ("x", item)]) { value in
            value.editItems { $0.insert(item, at: min(max(index, 0), $0.count)) }
        }
    }

    /// Takes an element out: of a list by its index, of a dictionary by its key.
    func pop(_ key: DataValue = .integer(-1), in path: [DataValue] = []) {
        change("pop", path, [("i", key)]) { $0.removeItem(key) }
    }

    private func change(
        _ action: String, _ path: [DataValue], _ fields: [(String, DataValue)], _ edit: (inout DataValue) -> Void
    ) {
        structure.withLock { structure in
            structure.edit(path[...], edit)
            guard !channel.isEmpty else { return }
            channel.send(Self.line([("action", .string(action)), ("path", .list(path))] + fields))
        }
    }

    private static func line(_ members: [(String, DataValue)]) -> [UInt8] {
        var text = PYONText(.v2)
        guard (try? text.append(object: members)) != nil else { return [] }
        return text.joined + [10]
    }
}

extension DataValue {
    /// Changes the element that a path of keys and indexes leads to; nothing where it leads nowhere.
    fileprivate mutating func edit(_ path: ArraySlice<DataValue>, _ change: (inout DataValue) -> Void) {
        guard let key = path.first else { return change(&self) }
        switch self {
        case .dictionary(var entries):
            guard let index = entries.firstIndex(where: { $0.key == key }) else { return }
            self = .null
            entries[index].value.edit(path.dropFirst(), change)
            self = .dictionary(entries)
        case .list(var items):
            guard let index = Self.index(key, of: items.count) else { return }
            self = .null
            items[index].edit(path.dropFirst(), change)
            self = .list(items)
        default: return
        }
    }

    fileprivate mutating func editItems(_ change: (inout [DataValue]) -> Void) {
        guard case .list(var items) = self else { return }
        self = .null
        change(&items)
        self = .list(items)
    }

    fileprivate mutating func setItem(_ key: DataValue, _ value: DataValue) {
        switch (self, key) {
        case (.dictionary(var entries), _):
            self = .null
            if let index = entries.firstIndex(where: { $0.key == key }) {
                entries[index].value = value
            } else {
                entries.append(.init(key, value))
            }
            self = .dictionary(entries)
        case (.array(let array), _):
            if let index = Self.index(key, of: array.count) { self = .array(array.replacing(index, with: value)) }
        case (.list, .extended(.slice(start: .null, stop: .null, step: .null))): self = value
        case (.list, _):
            editItems { items in
                if let index = Self.index(key, of: items.count) { items[index] = value }
            }
        default: return
        }
    }

    fileprivate mutating func removeItem(_ key: DataValue) {
        switch self {
        case .dictionary(var entries):
            self = .null
            entries.removeAll { $0.key == key }
            self = .dictionary(entries)
        default:
            editItems { items in
                if let index = Self.index(key, of: items.count) { items.remove(at: index) }
            }
        }
    }

    /// The place that an index means; negative ones count from the end.
    private static func index(_ key: DataValue, of count: Int) -> Int? {
        guard case .integer(let number) = key, let index = Int(exactly: number < 0 ? number + Int64(count) : number)
        else { return nil }
        return (0..<count).contains(index) ? index : nil
    }
}

extension ArrayValue {
    /// The array with another value at an index, which counts row-major.
    fileprivate func replacing(_ index: Int, with value: DataValue) -> ArrayValue {
        var changed = bytes
        let size = elementType.size
        changed.replaceSubrange(index * size..<(index + 1) * size, with: NumPyValue.bytes(elementType, value))
        return ArrayValue(elementType, shape: shape, bytes: changed) ?? self
    }
}
