// Part of daqd
// SPDX-License-Identifier: MIT

/// The type of one element, as CREATE_CHAN announces it.
enum NativeType: UInt8, Sendable {
    case string = 0
    case short
    case float
    case `enum`
    case char
    case long
    case double

    /// Bytes of one element on the wire.
    var size: Int {
        switch self {
        case .string: 40
        case .short, .enum: 2
        case .float, .long: 4
        case .char: 1
        case .double: 8
        }
    }
}

/// What travels in front of the value.
enum DBRClass: UInt8, Sendable {
    /// Nothing.
    case plain = 0
    /// Status and severity.
    case status
    /// Status, severity and time.
    case time
    /// Status, severity, unit, precision, limits of display and alarm, or the labels of an enumeration.
    case graphic
    /// The same and the limits of control.
    case control
}

/// A type in which a client asks for a value or sends one: 0 to 38, but any number can arrive.
struct DBRType: RawRepresentable, Hashable, Sendable {
    let rawValue: UInt16

    /// Puts of 16 bits about acknowledgement of alarms.
    static let putAcknowledgeTransient = DBRType(rawValue: 35)
    static let putAcknowledgeSeverity = DBRType(rawValue: 36)
    /// Status, severity and the two acknowledgement values, then a string.
    static let acknowledgeString = DBRType(rawValue: 37)
    /// The record type as a string; without time or alarm.
    static let className = DBRType(rawValue: 38)

    init(rawValue: UInt16) { self.rawValue = rawValue }

    /// The type of an element with what travels in front of it.
    init(_ class: DBRClass, _ native: NativeType) {
        rawValue = UInt16(`class`.rawValue) * 7 + UInt16(native.rawValue)
    }

    /// Whether there is such a type.
    var isKnown: Bool { rawValue <= 38 }

    /// The type of one element; the four special types hold a string or 16 bits.
    var native: NativeType {
        if rawValue < 35 { return NativeType(rawValue: UInt8(rawValue % 7)) ?? .double }
        return rawValue < 37 ? .short : .string
    }

    /// What travels in front of the value; `nil` for the four special types and those that do not exist.
    var `class`: DBRClass? { rawValue < 35 ? DBRClass(rawValue: UInt8(rawValue / 7)) : nil }

    /// Offset of the first element in the payload.
    ///
    /// Source: the layouts of `db_access.h` of EPICS base.
    var valueOffset: Int { isKnown ? Int(Self.offsets[Int(rawValue)]) : 0 }

    /// Bytes of so many elements with what is in front of them, without the padding; 64 bits hold any 32-bit count.
    func size(count: Int) -> Int { valueOffset + count * native.size }

    private static let offsets: [UInt16] = [
        0, 0, 0, 0, 0, 0, 0,
        4, 4, 4, 4, 5, 4, 8,
        12, 14, 12, 14, 15, 12, 16,
        4, 24, 40, 422, 19, 36, 64,
        4, 28, 48, 422, 21, 44, 80,
        0, 0, 8, 0,
    ]
}
