// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Synchronization

/// A served name with all that its value, its fields and its filtered channels share.
///
/// Safe from any thread. Its shape may change with the device's declaration; then it gets another variable.
final class Record: Sendable {
    /// The whole name, prefix included.
    let name: String
    /// The device it belongs to.
    let device: String
    let member: NamedMember
    let services: RecordServices
    let arrays = EncodedArrays()
    let acknowledgement = AlarmAcknowledgement()

    private struct State {
        var shape: NativeShape
        var block: MetadataBlock
        var source: AnyParameter
        var variable: ProcessVariable?
    }

    private let state: Mutex<State>

    init(_ name: String, device: String, member: NamedMember, services: RecordServices) {
        self.name = name
        self.device = device
        self.member = member
        self.services = services
        let (shape, block) = Self.described(member)
        state = Mutex(State(shape: shape, block: block, source: member.source))
    }

    private static func described(_ member: NamedMember) -> (NativeShape, MetadataBlock) {
        let metadata = member.metadata
        let shape = NativeShape(metadata, type: member.entry.type, length: member.sample.value.length)
        return (shape, MetadataBlock(metadata, shape))
    }

    /// Type, count and labels as clients see them now.
    var shape: NativeShape { state.withLock { $0.shape } }

    /// Unit, limits, labels as they travel.
    var block: MetadataBlock { state.withLock { $0.block } }

    /// The value's variable; the same one until the shape changes.
    var variable: ProcessVariable {
        let (known, shape) = state.withLock { ($0.variable, $0.shape) }
        if let known { return known }
        let made = ValueVariable(self, shape, longString: false, as: name)
        return state.withLock { state in
            if let known = state.variable { return known }
            if state.shape == shape { state.variable = made }
            return made
        }
    }

    /// Looks again at what the kernel knows of the member.
    /// - Returns: Whether clients must create their channels anew: another type, count or source.
    func refresh() -> Bool {
        let (shape, block) = Self.described(member)
        let source = member.source
        return state.withLock { state in
            let isReplaced =
                shape.type != state.shape.type || shape.count != state.shape.count || source !== state.source
            state.shape = shape
            state.block = block
            state.source = source
            if isReplaced { state.variable = nil }
            return isReplaced
        }
    }

    /// For `daqd names`.
    var served: ServedName {
        let shape = self.shape
        let type = String(describing: shape.type).uppercased() + (shape.count == 1 ? "" : "[\(shape.count)]")
        return ServedName(name, type: type, description: member.metadata.description)
    }

    /// Ends its subscriptions.
    func close() { acknowledgement.close() }

    // MARK: - Writing

    /// Whether a write is done when `put` returns: no device and no operation takes part.
    var isImmediate: Bool { member.command == nil && !member.source.needsDevice }

    /// Writes a value for a client and notes it in the put log.
    func put(_ value: DataValue, as name: String, origin: Origin, completion: @escaping @Sendable (PutResult) -> Void) {
        let value = services.clamps ? nearest(value) : value
        let old = services.isLogging ? member.sample.value : .null
        member.put(value, origin: origin) { [services] result in
            let outcome = PutResult(name, result)
            services.note(name, old: old, new: value, origin, outcome)
            completion(outcome)
        }
    }

    /// Does again what a write of the value does: a command runs, a value that clients set is written once more.
    func process(as name: String, origin: Origin, completion: @escaping @Sendable (PutResult) -> Void) {
        put(member.command == nil ? member.sample.value : .bool(true), as: name, origin: origin, completion: completion)
    }

    /// The value within the limits, as an IOC's output record makes it of DRVL and DRVH.
    private func nearest(_ value: DataValue) -> DataValue {
        let metadata = member.metadata
        guard member.command == nil, case .number = metadata.type, let limits = metadata.limits,
            let number = value.double, !number.isNaN, !limits.contains(number)
        else { return value }
        return .float(min(max(number, limits.lowerBound), limits.upperBound))
    }
}

/// What all records of a frontend share.
struct RecordServices: Sendable {
    /// What rules say a client may do with a record, by the level of a field.
    var rights: @Sendable (ClientIdentity, String, AccessLevel) -> AccessRights = { _, _, _ in [.read, .write] }
    /// The access group of a record.
    var group: @Sendable (String) -> String = { _ in "DEFAULT" }
    /// Where writes are noted.
    var log: (@Sendable (PutNote) -> Void)?
    /// Whether numbers outside the limits are set to the nearest one.
    var clamps = false
    /// A value grew beyond what was announced: the record needs another look.
    var outgrown: @Sendable (String) -> Void = { _ in }
    /// Whether an acquisition of a device runs.
    var isAcquiring: @Sendable (String) -> Bool = { _ in false }
    /// Whether a device is connected.
    var isConnected: @Sendable (String) -> Bool = { _ in true }

    var isLogging: Bool { log != nil }

    func note(_ name: String, old: DataValue, new: DataValue, _ origin: Origin, _ outcome: PutResult) {
        log?(PutNote(time: .now(), name: name, old: old, new: new, origin: origin, outcome: outcome))
    }
}

extension DataValue {
    /// Elements of an array, 1 for all else.
    var length: Int {
        switch self {
        case .array(let array): array.count
        case .bytes(let bytes): bytes.count
        case .strings(let texts): texts.count
        default: 1
        }
    }
}
