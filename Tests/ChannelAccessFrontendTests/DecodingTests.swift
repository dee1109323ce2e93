// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Testing

@testable import ChannelAccessFrontend

/// What clients send, as the kernel's parameters take it.
@Suite("Values that clients send")
struct DecodingTests {
    private static func decode(
        _ declared: ValueType, _ type: UInt16, _ payload: [UInt8], count: Int = 1, choices: [String] = [],
        wanted: FrontendType? = nil
    ) -> Result<DataValue, PutRefusal> {
        var metadata = ParameterMetadata("", type: declared)
        metadata.choices = choices
        let shape = NativeShape(metadata, type: wanted, length: 1)
        let decoder = PayloadDecoder(shape: shape, type: declared)
        do throws(PutRefusal) {
            return .success(try decoder.value(DBRType(rawValue: type), count: count, payload: payload.span))
        } catch {
            return .failure(error)
        }
    }

    private static func text(_ text: String) -> [UInt8] { Array(text.utf8) + [0] }

    @Test("texts to numbers, as caput sends them") func texts() {
        #expect(Self.decode(.number(.float64), 0, Self.text("12.5")) == .success(.float(12.5)))
        #expect(Self.decode(.number(.float64), 0, Self.text(" 7e1xyz")) == .success(.float(70)))
        #expect(Self.decode(.number(.int32), 0, Self.text("0x1F")) == .success(.integer(31)))
        #expect(Self.decode(.number(.int32), 0, Self.text("12.7")) == .success(.integer(12)))
        #expect(Self.status(Self.decode(.number(.float64), 0, Self.text("abc"))) == .putFailed)
        #expect(Self.status(Self.decode(.number(.int32), 0, Self.text("3000000000"))) == .putFailed)
        #expect(Self.decode(.number(.int64), 0, Self.text("3000000000")) == .success(.integer(3_000_000_000)))
    }

    @Test("numbers to numbers") func numbers() {
        #expect(Self.decode(.number(.int32), 6, 3.9.octets) == .success(.integer(3)))
        #expect(Self.decode(.number(.int32), 6, (-3.9).octets) == .success(.integer(-3)))
        #expect(Self.decode(.number(.int32), 6, 1e12.octets) == .success(.integer(2_147_483_647)))
        #expect(Self.decode(.number(.int16), 5, octets("00011170")) == .success(.integer(0x1170)))
        #expect(Self.decode(.number(.uint64), 6, 1e19.octets) == .success(.unsigned(10_000_000_000_000_000_000)))
        #expect(Self.decode(.number(.uint32), 6, (-5.0).octets) == .success(.integer(0)))
        #expect(Self.decode(.number(.float64), 5, octets("fffffffe")) == .success(.float(-2)))
        #expect(Self.status(Self.decode(.number(.float64), 6, Double.nan.octets)) == .putFailed)
    }

    @Test("states by label, by number and by the text of a number") func states() {
        let choices = ["Ext Trig", "Int Trig", "7"]
        func put(_ type: UInt16, _ payload: [UInt8]) -> Result<DataValue, PutRefusal> {
            Self.decode(.enumeration, type, payload, choices: choices)
        }
        #expect(put(0, Self.text("Int Trig")) == .success(.string("Int Trig")))
        #expect(put(0, Self.text("1")) == .success(.string("Int Trig")))
        #expect(put(0, Self.text("7")) == .success(.string("7")))
        #expect(put(3, [0, 2]) == .success(.string("7")))
        #expect(put(6, 1.0.octets) == .success(.string("Int Trig")))
        #expect(put(6, 0.9.octets) == .success(.string("Ext Trig")))
        for bad in [Self.text("int trig"), Self.text("3"), Self.text(""), Self.text("-1")] {
            #expect(Self.status(put(0, bad)) == .putFailed)
        }
        #expect(Self.status(put(3, [0, 3])) == .putFailed)
        #expect(Self.status(put(6, (-1.0).octets)) == .putFailed)
        #expect(Self.decode(.bool, 0, Self.text("On")) == .success(.bool(true)))
        #expect(Self.decode(.bool, 3, [0, 0]) == .success(.bool(false)))
    }

    @Test("texts to texts: 39 bytes, up to the NUL") func strings() {
        let long = [UInt8](repeating: UInt8(ascii: "a"), count: 40)
        #expect(Self.decode(.string(capacity: 0), 0, long) == .success(.string(String(repeating: "a", count: 39))))
        #expect(Self.decode(.string(capacity: 0), 0, Self.text("ab") + [99]) == .success(.string("ab")))
        #expect(Self.decode(.string(capacity: 0), 6, 3.14159265.octets) == .success(.string("3.141593")))
        #expect(Self.status(Self.decode(.string(capacity: 0), 0, [0xFF, 0xFE, 0])) == .putFailed)
    }

    @Test("long texts as characters, with and without NUL, and as a short text") func longTexts() {
        func put(_ type: UInt16, _ payload: [UInt8], count: Int) -> Result<DataValue, PutRefusal> {
            Self.decode(.string(capacity: 0), type, payload, count: count, wanted: .characters(8))
        }
        #expect(put(4, Self.text("abc"), count: 4) == .success(.string("abc")))
        #expect(put(4, Array("abc".utf8), count: 3) == .success(.string("abc")))
        #expect(put(4, [], count: 0) == .success(.string("")))
        #expect(put(4, Array("abcdefghijkl".utf8), count: 12) == .success(.string("abcdefgh")))
        #expect(put(0, Self.text("xyz"), count: 1) == .success(.string("xyz")))
        #expect(put(5, octets("00000061 00000062 00000000"), count: 3) == .success(.string("ab")))
        #expect(Self.status(put(5, octets("00000161"), count: 1)) == .putFailed)
        #expect(Self.status(put(6, 1.0.octets, count: 1)) == .putFailed)
    }

    @Test("arrays of all, some and no elements; too many are cut") func arrays() {
        let type = ValueType.array(.float64, capacity: [4])
        #expect(
            Self.decode(type, 6, 1.0.octets + 2.0.octets, count: 2) == .success(.array(ArrayValue([1.0, 2.0]))))
        #expect(Self.decode(type, 6, [], count: 0) == .success(.array(ArrayValue([Double]()))))
        let six = (1...6).flatMap { Double($0).octets }
        #expect(Self.decode(type, 6, six, count: 6) == .success(.array(ArrayValue([1.0, 2, 3, 4]))))
        let texts = Self.padded("1") + Self.padded("2.5")
        #expect(Self.decode(type, 0, texts, count: 2) == .success(.array(ArrayValue([1.0, 2.5]))))
        #expect(Self.status(Self.decode(type, 0, Self.padded("1") + Self.padded("x"), count: 2)) == .putFailed)
        let shorts = ValueType.array(.uint16, capacity: [4])
        #expect(
            Self.decode(shorts, 5, octets("0001fffe 00000005"), count: 2)
                == .success(.array(ArrayValue([UInt16(0xfffe), 5]))))
        let names = Self.padded("one") + Self.padded("two")
        #expect(Self.decode(.strings(capacity: 3), 0, names, count: 2) == .success(.strings(["one", "two"])))
        #expect(Self.decode(.bytes(capacity: 3), 4, [1, 2], count: 2) == .success(.bytes([1, 2])))
    }

    @Test("one value where there is one, no metadata, no class name") func shapes() {
        #expect(Self.status(Self.decode(.number(.float64), 6, [], count: 0)) == .badCount)
        #expect(Self.status(Self.decode(.number(.float64), 6, 1.0.octets + 2.0.octets, count: 2)) == .badCount)
        for type in [7, 14, 20, 34, 37, 38, 39, 65535] as [UInt16] {
            #expect(Self.status(Self.decode(.number(.float64), type, 1.0.octets)) == .badType)
        }
    }

    @Test("a payload shorter than its count is read as far as it goes", arguments: 0..<7)
    func truncated(type: UInt16) {
        for length in 0..<9 {
            for count in [0, 1, 2, 1000, .max / 64] {
                let bytes = [UInt8](repeating: 0x31, count: length)
                let elements = SentElements(
                    NativeType(rawValue: UInt8(type)) ?? .double, count: count, payload: bytes.span)
                #expect(elements.count <= max(length, 1))
                for index in 0..<elements.count {
                    _ = (elements.text(index), elements.whole(index), elements.real(index))
                }
            }
        }
    }

    private static func padded(_ text: String) -> [UInt8] {
        Array(text.utf8) + [UInt8](repeating: 0, count: 40 - text.utf8.count)
    }

    private static func status(_ result: Result<DataValue, PutRefusal>) -> ECAStatus? {
        if case .failure(let refusal) = result { refusal.status } else { nil }
    }
}
