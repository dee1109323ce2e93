// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Synchronization

/// The value of a record, as it is or, with `$`, a text as an array of characters.
final class ValueVariable: ProcessVariable, @unchecked Sendable {  // sound: what is stored here never changes
    /// What `$` announces for a text without a declared capacity.
    static let longStringCapacity = 1024

    private let owner: Record
    private let shape: NativeShape

    init(_ owner: Record, _ shape: NativeShape, longString: Bool, as name: String) {
        self.owner = owner
        self.shape = longString ? Self.long(shape, owner) : shape
        super.init(
            name: name, record: owner.name, nativeType: self.shape.type, nativeCount: self.shape.count,
            parameter: owner.member.source, isDirect: owner.member.isDirect,
            number: self.shape.type == .double && self.shape.count == 1 ? owner.member.directNumber : nil,
            notesWrites: owner.services.isLogging,
            // A command says itself what becomes of a second call, and its off must not wait for what it is to end.
            interrupts: owner.member.entry.interrupts || owner.member.command != nil)
    }

    private static func long(_ shape: NativeShape, _ owner: Record) -> NativeShape {
        var long = NativeShape(owner.member.metadata, type: .characters(longStringCapacity), length: 1)
        if case .string(let capacity) = owner.member.metadata.type, capacity > 0 {
            long.count = max(40, capacity + 1)
        }
        long.recordType = shape.recordType
        return long
    }

    override func sample() -> Sample { owner.member.sample }

    override func receive(_ sample: inout Sample, _ changes: inout UpdateChanges) -> Bool {
        sample = owner.member.shown(sample)
        return true
    }

    override func encode(
        _ sample: Sample, as type: DBRType, count: Int, limit: Int, into buffer: WireBuffer
    ) -> Encoding {
        if shape.count > 1, !shape.isLongString, sample.value.length > shape.count { owner.services.outgrown(record) }
        let encoder = ValueEncoder(
            native: nativeType, nativeCount: nativeCount, isLongString: shape.isLongString, block: owner.block,
            arrays: owner.arrays)
        guard type == .acknowledgeString, let parameter else {
            return encoder.encode(sample, as: type, count: count, limit: limit, into: buffer)
        }
        return encoder.encode(
            sample, as: type, count: count, limit: limit, into: buffer,
            acknowledgement: owner.acknowledgement.values(following: parameter))
    }

    // MARK: - Writing

    private func decoded(_ type: DBRType, _ count: Int, _ payload: Span<UInt8>) throws(PutRefusal) -> DataValue {
        let value = try PayloadDecoder(shape: shape, type: owner.member.metadata.type)
            .value(type, count: count, payload: payload)
        return shape.type == .string ? labelled(value) : value
    }

    /// A number instead of a label, for enumerations that have more labels than the wire can show.
    private func labelled(_ value: DataValue) -> DataValue {
        let choices = owner.member.metadata.choices
        guard !choices.isEmpty, case .string(let text) = value, !choices.contains(text), let index = Int64(text) else {
            return value
        }
        return .integer(index)
    }

    override func putNow(_ type: DBRType, count: Int, payload: Span<UInt8>, origin: Origin) -> PutResult? {
        if type == .putAcknowledgeTransient || type == .putAcknowledgeSeverity {
            return acknowledge(type, SentElements(.short, count: count, payload: payload), origin)
        }
        guard owner.isImmediate else { return nil }
        do throws(PutRefusal) {
            let value = try decoded(type, count, payload)
            let result = Mutex<PutResult?>(nil)
            owner.put(value, as: name, origin: origin) { outcome in result.withLock { $0 = outcome } }
            // One that waits behind an earlier write of the same name is carried out in its turn.
            return result.withLock { $0 } ?? .done
        } catch {
            return refused(error, origin)
        }
    }

    override func put(
        _ type: DBRType, count: Int, payload: Span<UInt8>, origin: Origin,
        completion: @escaping @Sendable (PutResult) -> Void
    ) {
        do throws(PutRefusal) {
            owner.put(try decoded(type, count, payload), as: name, origin: origin, completion: completion)
        } catch {
            completion(refused(error, origin))
        }
    }

    private func refused(_ refusal: PutRefusal, _ origin: Origin) -> PutResult {
        let result = PutResult(name, refusal)
        owner.services.note(name, old: .null, new: .null, origin, result)
        return result
    }

    private func acknowledge(_ type: DBRType, _ elements: SentElements, _ origin: Origin) -> PutResult {
        let field = type == .putAcknowledgeSeverity ? "\(name).ACKS" : "\(name).ACKT"
        guard let parameter, let value = elements.whole(0).map({ UInt16(truncatingIfNeeded: $0) }), elements.count == 1
        else {
            let result = PutResult(.badCount, "\(name): one number is needed")
            owner.services.note(field, old: .null, new: .null, origin, result)
            return result
        }
        owner.services.note(field, old: .null, new: .integer(Int64(value)), origin, .done)
        if type == .putAcknowledgeSeverity {
            owner.acknowledgement.acknowledge(value, following: parameter)
        } else {
            owner.acknowledgement.set(transient: value, following: parameter)
        }
        return .done
    }

    override func noteRefused(_ result: PutResult, _ origin: Origin) {
        owner.services.note(name, old: .null, new: .null, origin, result)
    }

    // MARK: - Rights

    override func rights(of client: ClientIdentity) -> AccessRights {
        let rights = owner.services.rights(client, record, .operator)
        return owner.member.metadata.access == .read ? rights.subtracting(.write) : rights
    }
}
