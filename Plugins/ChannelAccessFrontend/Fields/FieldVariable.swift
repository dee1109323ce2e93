// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Synchronization

/// A field of a record, as a channel sees it.
final class FieldVariable: ProcessVariable, @unchecked Sendable {  // sound: what is stored here never changes
    private let owner: Record
    private let field: Field
    private let isLong: Bool

    init(_ owner: Record, _ field: Field, longString: Bool, as name: String) {
        self.owner = owner
        self.field = field
        isLong = longString
        super.init(
            name: name, record: owner.name, nativeType: longString ? .char : field.type,
            nativeCount: longString ? field.longCount : 1, parameter: field.isConstant ? nil : owner.member.source,
            // As for the value: a command says itself what becomes of a second call.
            interrupts: field.write?.isProcess == true && (owner.member.entry.interrupts || owner.member.command != nil)
        )
    }

    override func sample() -> Sample { shown(owner.member.sample) }

    private func shown(_ sample: Sample) -> Sample {
        var shown = sample
        shown.value = field.value(owner, sample)
        return shown
    }

    /// A change of what the field says is a change of value; the rest is nobody's business here.
    override func receive(_ sample: inout Sample, _ changes: inout UpdateChanges) -> Bool {
        let about: UpdateChanges =
            switch field.basis {
            case .constant: []
            case .metadata: .metadata
            case .alarm: .alarm
            case .value: .value
            }
        let isConcerned = !changes.isDisjoint(with: about)
        sample = shown(owner.member.shown(sample))
        guard isConcerned else { return false }
        changes = field.basis == .alarm ? [.value, .archive, .alarm] : [.value, .archive]
        return true
    }

    override func encode(
        _ sample: Sample, as type: DBRType, count: Int, limit: Int, into buffer: WireBuffer
    ) -> Encoding {
        ValueEncoder(
            native: nativeType, nativeCount: nativeCount, isLongString: isLong, block: block, arrays: owner.arrays
        ).encode(sample, as: type, count: count, limit: limit, into: buffer)
    }

    private var block: MetadataBlock {
        let own = owner.block
        guard field.hasUnit else { return MetadataBlock(labels: field.labels, recordType: own.recordType) }
        return MetadataBlock(
            unit: own.unit, precision: own.precision, limits: own.limits, recordType: own.recordType)
    }

    // MARK: - Writing

    override func putNow(_ type: DBRType, count: Int, payload: Span<UInt8>, origin: Origin) -> PutResult? {
        guard let write = field.write, write.isOpen(owner) else {
            return noted(.null, origin, PutResult(.noWriteAccess, "\(name) cannot be written"))
        }
        guard let change = write.change else { return owner.isImmediate || !isProcessed ? process(origin) : nil }
        let old = sample().value
        do throws(PutRefusal) {
            let written = try value(type, count, payload)
            let refusal = change(owner, written)
            return noted(written, old: old, origin, refusal.map { PutResult(name, $0) } ?? .done)
        } catch {
            return noted(.null, old: old, origin, PutResult(name, error))
        }
    }

    private func noted(_ new: DataValue, old: DataValue = .null, _ origin: Origin, _ result: PutResult) -> PutResult {
        owner.services.note(name, old: old, new: new, origin, result)
        return result
    }

    private func value(_ type: DBRType, _ count: Int, _ payload: Span<UInt8>) throws(PutRefusal) -> DataValue {
        guard type.rawValue <= 6, count >= 1 else { throw PutRefusal(.badCount, "a value is missing") }
        let elements = SentElements(type.native, count: count, payload: payload)
        if field.type == .string {
            let bytes = elements.type == .char ? Array(elements.characters.prefix { $0 != 0 }) : elements.text(0)
            guard let text = String(validating: bytes, as: UTF8.self) else { throw PutRefusal("the text is not UTF-8") }
            return .string(text)
        }
        if field.type == .enum { return .integer(Int64(try elements.state(of: field.labels))) }
        guard let number = elements.real(0) else { throw PutRefusal("a number is needed") }
        return .float(number)
    }

    override func put(
        _ type: DBRType, count: Int, payload: Span<UInt8>, origin: Origin,
        completion: @escaping @Sendable (PutResult) -> Void
    ) {
        guard field.write?.isProcess == true, isProcessed else {
            return completion(putNow(type, count: count, payload: payload, origin: origin) ?? .done)
        }
        owner.process(as: name, origin: origin, completion: completion)
    }

    /// `PROC` where no device and no operation takes part.
    private func process(_ origin: Origin) -> PutResult {
        guard isProcessed else { return noted(.null, origin, .done) }
        let result = Mutex<PutResult?>(nil)
        owner.process(as: name, origin: origin) { outcome in result.withLock { $0 = outcome } }
        return result.withLock { $0 } ?? .done
    }

    /// Whether there is something to do again: what the device drives stays as it is.
    private var isProcessed: Bool { owner.member.command != nil || owner.member.metadata.access != .read }

    override func noteRefused(_ result: PutResult, _ origin: Origin) {
        owner.services.note(name, old: .null, new: .null, origin, result)
    }

    // MARK: - Rights

    override func rights(of client: ClientIdentity) -> AccessRights {
        let rights = owner.services.rights(client, record, field.level)
        return field.write?.isOpen(owner) == true ? rights : rights.subtracting(.write)
    }
}

extension Field {
    /// Whether updates of the record never concern it.
    var isConstant: Bool { if case .constant = basis { true } else { false } }
}
