// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Testing

@Suite("JSON")
struct JSONTests {
    static let sample =
        #"{"value":8041.000000000,"n":2,"big":18446744073709551615,"t":"a\"\\\u00e9\ud83d\ude00\n","l":[true,false,null,-1.5e3]}"#

    @Test("integers and floats stay apart and members keep their order")
    func parses() throws {
        let value = try JSON(parsing: Self.sample)
        #expect(value["value"] == .number(8041))
        #expect(value["n"] == .integer(2))
        #expect(value["big"] == .unsigned(.max))
        #expect(value["t"]?.string == "a\"\\é😀\n")
        #expect(value["l"] == .array([.bool(true), .bool(false), .null, .number(-1500)]))
        #expect(value.members?.map(\.0) == ["value", "n", "big", "t", "l"])
        #expect(try JSON(parsing: value.text) == value)
        #expect(try JSON(parsing: value.prettyText) == value)
    }

    @Test("no truncation of a good text is accepted")
    func refusesTruncations() {
        let bytes = Array(Self.sample.utf8)
        for length in 0..<bytes.count {
            #expect(throws: WireError.self) { try JSON(parsing: Array(bytes.prefix(length))) }
        }
    }

    @Test(
        "faults are refused with their place",
        arguments: [
            "", "tru", "01", "1.", "1e", "-", "[1,]", "{\"a\"}", "{\"a\":1,}", "\"\\x\"", "\"\\ud800\"", "nul", "1 2",
            "\"\u{1}\"",
            "1e999", "[", "{\"a\":", "\"\\u12G4\"",
        ])
    func refuses(text: String) {
        #expect(throws: WireError.self) { try JSON(parsing: text) }
    }

    @Test("nesting and size are limited")
    func limits() {
        let deep = String(repeating: "[", count: 100_000)
        #expect(throws: WireError.self) { try JSON(parsing: deep) }
        let wide = "[" + String(repeating: "0,", count: 1000) + "0]"
        #expect(throws: WireError.self) { try JSON(parsing: wide, limits: JSON.Limits(depth: 3, values: 100)) }
        #expect(throws: WireError.self) { try JSON(parsing: [UInt8(ascii: "\""), 0xFF, UInt8(ascii: "\"")]) }
    }

    @Test("mutations of a good text never crash")
    func mutations() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            var bytes = Array(Self.sample.utf8)
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            _ = try? JSON(parsing: bytes)
        }
    }

    @Test("numbers that JSON cannot say become null")
    func notFinite() {
        #expect(JSON.number(.nan).text == "null")
        #expect(JSON.array([.number(.infinity), .number(0.1)]).text == "[null,0.1]")
    }
}
