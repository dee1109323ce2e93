// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Synchronization

/// A variable behind filters; it belongs to one channel, because filters remember what passed them.
final class FilteredVariable: ProcessVariable, @unchecked Sendable {  // sound: the state is behind a lock
    private let base: ProcessVariable
    private let filters: [ChannelFilter]
    private let state: Mutex<FilterState>
    private let encoder: ValueEncoder?

    init(_ base: ProcessVariable, _ filters: [ChannelFilter], as name: String) {
        self.base = base
        self.filters = filters
        state = Mutex(FilterState(filters))
        let shape = filters.reduce((type: base.nativeType, count: base.nativeCount)) { $1.shape($0.type, $0.count) }
        // A time stamp in place of the value has nothing of the value's metadata.
        encoder =
            filters.contains { if case .stamp = $0 { true } else { false } }
            ? ValueEncoder(
                native: shape.type, nativeCount: shape.count, isLongString: false, block: .empty,
                arrays: EncodedArrays()) : nil
        super.init(
            name: name, record: base.record, nativeType: shape.type, nativeCount: shape.count,
            parameter: base.parameter)
    }

    private var selects: Bool { filters.contains { if case .subarray = $0 { true } else { false } } }

    override func sample() -> Sample { filters.reduce(base.sample()) { $1.shown($0) } }

    override func receive(_ sample: inout Sample, _ changes: inout UpdateChanges) -> Bool {
        guard base.receive(&sample, &changes) else { return false }
        guard let event = state.withLock({ [sample, changes] in $0.pass(changes, sample) }) else {
            sample = filters.reduce(sample) { $1.shown($0) }
            return false
        }
        (sample, changes) = (event.sample, event.changes)
        return true
    }

    override func encode(
        _ sample: Sample, as type: DBRType, count: Int, limit: Int, into buffer: WireBuffer
    ) -> Encoding {
        if let encoder { return encoder.encode(sample, as: type, count: count, limit: limit, into: buffer) }
        return base.encode(sample, as: type, count: count, limit: limit, into: buffer)
    }

    override func putNow(_ type: DBRType, count: Int, payload: Span<UInt8>, origin: Origin) -> PutResult? {
        if selects { return PutResult(.putFailed, "\(name): a part of an array cannot be written") }
        return base.putNow(type, count: count, payload: payload, origin: origin)
    }

    override func put(
        _ type: DBRType, count: Int, payload: Span<UInt8>, origin: Origin,
        completion: @escaping @Sendable (PutResult) -> Void
    ) {
        base.put(type, count: count, payload: payload, origin: origin, completion: completion)
    }

    override func noteRefused(_ result: PutResult, _ origin: Origin) { base.noteRefused(result, origin) }

    override func rights(of client: ClientIdentity) -> AccessRights {
        let rights = base.rights(of: client)
        return selects ? rights.subtracting(.write) : rights
    }
}
