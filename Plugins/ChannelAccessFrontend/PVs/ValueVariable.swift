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
    /// Whether a DOUBLE that is sent can be the parameter's value as it is.
    private let takesNumbers: Bool

    init(_ owner: Record, _ shape: NativeShape, longString: Bool, as name: String) {
        self.owner = owner
        self.shape = longString ? Self.long(shape, owner) : shape
        takesNumbers = Self.takesNumbers(owner.member)
        super.init(
            name: name, record: owner.name, nativeType: self.shape.type, nativeCount: self.shape.count,
            parameter: owner.member.source, isDirect: owner.member.isDirect,
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

    private static func takesNumbers(_ member: NamedMember) -> Bool {
        guard member.isDirect, member.command == nil, member.entry.limits == nil, member.entry.access == nil else {
            return false
        }
        return member.metadata.type == .number(.float64)
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
        if type == DBRType(.plain, .double), isDirect, nativeType == .double, count == 1, nativeCount == 1,
            !owner.services.isLogging, owner.member.putPlain(payload.bigEndianDouble, origin: origin)
        {
            return .done
        }
        if type == .putAcknowledgeTransient || type == .putAcknowledgeSeverity {
            return acknowledge(type, SentElements(.short, count: count, payload: payload))
        }
        if takesNumbers, type == DBRType(.plain, .double), count == 1, let done = putNumber(payload, origin) {
            return done
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

    /// The quick way for what is written most: a number that its parameter takes at once.
    /// - Returns: `nil` where there is more to do or to say: a device, the put log, a refusal.
    private func putNumber(_ payload: Span<UInt8>, _ origin: Origin) -> PutResult? {
        guard payload.count >= 8, !owner.services.isLogging, let parameter else { return nil }
        var bits: UInt64 = 0
        for index in 0..<8 { bits = bits << 8 | UInt64(payload[index]) }
        let number = Double(bitPattern: bits)
        let outOfRange = owner.member.entry.outOfRange
        guard !number.isNaN,
            (try? parameter.putImmediately(.float(number), origin: origin, outOfRange: outOfRange)) == true
        else { return nil }
        return .done
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

    private func acknowledge(_ type: DBRType, _ elements: SentElements) -> PutResult {
        guard let parameter, let value = elements.whole(0).map({ UInt16(truncatingIfNeeded: $0) }), elements.count == 1
        else {
            return PutResult(.badCount, "\(name): one number is needed")
        }
        if type == .putAcknowledgeSeverity {
            owner.acknowledgement.acknowledge(value, following: parameter)
        } else {
            owner.acknowledgement.set(transient: value, following: parameter)
        }
        return .done
    }

    override func noteDenied(_ origin: Origin) {
        owner.services.note(name, old: .null, new: .null, origin, PutResult(.noWriteAccess, "\(name): no write access"))
    }

    // MARK: - Rights

    override func rights(of client: ClientIdentity) -> AccessRights {
        let rights = owner.services.rights(client, record, .operator)
        return owner.member.metadata.access == .read ? rights.subtracting(.write) : rights
    }
}

extension Span<UInt8> {
    /// The first eight bytes as a number of the wire; NaN when there are fewer.
    fileprivate var bigEndianDouble: Double {
        guard count >= 8 else { return .nan }
        var bits: UInt64 = 0
        for index in 0..<8 { bits = bits << 8 | UInt64(self[index]) }
        return Double(bitPattern: bits)
    }
}
