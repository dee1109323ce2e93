// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Testing

@testable import ChannelAccessFrontend

/// Payloads against the tables of the protocol's specification.
@Suite("Payloads")
struct PayloadTests {
    /// Size with one element, offset of the value, size of an element, by type.
    static let table: [(Int, Int, Int)] = [
        (40, 0, 40), (2, 0, 2), (4, 0, 4), (2, 0, 2), (1, 0, 1), (4, 0, 4), (8, 0, 8),
        (44, 4, 40), (6, 4, 2), (8, 4, 4), (6, 4, 2), (6, 5, 1), (8, 4, 4), (16, 8, 8),
        (52, 12, 40), (16, 14, 2), (16, 12, 4), (16, 14, 2), (16, 15, 1), (16, 12, 4), (24, 16, 8),
        (44, 4, 40), (26, 24, 2), (44, 40, 4), (424, 422, 2), (20, 19, 1), (40, 36, 4), (72, 64, 8),
        (44, 4, 40), (30, 28, 2), (52, 48, 4), (424, 422, 2), (22, 21, 1), (48, 44, 4), (88, 80, 8),
        (2, 0, 2), (2, 0, 2), (48, 8, 40), (40, 0, 40),
    ]

    static let time = Timestamp(nanoseconds: (0x4562_45ef + 631_152_000) * 1_000_000_000 + 0x2610_835c)

    static let block = MetadataBlock(
        unit: "mm", precision: 3,
        limits: MetadataBlock.Limits(
            upperDisplay: 50, lowerDisplay: -50, upperAlarm: 90, upperWarning: 80, lowerWarning: -80, lowerAlarm: -90,
            upperControl: 100, lowerControl: -100), recordType: "ao")

    static func encoder(
        _ native: NativeType, count: Int = 1, longString: Bool = false, _ block: MetadataBlock = Self.block
    ) -> ValueEncoder {
        ValueEncoder(
            native: native, nativeCount: count, isLongString: longString, block: block, arrays: EncodedArrays())
    }

    /// The payload of a value, `nil` with the status when there is none.
    static func payload(
        _ value: DataValue, _ encoder: ValueEncoder, _ type: UInt16, count: Int = 0, alarm: Alarm = .none,
        limit: Int = 1 << 30
    ) -> (bytes: [UInt8], encoding: Encoding) {
        let buffer = WireBuffer()
        let sample = Sample(value, timestamp: time, alarm: alarm)
        let encoding = encoder.encode(
            sample, as: DBRType(rawValue: type), count: count, limit: limit, into: buffer)
        return (WireBufferTests.bytes(of: buffer), encoding)
    }

    // MARK: - Layout

    @Test("every type that can be read has the size and the place of its value", arguments: 0..<39)
    func layout(type: Int) {
        let (size, offset, element) = Self.table[type]
        let known = DBRType(rawValue: UInt16(type))
        #expect(known.valueOffset == offset)
        #expect(known.native.size == element)
        #expect(known.size(count: 1) == size)
        let (bytes, encoding) = Self.payload(.float(65), Self.encoder(.double), UInt16(type), count: 1)
        if type == 35 || type == 36 {
            #expect(encoding == Encoding(failure: .getFailed))
            #expect(bytes.isEmpty)
        } else {
            #expect(encoding == Encoding(count: 1))
            #expect(bytes.count == size)
        }
    }

    @Test("elements beyond the value are zeros, in every type", arguments: 0..<35)
    func zeros(type: Int) {
        let (_, offset, element) = Self.table[type]
        let value = DataValue.array(ArrayValue([1.0, 2.0]))
        let (bytes, encoding) = Self.payload(value, Self.encoder(.double, count: 4), UInt16(type), count: 7)
        #expect(encoding.count == 7)
        #expect(bytes.count == offset + 7 * element)
        #expect(bytes.suffix(5 * element).allSatisfy { $0 == 0 })
        #expect(bytes.dropFirst(offset).prefix(2 * element).contains { $0 != 0 })
        let (short, now) = Self.payload(value, Self.encoder(.double, count: 4), UInt16(type))
        #expect(now.count == 2)
        #expect(short == Array(bytes.prefix(offset + 2 * element)))
    }

    @Test("an empty array has its front and nothing else", arguments: 0..<35)
    func empty(type: Int) {
        let value = DataValue.array(ArrayValue([Double]()))
        let (bytes, encoding) = Self.payload(value, Self.encoder(.double, count: 4), UInt16(type))
        #expect(encoding == Encoding(count: 0))
        #expect(bytes.count == Self.table[type].1)
    }

    @Test("metadata of a number as the specification's example has it") func control() {
        let expected = """
            0000 0000 0003 0000 6d6d000000000000 4049000000000000 c049000000000000 4056800000000000 4054000000000000
            c054000000000000 c056800000000000 4059000000000000 c059000000000000 3ff8000000000000
            """
        #expect(Self.payload(.float(1.5), Self.encoder(.double), 34).bytes == octets(expected))
    }

    @Test("time and alarm stand in front") func timed() {
        let (bytes, _) = Self.payload(.float(1.5), Self.encoder(.double), 20)
        #expect(bytes == octets("0000 0000 456245ef 2610835c 00000000 3ff8000000000000"))
        let alarm = Alarm(.minor, .high, "85 is above 80")
        let (loud, _) = Self.payload(.float(85), Self.encoder(.double), 20, alarm: alarm)
        #expect(Array(loud.prefix(4)) == octets("0004 0001"))
    }

    @Test("a time that was never is zero, and so is one before 1990") func never() {
        #expect(EPICSTime(.never).seconds == 0)
        #expect(EPICSTime(Timestamp(nanoseconds: 1)).seconds == 0)
        #expect(EPICSTime(Timestamp(nanoseconds: 631_152_001_500_000_000)).seconds == 1)
        #expect(EPICSTime(Timestamp(nanoseconds: 631_152_001_500_000_000)).nanoseconds == 500_000_000)
    }

    @Test("limits that do not fit a type stop at its ends; missing ones are not a number, or zero") func limits() {
        let far = MetadataBlock(
            unit: "µm/second", limits: MetadataBlock.Limits(upperDisplay: 1e9, lowerDisplay: -1e9))
        let (bytes, _) = Self.payload(.integer(7), Self.encoder(.long, far), 25)
        // The unit is cut at the end of a character so that a NUL fits.
        #expect(Array(bytes[4..<12]) == Array("µm/sec".utf8) + [0])
        #expect(Array(bytes[12...]) == octets("ff 00 00 00 00 00 00 07"))
        let (double, _) = Self.payload(.integer(7), Self.encoder(.long, far), 27)
        #expect(Array(double[2..<8]) == [0, 0, 0, 0, 0, 0])
        #expect(Array(double[32..<34]) == [0x7f, 0xf8])
    }

    @Test("an enumeration has its labels, whatever is asked for") func states() {
        let block = MetadataBlock(labels: ["Off", String(repeating: "x", count: 40)], recordType: "bo")
        let encoder = Self.encoder(.enum, block)
        let (bytes, _) = Self.payload(.bool(true), encoder, 24)
        #expect(bytes.count == 424)
        #expect(Array(bytes[4..<6]) == [0, 2])
        #expect(Array(bytes[6..<10]) == Array("Off".utf8) + [0])
        #expect(Array(bytes[32..<58]) == [UInt8](repeating: UInt8(ascii: "x"), count: 25) + [0])
        #expect(Array(bytes[58..<422]).allSatisfy { $0 == 0 })
        #expect(Array(bytes[422...]) == [0, 1])
        #expect(Self.payload(.bool(true), Self.encoder(.double), 24).bytes[5] == 0)
        #expect(Self.payload(.string("Off"), encoder, 5).bytes == [0, 0, 0, 0])
        #expect(Self.payload(.string("lost"), encoder, 3).bytes == [0, 2])
        #expect(Array(Self.payload(.string("lost"), encoder, 0).bytes.prefix(5)) == Array("lost".utf8) + [0])
    }

    // MARK: - Conversions

    @Test("texts as numbers, or not at all") func texts() {
        let encoder = Self.encoder(.string)
        #expect(Self.payload(.string("12.5"), encoder, 6).bytes == 12.5.octets)
        #expect(Self.payload(.string("12"), encoder, 5).bytes == [0, 0, 0, 12])
        let failed = Self.payload(.string("abc"), encoder, 20)
        #expect(failed.bytes.isEmpty)
        #expect(failed.encoding == Encoding(failure: .getFailed))
        #expect(Self.payload(.string("1"), encoder, 3).encoding.status == .getFailed)
    }

    @Test("a text is cut at the end of a character so that a NUL fits") func longText() {
        let text = String(repeating: "é", count: 30)
        let (bytes, _) = Self.payload(.string(text), Self.encoder(.string), 0)
        #expect(bytes.count == 40)
        #expect(String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) == String(repeating: "é", count: 19))
    }

    @Test("numbers as other numbers") func numbers() {
        #expect(Self.payload(.float(3.9), Self.encoder(.double), 1).bytes == [0, 3])
        #expect(Self.payload(.float(1e12), Self.encoder(.double), 5).bytes == octets("7fffffff"))
        #expect(Self.payload(.integer(70_000), Self.encoder(.long), 1).bytes == octets("1170"))
        #expect(Self.payload(.integer(-1), Self.encoder(.long), 4).bytes == octets("ff"))
        #expect(Self.payload(.integer(5_000_000_000), Self.encoder(.double), 6).bytes == 5e9.octets)
        #expect(Self.payload(.unsigned(.max), Self.encoder(.double), 6).bytes == 0x1p64.octets)
        let text = Self.payload(.integer(5_000_000_000), Self.encoder(.double), 0).bytes
        #expect(text.prefix(10) == Array("5000000000".utf8)[...])
        #expect(
            Array(Self.payload(.float(1.23456), Self.encoder(.double), 0).bytes.prefix(6)) == Array("1.235".utf8) + [0])
    }

    @Test("characters with zeros behind, as many as asked") func characters() {
        let value = DataValue.array(ArrayValue([UInt8](1...3)))
        #expect(Self.payload(value, Self.encoder(.char, count: 8), 4, count: 5).bytes == [1, 2, 3, 0, 0])
        let text = Self.payload(.string("ab"), Self.encoder(.char, count: 256, longString: true), 4)
        #expect(text.bytes == Array("ab".utf8) + [0])
        #expect(text.encoding.count == 3)
        #expect(Self.payload(.string(""), Self.encoder(.char, count: 256, longString: true), 4).bytes == [0])
    }

    @Test("arrays of every element type in every native type", arguments: ElementType.allCases)
    func arrays(element: ElementType) throws {
        let array = try #require(Self.array(element, [0, 1, 100]))
        for target in 0..<7 {
            let native = NativeShape(Self.declared(element), type: nil, length: 3)
            let (bytes, encoding) = Self.payload(
                .array(array), Self.encoder(native.type, count: 8), UInt16(target))
            #expect(encoding.count == 3)
            let sent = SentElements(
                NativeType(rawValue: UInt8(target)) ?? .double, count: 3, payload: bytes.span)
            let last: Double = element == .bool ? 1 : 100
            #expect(sent.real(0) == 0)
            #expect(sent.real(1) == 1)
            #expect(sent.real(2) == last)
        }
    }

    private static func declared(_ element: ElementType) -> ParameterMetadata {
        ParameterMetadata("", type: .array(element, capacity: [8]))
    }

    private static func array(_ element: ElementType, _ values: [Int]) -> ArrayValue? {
        switch element {
        case .bool: ArrayValue(values.map { $0 != 0 })
        case .int8: ArrayValue(values.map { Int8($0) })
        case .int16: ArrayValue(values.map { Int16($0) })
        case .int32: ArrayValue(values.map { Int32($0) })
        case .int64: ArrayValue(values.map { Int64($0) })
        case .uint8: ArrayValue(values.map { UInt8($0) })
        case .uint16: ArrayValue(values.map { UInt16($0) })
        case .uint32: ArrayValue(values.map { UInt32($0) })
        case .uint64: ArrayValue(values.map { UInt64($0) })
        case .float32: ArrayValue(values.map { Float($0) })
        case .float64: ArrayValue(values.map { Double($0) })
        @unknown default: nil
        }
    }

    @Test("a large array goes out as it would in small pieces") func large() {
        let values = (0..<20_000).map { UInt16(truncatingIfNeeded: $0 &* 7) }
        let encoder = Self.encoder(.long, count: 20_000)
        let value = DataValue.array(ArrayValue(values))
        let once = Self.payload(value, encoder, 5).bytes
        #expect(once == values.flatMap { [0, 0, UInt8($0 >> 8), UInt8($0 & 0xFF)] })
        #expect(Self.payload(value, encoder, 5).bytes == once)
        #expect(Self.payload(value, encoder, 19).bytes.dropFirst(12) == once[...])
        #expect(Self.payload(value, encoder, 5, limit: 79_999).encoding.status == .tooLarge)
        #expect(Self.payload(value, encoder, 5, limit: 79_999).bytes.isEmpty)
    }

    @Test("the record type is a text") func className() {
        let (bytes, _) = Self.payload(.float(1), Self.encoder(.double), 38)
        #expect(bytes == Array("ao".utf8) + [UInt8](repeating: 0, count: 38))
    }
}
