// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
@testable import RPCFrontend
import Testing

@Suite("PYON, hostile texts")
struct PYONHostileTests {
    static let malformedV2 = [
        "", " ", "{", "[", "[1", "[1,", "[1,]", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,}", "{a:1}", "{1:2}", "01",
        "-",
        "1.", ".5", "1e", "+1", "tru", "nul", "Nan", "-Infinit", "\"", "\"\\", "\"\\x41\"", "\"\\u12\"", "\"a\nb\"",
        "1 2",
        "[1]]", "()", "None", "1j", "b''", "\"\u{1}\"",
        #"{"__jsonclass__":1}"#, #"{"__jsonclass__":[]}"#, #"{"__jsonclass__":["tuple"]}"#,
        #"{"__jsonclass__":["tuple",1]}"#, #"{"__jsonclass__":["tuple",[]]}"#, #"{"__jsonclass__":["tuple",[1]]}"#,
        #"{"__jsonclass__":["set",[[[]]]]}"#, #"{"__jsonclass__":["set",[[{}]]]}"#,
        #"{"__jsonclass__":["dict",[[1]]]}"#,
        #"{"__jsonclass__":["dict",[[[1,2,3]]]]}"#, #"{"__jsonclass__":["dict",[[[[],2]]]]}"#,
        #"{"__jsonclass__":["bytes",["A"]]}"#, #"{"__jsonclass__":["bytes",["AA="]]}"#,
        #"{"__jsonclass__":["bytes",[1]]}"#,
        #"{"__jsonclass__":["bytes",["AA==AA=="]]}"#, #"{"__jsonclass__":["complex",[]]}"#,
        #"{"__jsonclass__":["complex",["1"]]}"#, #"{"__jsonclass__":["slice",[]]}"#,
        #"{"__jsonclass__":["Fraction",[1,0]]}"#,
        #"{"__jsonclass__":["Fraction",[1.5,2]]}"#, #"{"__jsonclass__":["nparray",[[2],"<u2","AAA="]]}"#,
        #"{"__jsonclass__":["nparray",[[-1],"<u2",""]]}"#, #"{"__jsonclass__":["nparray",[[1],"|O","AAAAAAAAAAA="]]}"#,
        #"{"__jsonclass__":["nparray",[[9223372036854775807,9223372036854775807],"<u8",""]]}"#,
        #"{"__jsonclass__":["nparray",[[1],"<u3","AAAA"]]}"#, #"{"__jsonclass__":["nparray",[[1],"u2","AAA="]]}"#,
        #"{"__jsonclass__":["nparray",["x","<u2","AAA="]]}"#, #"{"__jsonclass__":["npscalar",["<f4","AAA="]]}"#,
        #"{"__jsonclass__":["npscalar",["<f4"]]}"#, #"{"__jsonclass__":["npscalar",["|S0",""]]}"#,
    ]

    @Test("v2: refused with a sentence", arguments: malformedV2)
    func refusesV2(text: String) {
        #expect(throws: WireError.self) { try PYONv2Decoder.decode(Array(text.utf8)) }
    }

    static let malformedV1 = [
        "", "(", "(1", "(1,", "[1", "{1", "{1:", "{1:2", "{1:2, 3}", "{1, 2:3}", "{[]: 1}", "{[]}", "'a", "'a\\",
        "b'é'",
        "'\\q'", "'\\x4'", "'\\U00110000'", "1 2", "1+2", "1j+2", "1+2j+3", "nanj", "infj", "infinity", "nano", "1_000",
        "0x10",
        "007", "1e", "--", "*", "1 if 1 else 2", "x", "().__class__", "[x for x in (1,)]", "__import__('os')",
        "print(1)",
        "lambda: 0", "slice", "slice()", "slice(1,2,3,4)", "slice(a=1)", "nparray((1,), \"<u2\")", "f'x'", "rb'x'",
        "'a' 'b'",
        "true()", "OrderedDict([1])", "Fraction(1, 0)", "set()", "dict()", "bytes()", "{**{}}", "(*a,)", "1 < 2",
        "not 1",
        "eval('1')", "nparray.__class__", "a.b", "[1][0]", "\"\\N{DASH}\"",
    ]

    @Test("v1: nothing but values is read", arguments: malformedV1)
    func refusesV1(text: String) {
        #expect(throws: WireError.self) { try PYONv1Decoder.decode(Array(text.utf8)) }
    }

    @Test("every truncation of a long text is refused")
    func refusesTruncations() throws {
        let value = DataValue.tuple([
            .dictionary([.init(.string("a\n"), .list([.float(0.5), .null]))]), .array(PYONGoldenTests.image),
            .bytes([1, 2, 3]), .set([.integer(1)]), .complex(real: 1, imaginary: 2),
        ])
        let v1 = Array(try text(value, .v1).utf8)
        let v2 = Array(try text(value, .v2).utf8)
        for length in 0..<v1.count {
            #expect(throws: WireError.self) { try PYONv1Decoder.decode(Array(v1.prefix(length))) }
        }
        for length in 0..<v2.count {
            #expect(throws: WireError.self) { try PYONv2Decoder.decode(Array(v2.prefix(length))) }
        }
    }

    @Test("deep nesting is refused, not followed", arguments: ["[", "(", "{1:", "{", #"{"a":"#, "nparray(", "-", "[{"])
    func refusesDepth(opening: String) {
        let text = Array(String(repeating: opening, count: 200_000).utf8)
        #expect(throws: WireError.self) { try PYONv1Decoder.decode(text) }
        #expect(throws: WireError.self) { try PYONv2Decoder.decode(text) }
    }

    @Test("too many values are refused")
    func refusesAbundance() {
        let limits = PYONLimits(values: 1000)
        let text = Array(("[" + String(repeating: "1,", count: 1000) + "1]").utf8)
        #expect(throws: WireError.self) { try PYONv1Decoder.decode(text, limits: limits) }
        #expect(throws: WireError.self) { try PYONv2Decoder.decode(text, limits: limits) }
    }

    @Test("bytes that are not UTF-8 are refused in a text")
    func refusesNotUTF8() {
        #expect(throws: WireError.self) { try PYONv2Decoder.decode([34, 0xC3, 34]) }
        #expect(throws: WireError.self) { try PYONv1Decoder.decode([34, 0xFF, 34]) }
    }

    @Test("a dictionary of very many keys, each given twice, takes the last values")
    func manyKeys() throws {
        let members = (0..<20_000).map { "\"k\($0 % 10_000)\":\($0)" }.joined(separator: ",")
        guard case .dictionary(let entries) = try PYONv2Decoder.decode(Array("{\(members)}".utf8)) else {
            Issue.record("no dictionary")
            return
        }
        #expect(entries.count == 10_000)
        #expect(entries.first?.value == .integer(10_000))
    }

    @Test("a value that the wire cannot say is refused")
    func refusesToEncode() {
        let tagged = DataValue.dictionary([.init(.string("__jsonclass__"), .null)])
        #expect(throws: WireError.self) { try text(tagged, .v2) }
        #expect(throws: WireError.self) { try text(.extended(.opaque(tag: "os.system('x') #", .null)), .v1) }
    }
}
