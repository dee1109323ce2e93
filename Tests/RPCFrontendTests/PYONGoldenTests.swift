// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
@testable import RPCFrontend
import Testing

/// Values and how sipyco 1.10 writes them.
@Suite("PYON, golden vectors")
struct PYONGoldenTests {
    /// A value and its text.
    struct Vector: Sendable, CustomTestStringConvertible {
        var value: DataValue
        var text: String
        var testDescription: String { text }
        init(_ value: DataValue, _ text: String) {
            self.value = value
            self.text = text
        }
    }

    static let image = filled(.uint16, shape: [2, 3], bytes: [0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0])

    static let common: [Vector] = [
        Vector(.null, "null"), Vector(.bool(true), "true"), Vector(.bool(false), "false"),
        Vector(.integer(0), "0"), Vector(.integer(-5), "-5"), Vector(.integer(9), "9"), Vector(.integer(10), "10"),
        Vector(.integer(40_960), "40960"), Vector(.integer(99_999), "99999"), Vector(.integer(100_000), "100000"),
        Vector(.float(3), "3.0"), Vector(.float(-1200), "-1200.0"), Vector(.float(123_456), "123456.0"),
        Vector(.float(999_999_999_999_999), "999999999999999.0"), Vector(.float(1e14), "100000000000000.0"),
        Vector(.bigInteger("1180591620717411303424"), "1180591620717411303424"),
        Vector(.unsigned(.max), "18446744073709551615"), Vector(.integer(.min), "-9223372036854775808"),
        Vector(.float(1), "1.0"), Vector(.float(0.1), "0.1"), Vector(.float(1e16), "1e+16"),
        Vector(.float(1e-5), "1e-05"), Vector(.float(-0.0), "-0.0"), Vector(.float(.leastNonzeroMagnitude), "5e-324"),
        Vector(.string(""), #""""#),
        Vector(.string("a\"b\\c\n\r\t\u{8}\u{C}/"), #""a\"b\\c\n\r\t\b\f/""#),
        Vector(.string("é\u{7F}\u{0}"), #""\u00e9\u007f\u0000""#),
    ]

    static let v2: [Vector] = [
        Vector(.float(.nan), "NaN"), Vector(.float(.infinity), "Infinity"), Vector(.float(-.infinity), "-Infinity"),
        Vector(.complex(real: 1, imaginary: -9), #"{"__jsonclass__":["complex",[1.0,-9.0]]}"#),
        Vector(.string("😀"), #""\ud83d\ude00""#),
        Vector(.bytes([0, 255, 39, 34]), #"{"__jsonclass__":["bytes",["AP8nIg=="]]}"#),
        Vector(.tuple([]), #"{"__jsonclass__":["tuple",[[]]]}"#),
        Vector(.tuple([.integer(1), .integer(2)]), #"{"__jsonclass__":["tuple",[[1,2]]]}"#),
        Vector(.list([.integer(1), .list([.integer(2)])]), "[1,[2]]"),
        Vector(.set([.integer(1)]), #"{"__jsonclass__":["set",[[1]]]}"#),
        Vector(
            .dictionary([.init(.string("a"), .integer(1)), .init(.string("b"), .list([.integer(1)]))]),
            #"{"a":1,"b":[1]}"#),
        Vector(.dictionary([]), "{}"),
        Vector(
            .dictionary([.init(.integer(1), .integer(2)), .init(.string("a"), .integer(3))]),
            #"{"__jsonclass__":["dict",[[[1,2],["a",3]]]]}"#),
        Vector(
            .extended(.slice(start: .integer(1), stop: .null, step: .integer(2))),
            #"{"__jsonclass__":["slice",[1,null,2]]}"#),
        Vector(
            .extended(.fraction(numerator: .integer(3), denominator: .integer(4))),
            #"{"__jsonclass__":["Fraction",[3,4]]}"#),
        Vector(.array(image), #"{"__jsonclass__":["nparray",[[2,3],"<u2","AAABAAIAAwAEAAUA"]]}"#),
        Vector(
            .array(filled(.float64, shape: [0, 3], bytes: [])), #"{"__jsonclass__":["nparray",[[0,3],"<f8",""]]}"#),
        Vector(
            .array(filled(.uint8, shape: [], bytes: [7])), #"{"__jsonclass__":["nparray",[[],"|u1","Bw=="]]}"#),
        Vector(
            .extended(.scalar(.float32, .float(1.5))), #"{"__jsonclass__":["npscalar",["<f4","AADAPw=="]]}"#),
        Vector(.extended(.scalar(.int16, .integer(-2))), #"{"__jsonclass__":["npscalar",["<i2","/v8="]]}"#),
        Vector(
            .extended(.opaque(tag: "Matrix", .list([.integer(1), .string("x")]))),
            #"{"__jsonclass__":["Matrix",[1,"x"]]}"#),
        Vector(
            .extended(
                .opaque(
                    tag: "nparray", .list([.list([.integer(1)]), .string("<c8"), .bytes([0, 0, 128, 63, 0, 0, 0, 0])]))),
            #"{"__jsonclass__":["nparray",[[1],"<c8","AACAPwAAAAA="]]}"#),
        Vector(
            .extended(.opaque(tag: "npscalar", .list([.string("<m8[s]"), .bytes([5, 0, 0, 0, 0, 0, 0, 0])]))),
            #"{"__jsonclass__":["npscalar",["<m8[s]","BQAAAAAAAAA="]]}"#),
    ]

    static let v1: [Vector] = [
        Vector(.float(.infinity), "inf"), Vector(.float(-.infinity), "-inf"), Vector(.float(.nan), "nan"),
        Vector(.complex(real: 1, imaginary: -9), "(1.0-9.0j)"),
        Vector(.string("😀"), #""\U0001f600""#),
        Vector(.bytes([0, 255, 39, 34]), #"b'\x00\xff\'"'"#), Vector(.bytes([]), "b''"),
        Vector(.bytes([39, 92]), #"b"'\\""#),
        Vector(.tuple([]), "()"), Vector(.tuple([.integer(1)]), "(1, )"),
        Vector(.tuple([.integer(1), .integer(2)]), "(1, 2)"),
        Vector(.list([.integer(1), .list([.integer(2)])]), "[1, [2]]"),
        Vector(.set([.integer(1), .integer(2)]), "{1, 2}"),
        Vector(
            .dictionary([.init(.string("a"), .integer(1)), .init(.integer(2), .integer(3))]), #"{"a": 1, 2: 3}"#),
        Vector(
            .extended(.slice(start: .integer(1), stop: .null, step: .integer(2))), "slice(1, None, 2)"),
        Vector(.extended(.fraction(numerator: .integer(3), denominator: .integer(4))), "Fraction(3, 4)"),
        Vector(.array(image), #"nparray((2, 3), "<u2", b"AAABAAIAAwAEAAUA")"#),
        Vector(.array(ArrayValue([UInt16(0), 1, 2, 3])), #"nparray((4, ), "<u2", b"AAABAAIAAwA=")"#),
        Vector(.array(filled(.uint8, shape: [], bytes: [7])), #"nparray((), "|u1", b"Bw==")"#),
        Vector(.extended(.scalar(.uint16, .integer(5))), #"npscalar("<u2", b"BQA=")"#),
    ]

    @Test("v2: a value is written as sipyco writes it", arguments: common + v2)
    func encodesV2(vector: Vector) throws {
        #expect(try text(vector.value, .v2) == vector.text)
    }

    @Test("v2: what sipyco writes is read", arguments: common + v2)
    func decodesV2(vector: Vector) throws {
        #expect(same(try PYONv2Decoder.decode(Array(vector.text.utf8)), vector.value))
    }

    @Test("v1: a value is written as sipyco reads it", arguments: common + v1)
    func encodesV1(vector: Vector) throws {
        #expect(try text(vector.value, .v1) == vector.text)
    }

    @Test("v1: what sipyco writes is read", arguments: common + v1)
    func decodesV1(vector: Vector) throws {
        #expect(same(try PYONv1Decoder.decode(Array(vector.text.utf8)), vector.value))
    }

    static let otherV2: [Vector] = [
        Vector(.integer(2), #" { "a" : 1 , "__jsonclass__" : ["npscalar", ["|i1", "Ag=="]] , "b" : [ ] } "#),
        Vector(.dictionary([.init(.string("a"), .integer(2))]), #"{"a":1,"a":2}"#),
        Vector(.float(.infinity), "1e400"),
        Vector(.complex(real: 2, imaginary: 0), #"{"__jsonclass__":["complex",[2]]}"#),
        Vector(.extended(.slice(start: .null, stop: .integer(5), step: .null)), #"{"__jsonclass__":["slice",[5]]}"#),
        Vector(
            .dictionary([.init(.string("a"), .integer(1))]), #"{"__jsonclass__":["OrderedDict",[[["a",1]]]]}"#),
        Vector(.array(ArrayValue([UInt16(1)])), #"{"__jsonclass__":["nparray",[[1],">u2","AAE="]]}"#),
        Vector(.bytes([255]), #"{"__jsonclass__":["bytes",[" /w=*="]]}"#),
        Vector(.string("é😀\u{FFFD}"), #""é\ud83d\ude00\ud800""#),
    ]

    @Test("v2: other spellings", arguments: otherV2)
    func decodesOtherV2(vector: Vector) throws {
        let value = try PYONv2Decoder.decode(Array(vector.text.utf8))
        if case .extended(.scalar(_, let number)) = value {
            #expect(number == vector.value)
        } else {
            #expect(same(value, vector.value))
        }
    }

    static let otherV1: [Vector] = [
        Vector(.complex(real: 0, imaginary: 1), "1j"), Vector(.complex(real: 1, imaginary: -9), "1-9j"),
        Vector(.complex(real: 0, imaginary: 2), "(-0+2j)"), Vector(.integer(5), "((5))"), Vector(.integer(-5), "- 5"),
        Vector(.float(0.5), ".5"), Vector(.float(5), "5."), Vector(.dictionary([]), "{}"), Vector(.null, "None"),
        Vector(.string("it's é\u{1}"), #"'it\'s \xe9\1'"#), Vector(.string("x"), "u'x'"),
        Vector(.tuple([.integer(1)]), "(1,)"), Vector(.list([.integer(1)]), "[1, ]"),
        Vector(.set([.integer(1)]), "{1, }"), Vector(.string("😀"), #""\ud83d\ude00""#),
        Vector(.dictionary([.init(.string("b"), .integer(1))]), #"OrderedDict([("b", 1)])"#),
        Vector(.bytes([10, 0]), #"b'\n\x00'"#),
    ]

    @Test("v1: other spellings", arguments: otherV1)
    func decodesOtherV1(vector: Vector) throws {
        #expect(same(try PYONv1Decoder.decode(Array(vector.text.utf8)), vector.value))
    }

    @Test("a large array is taken from its memory and reads the same")
    func largeArray() throws {
        let bytes = (0..<100_001).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let array = DataValue.array(filled(.uint8, shape: [100_001], bytes: bytes))
        for version in [PYONVersion.v1, .v2] {
            var text = PYONText(version)
            try text.append(.tuple([array, .integer(1), array]))
            #expect(text.places.count == 2)
            #expect(text.bytes.count < 500)
            let decoded =
                version == .v1 ? try PYONv1Decoder.decode(text.joined) : try PYONv2Decoder.decode(text.joined)
            #expect(same(decoded, .tuple([array, .integer(1), array])))
        }
    }

    @Test("base64 of every length and of every byte", arguments: 0..<200)
    func base64(length: Int) {
        let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 97 &+ length) }
        var text: [UInt8] = []
        Base64.append(bytes, to: &text)
        #expect(text.count == Base64.count(length))
        #expect(Base64.decode(text) == bytes)
    }
}

/// The text of a value.
func text(_ value: DataValue, _ version: PYONVersion) throws -> String {
    var text = PYONText(version)
    try text.append(value)
    return String(decoding: text.joined, as: UTF8.self)
}

/// Equal, with NaN equal to itself and arrays equal by content.
func same(_ left: DataValue, _ right: DataValue) -> Bool {
    switch (left, right) {
    case (.float(let a), .float(let b)): a == b && a.sign == b.sign || a.isNaN && b.isNaN
    case (.array(let a), .array(let b)): a.shape == b.shape && a.elementType == b.elementType && a.bytes == b.bytes
    case (.tuple(let a), .tuple(let b)), (.list(let a), .list(let b)), (.set(let a), .set(let b)):
        a.count == b.count && zip(a, b).allSatisfy(same)
    case (.dictionary(let a), .dictionary(let b)):
        a.count == b.count && zip(a, b).allSatisfy { same($0.key, $1.key) && same($0.value, $1.value) }
    default: left == right
    }
}

/// An array of those bytes; an empty one where shape and bytes do not fit, which no test expects.
func filled(_ type: ElementType, shape: [Int], bytes: [UInt8]) -> ArrayValue {
    ArrayValue(type, shape: shape, bytes: bytes) ?? ArrayValue([UInt8]())
}
