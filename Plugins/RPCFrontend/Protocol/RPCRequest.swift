// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Glibc

/// What a client asks for in one line.
enum RPCRequest {
    case call(name: String, arguments: [DataValue], named: [(String, DataValue)])
    case methodList

    /// Reads a line; the requests that clients send most are told by their bytes alone.
    /// - Throws: ``WireError`` when it is no text of the encoding, ``RPCException`` when it is no request.
    init(_ line: UnsafeRawBufferPointer, _ version: PYONVersion) throws {
        if let name = unsafe Self.plainCall(line, version) {
            self = .call(name: name, arguments: [], named: [])
            return
        }
        guard unsafe Self.isSame(line, 0, Self.head(version)) else {
            try self.init(Self.decode(unsafe Array(line), version))
            return
        }
        if version == .v2, let request = unsafe Self.flatCall(line) {
            self = request
            return
        }
        let bytes = unsafe Array(line)
        if let request = try Self.orderedCall(bytes, version) {
            self = request
            return
        }
        try self.init(Self.decode(bytes, version))
    }

    private static func decode(_ bytes: [UInt8], _ version: PYONVersion) throws(WireError) -> DataValue {
        version == .v2 ? try PYONv2Decoder.decode(bytes) : try PYONv1Decoder.decode(bytes)
    }

    private init(_ value: DataValue) throws(RPCException) {
        guard case .dictionary(let entries) = value else {
            throw RPCException("TypeError", "a request must be a dictionary, not \(value.kind)")
        }
        func entry(_ key: String) -> DataValue? { entries.first { $0.key == .string(key) }?.value }
        guard let action = entry("action") else { throw RPCException("KeyError", "'action'") }
        switch action {
        case .string("get_rpc_method_list"): self = .methodList
        case .string("call"):
            guard let name = entry("name") else { throw RPCException("KeyError", "'name'") }
            guard case .string(let name) = name else { throw RPCException("TypeError", "the name must be a text") }
            guard let arguments = entry("args") else { throw RPCException("KeyError", "'args'") }
            guard let named = entry("kwargs") else { throw RPCException("KeyError", "'kwargs'") }
            self = .call(name: name, arguments: try Self.arguments(arguments), named: try Self.named(named))
        default: throw RPCException("ValueError", "Unknown action: \(action.string ?? action.kind)")
        }
    }

    private static func arguments(_ value: DataValue) throws(RPCException) -> [DataValue] {
        switch value {
        case .tuple(let items), .list(let items): return items
        case .dictionary(let entries) where entries.isEmpty: return []
        default: throw RPCException("TypeError", "args must be a tuple, not \(value.kind)")
        }
    }

    private static func named(_ value: DataValue) throws(RPCException) -> [(String, DataValue)] {
        guard case .dictionary(let entries) = value else {
            throw RPCException("TypeError", "kwargs must be a dictionary, not \(value.kind)")
        }
        var named: [(String, DataValue)] = []
        for entry in entries {
            guard case .string(let name) = entry.key else {
                throw RPCException("TypeError", "keywords must be strings")
            }
            named.append((name, entry.value))
        }
        return named
    }

    // MARK: - By bytes

    private static let headV2 = Array(#"{"action":"call","name":""#.utf8)
    private static let tailV2 = Array(#"","args":{"__jsonclass__":["tuple",[[]]]},"kwargs":{}}"#.utf8)
    private static let headV1 = Array(#"{"action": "call", "name": ""#.utf8)
    private static let tailV1 = Array(#"", "args": (), "kwargs": {}}"#.utf8)
    private static let argumentsV2 = Array(#"","args":"#.utf8)
    private static let argumentsV1 = Array(#"", "args": "#.utf8)

    private static func head(_ version: PYONVersion) -> [UInt8] { version == .v2 ? headV2 : headV1 }

    /// The name of a call without arguments, as sipyco's clients write it; nil for anything else.
    private static func plainCall(_ line: UnsafeRawBufferPointer, _ version: PYONVersion) -> String? {
        let head = head(version)
        let tail = version == .v2 ? tailV2 : tailV1
        let length = line.count - head.count - tail.count
        guard length > 0, length < 256, unsafe isSame(line, 0, head), unsafe isSame(line, head.count + length, tail)
        else {
            return nil
        }
        let name = unsafe UnsafeRawBufferPointer(rebasing: line[head.count..<head.count + length])
        guard unsafe name.allSatisfy(isNameByte) else { return nil }
        return unsafe String(decoding: name, as: UTF8.self)
    }

    private static func isSame(_ line: UnsafeRawBufferPointer, _ offset: Int, _ bytes: [UInt8]) -> Bool {
        unsafe bytes.withUnsafeBytes { raw in
            guard line.count - offset >= raw.count, let line = line.baseAddress, let raw = raw.baseAddress else {
                return false
            }
            return unsafe memcmp(line + offset, raw, bytes.count) == 0
        }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// A call that begins with ``head(_:)`` whose arguments are few and plain; nil for any other text.
    private static func flatCall(_ line: UnsafeRawBufferPointer) -> RPCRequest? {
        let start = headV2.count
        var end = start
        while end < line.count, unsafe isNameByte(line[end]) { end += 1 }
        guard unsafe isSame(line, end, argumentsV2),
            let arguments = unsafe FlatArguments.read(line, from: end + argumentsV2.count)
        else { return nil }
        let name = unsafe UnsafeRawBufferPointer(rebasing: line[start..<end])
        return unsafe .call(name: String(decoding: name, as: UTF8.self), arguments: arguments, named: [])
    }

    /// A call that begins with ``head(_:)`` and whose keys stand in the order of sipyco's clients; nil for any other text.
    private static func orderedCall(_ bytes: [UInt8], _ version: PYONVersion) throws -> RPCRequest? {
        let start = head(version).count
        var end = start
        while end < bytes.count, isNameByte(bytes[end]) { end += 1 }
        let key = version == .v2 ? argumentsV2 : argumentsV1
        guard unsafe bytes.withUnsafeBytes({ raw in unsafe isSame(raw, end, key) }) else { return nil }
        let place = end + key.count
        let values =
            version == .v2
            ? try PYONv2Decoder.call(bytes, from: place) : try PYONv1Decoder.call(bytes, from: place)
        guard let (arguments, named) = values else { return nil }
        let name = String(decoding: bytes[start..<end], as: UTF8.self)
        return .call(name: name, arguments: try Self.arguments(arguments), named: try Self.named(named))
    }
}
