// Part of daqd
// SPDX-License-Identifier: MIT

/// An update as a queue keeps it: 32 trivial bytes, so that queueing a number counts no reference.
///
/// Texts, arrays and alarms are held by reference counts that the owner of the value moves by hand: made with one,
/// `retain` for each queue, `unpack` or `release` for each end.
@safe
struct PackedUpdate: @unchecked Sendable {  // sound: what it refers to is immutable and counted
    private enum Kind: UInt8 {
        case null, bool, integer, unsigned, float, array, boxed
    }

    /// Any other value.
    private final class Box: Sendable {
        let value: DataValue
        init(_ value: DataValue) { self.value = value }
    }

    var slot: Int32 = 0
    private(set) var changes: UpdateChanges
    private let kind: Kind
    private let bits: UInt64
    private let time: Int64
    private let alarm: Unmanaged<Alarm.Details>?

    /// Packs a value; the references have one owner, the caller.
    @inline(__always)
    init(_ value: DataValue, _ changes: UpdateChanges, _ timestamp: Timestamp, _ alarm: Alarm) {
        self.changes = changes
        time = timestamp.nanoseconds
        unsafe self.alarm = alarm.details.map { unsafe Unmanaged.passRetained($0) }
        switch value {
        case .float(let number): (kind, bits) = (.float, number.bitPattern)
        case .integer(let number): (kind, bits) = (.integer, UInt64(bitPattern: number))
        case .bool(let truth): (kind, bits) = (.bool, truth ? 1 : 0)
        case .unsigned(let number): (kind, bits) = (.unsigned, number)
        case .null: (kind, bits) = (.null, 0)
        case .array(let array): (kind, bits) = (.array, Self.bits(of: array))
        default: (kind, bits) = (.boxed, Self.bits(of: Box(value)))
        }
    }

    private static func bits(of object: AnyObject) -> UInt64 {
        unsafe UInt64(UInt(bitPattern: Unmanaged.passRetained(object).toOpaque()))
    }

    private func reference<Object: AnyObject>(_: Object.Type) -> Unmanaged<Object>? {
        guard let pointer = unsafe UnsafeRawPointer(bitPattern: UInt(bits)) else { return nil }
        return unsafe Unmanaged<Object>.fromOpaque(pointer)
    }

    /// Another owner.
    @inline(__always)
    func retain() {
        if let alarm = unsafe alarm { _ = unsafe alarm.retain() }
        switch kind {
        case .array: _ = unsafe reference(ArrayValue.self)?.retain()
        case .boxed: _ = unsafe reference(Box.self)?.retain()
        default: break
        }
    }

    /// One owner less.
    @inline(__always)
    func release() {
        if let alarm = unsafe alarm { unsafe alarm.release() }
        switch kind {
        case .array: unsafe reference(ArrayValue.self)?.release()
        case .boxed: unsafe reference(Box.self)?.release()
        default: break
        }
    }

    /// The newer update of the same parameter takes this one's place; both changes are told.
    mutating func replace(with newer: PackedUpdate) {
        let (slot, changes) = (slot, changes)
        release()
        self = newer
        self.slot = slot
        self.changes.formUnion(changes)
    }

    /// The update; gives up one owner.
    @inline(__always)
    func unpack() -> Update {
        let details = unsafe alarm?.takeRetainedValue()
        let sample = Sample(value(), timestamp: Timestamp(nanoseconds: time), alarm: Alarm(details: details))
        return Update(slot: Int(slot), changes: changes, sample: sample)
    }

    @inline(__always)
    private func value() -> DataValue {
        switch kind {
        case .null: .null
        case .bool: .bool(bits != 0)
        case .integer: .integer(Int64(bitPattern: bits))
        case .unsigned: .unsigned(bits)
        case .float: .float(Double(bitPattern: bits))
        case .array: unsafe reference(ArrayValue.self).map { unsafe .array($0.takeRetainedValue()) } ?? .null
        case .boxed: unsafe reference(Box.self)?.takeRetainedValue().value ?? .null
        }
    }
}
