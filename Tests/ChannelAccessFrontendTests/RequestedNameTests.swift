// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Testing

@testable import ChannelAccessFrontend

@Suite("Names that clients ask for")
struct RequestedNameTests {
    private static func parse(_ name: String) -> RequestedName? { RequestedName(name.utf8) }

    @Test("record, field, text, part and filters are told apart") func parts() throws {
        #expect(Self.parse("X")?.isPlain == true)
        #expect(Self.parse("X.")?.isPlain == true)
        #expect(Self.parse("X.VAL")?.isPlain == true)
        let field = try #require(Self.parse("A:b-c_d.HOPR"))
        #expect(field.record == "A:b-c_d")
        #expect(field.field == "HOPR")
        #expect(Self.parse("X.DESC$")?.isLongString == true)
        #expect(Self.parse("X.$")?.isLongString == true)
        #expect(Self.parse("X.[1:3]")?.subarray == Subarray(start: 1, increment: 1, end: 3))
        let all = try #require(Self.parse("X.VAL$[2]{\"dec\":{n:3}}"))
        #expect(all.field == "VAL")
        #expect(all.isLongString)
        #expect(all.subarray == Subarray(start: 2, increment: 1, end: 2))
        #expect(all.filters.map { Array($0) } == Array("{\"dec\":{n:3}}".utf8))
    }

    @Test("modifiers without the dot belong to the record, and there is none", arguments: ["X$", "X[1]", "X{}"])
    func withoutDot(name: String) {
        #expect(Self.parse(name)?.record == name)
    }

    @Test(
        "what does not follow the grammar is no name",
        arguments: [
            "", ".", ".VAL", "X.val", "X.1VAL", "X.VAL ", "X.VAL$$", "X.[", "X.[]", "X.[a]", "X.[1:2:3:4]", "X.[1:0:2]",
            "X.[1:-1:2]", "X.[1]x", "X.[99999999999]", "X.VAL.EGU", "X.$VAL", "X.]", "X.}", "X.-",
        ])
    func refused(name: String) {
        #expect(Self.parse(name) == nil)
    }

    @Test("bytes that are no text and names without end are none") func hostile() {
        #expect(RequestedName([0xFF, 0xFE]) == nil)
        #expect(RequestedName([UInt8](repeating: 65, count: 3000)) == nil)
        #expect(RequestedName([65, 46] + [UInt8](repeating: UInt8(ascii: "{"), count: 2000)) != nil)
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            let alphabet = Array("X.VAL$[]:{}-01\"',dbn\u{0}é".utf8)
            let name = (0..<Int.random(in: 0..<24, using: &generator)).map { _ in
                alphabet.randomElement(using: &generator) ?? 0
            }
            guard let requested = RequestedName(name) else { continue }
            #expect(!requested.record.isEmpty)
            if let text = requested.filters { _ = try? JSON5Parser.parse(text) }
        }
    }

    @Test(
        "parts of arrays are those of an IOC",
        arguments: [
            ("1:3", 16, 1, 1, 3), (":", 16, 0, 1, 16), ("-2:-1", 16, 14, 1, 2), ("0:2:", 16, 0, 2, 8),
            ("5", 16, 5, 1, 1),
            ("-1", 16, 15, 1, 1), ("5:3", 16, 5, 1, 0), ("0:3:9", 5, 0, 3, 2), ("20:30", 16, 16, 1, 0),
            (":", 0, 0, 1, 0), ("-1", 0, 0, 1, 0), ("0:2147483647", 4, 0, 1, 4), ("-2147483648:1", 4, 0, 1, 2),
        ])
    func selection(text: String, length: Int, first: Int, step: Int, count: Int) throws {
        let part = try #require(Subarray(Array(text.utf8)[...]))
        let selection = part.selection(of: length)
        #expect(selection.step == step)
        #expect(selection.count == count)
        #expect(count == 0 || selection.first == first)
        let array = ArrayValue((0..<length).map { Int16($0) })
        guard case .array(let chosen) = part.applied(to: .array(array)) else {
            Issue.record("no array")
            return
        }
        #expect(
            chosen.elements(as: Int16.self) == (0..<count).map { Int16(first + $0 * step) })
    }
}

@Suite("JSON of channel filters")
struct JSON5Tests {
    private static func parse(_ text: String) -> JSON5? { try? JSON5Parser.parse(Array(text.utf8)[...]) }

    @Test("relaxed forms are read") func relaxed() {
        let expected = JSON5.object([
            .init(name: "a", value: .number(31)), .init(name: "b_1", value: .string("it's")),
            .init(name: "c", value: .array([.number(-0.5), .bool(true), .null])),
        ])
        #expect(Self.parse("{a:0x1F, 'b_1' : \"it's\", \"c\":[-.5,true,null,],}") == expected)
        #expect(Self.parse(" +5. ") == .number(5))
        #expect(Self.parse("1e3") == .number(1000))
        #expect(Self.parse("'a\\'b\\\\'") == .string("a'b\\"))
        #expect(Self.parse("{}") == .object([]))
    }

    @Test(
        "what is no such JSON is refused",
        arguments: [
            "", "{", "}", "{a}", "{a:}", "{a:1", "{a:1,,}", "{,}", "{a:1}x", "[1 2]", "'", "'\\x'", "'\u{1}'", "nul",
            "1x",
            "--1", "+", ".", "0x", "0xFFFFFFFFFFFFFFFFFF", "1e999", "{1:2}", "{a:1,a:2}", "NaN", "Infinity", "{a:b}",
            "e", "1-1",
        ])
    func refused(text: String) {
        #expect(Self.parse(text) == nil)
    }

    @Test("depth, length and number of members are bounded") func bounded() {
        #expect(Self.parse(String(repeating: "[", count: 4) + String(repeating: "]", count: 4)) != nil)
        #expect(Self.parse(String(repeating: "[", count: 5) + String(repeating: "]", count: 5)) == nil)
        #expect(Self.parse(String(repeating: "[", count: 1000)) == nil)
        #expect(Self.parse("[" + String(repeating: "1,", count: 64) + "]") != nil)
        #expect(Self.parse("[" + String(repeating: "1,", count: 65) + "]") == nil)
        #expect(Self.parse("'" + String(repeating: "a", count: 1023) + "'") == nil)
    }

    @Test("no truncation and no change of a byte of a good text does harm") func mutations() {
        let good = Array("{dbnd:{\"abs\":0.5},'arr':{s:1,e:-1},ts:{num:\"dbl\",epoch:'unix'}}".utf8)
        for length in good.indices { #expect((try? JSON5Parser.parse(good[..<length])) == nil) }
        for index in good.indices {
            for byte in [0, 34, 39, 44, 58, 91, 92, 93, 123, 125, 255] as [UInt8] {
                var bad = good
                bad[index] = byte
                _ = try? JSON5Parser.parse(bad[...])
            }
        }
    }
}
