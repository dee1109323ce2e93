// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Testing

@testable import RPCFrontend

/// Requests in the order of sipyco's clients are read by a shorter way, which must mean the same.
@Suite("Requests")
struct RequestTests {
    struct Texts: Sendable {
        let arguments: String
        let named: String
        let values: [DataValue]
        let keywords: [DataValue]
    }

    static let v2: [Texts] = [
        Texts(arguments: "[]", named: "{}", values: [], keywords: []),
        Texts(arguments: #"{"__jsonclass__":["tuple",[[]]]}"#, named: "{}", values: [], keywords: []),
        Texts(
            arguments: #"{"__jsonclass__":["tuple",[[1,2.5,"a\"b"]]]}"#, named: "{}",
            values: [.integer(1), .float(2.5), .string("a\"b")], keywords: []),
        Texts(
            arguments: #"{"__jsonclass__":["tuple",[[[1,{}]]]]}"#, named: #"{"unit":"ms","n":3}"#,
            values: [.list([.integer(1), .dictionary([])])], keywords: [.string("ms"), .integer(3)]),
    ]

    static let v1: [Texts] = [
        Texts(arguments: "()", named: "{}", values: [], keywords: []),
        Texts(arguments: "(1, )", named: "{}", values: [.integer(1)], keywords: []),
        Texts(
            arguments: #"(1, 2.5, "a\"b")"#, named: "{}", values: [.integer(1), .float(2.5), .string("a\"b")],
            keywords: []),
        Texts(
            arguments: "([1, {}], )", named: #"{"unit": "ms", "n": 3}"#,
            values: [.list([.integer(1), .dictionary([])])], keywords: [.string("ms"), .integer(3)]),
    ]

    private func request(_ text: String, _ version: PYONVersion) throws -> RPCRequest {
        try Array(text.utf8).withUnsafeBytes { raw in try unsafe RPCRequest(raw, version) }
    }

    private func expect(_ text: String, _ version: PYONVersion, _ texts: Texts) throws {
        guard case .call(let name, let arguments, let named) = try request(text, version) else {
            Issue.record("no call: \(text)")
            return
        }
        #expect(name == "move_to" && arguments == texts.values && named.map(\.1) == texts.keywords, "\(text)")
    }

    /// - Parameters:
    ///   - colon: What stands between a key and its value.
    ///   - spaced: Other ways than the usual one to begin a request, to go on and to end it.
    private func expectAnyOrder(
        _ texts: Texts, _ version: PYONVersion, colon: String, comma: String,
        spaced: (begin: String, comma: String, end: String)
    ) throws {
        func member(_ key: String, _ value: String) -> String { "\"\(key)\"" + colon + value }
        let (head, name) = (member("action", #""call""#), member("name", #""move_to""#))
        let (values, keywords) = (member("args", texts.arguments), member("kwargs", texts.named))
        for parts in [
            [head, name, values, keywords], [keywords, name, values, head], [head, values, keywords, name],
        ] {
            try expect("{" + parts.joined(separator: comma) + "}", version, texts)
            try expect(spaced.begin + parts.joined(separator: spaced.comma) + spaced.end, version, texts)
        }
    }

    @Test("the keys may stand in any order", arguments: v2)
    func orderV2(texts: Texts) throws {
        try expectAnyOrder(texts, .v2, colon: ":", comma: ",", spaced: (" { ", " , ", " } "))
    }

    @Test("also in PYON v1", arguments: v1)
    func orderV1(texts: Texts) throws {
        try expectAnyOrder(texts, .v1, colon: ": ", comma: ", ", spaced: ("{", " ,", " }"))
    }

    @Test(
        "what follows a request, or is missing in it, makes it none",
        arguments: [
            (#"{"action":"call","name":"a","args":[],"kwargs":{}}x"#, PYONVersion.v2),
            (#"{"action":"call","name":"a","args":[],"kwargs":{}"#, .v2),
            (#"{"action":"call","name":"a","args":[],"kwargs":{}}}"#, .v2),
            (#"{"action":"call","name":"a","args":[],"kwargs":"#, .v2), (#"{"action":"call","name":"a","args":"#, .v2),
            (#"{"action":"call","name":"a","args":[]}"#, .v2), (#"{"action":"call","name":"a"}"#, .v2),
            (#"{"action": "call", "name": "a", "args": (), "kwargs": {}}x"#, .v1),
            (#"{"action": "call", "name": "a", "args": (), "kwargs": {}"#, .v1),
            (#"{"action": "call", "name": "a", "args": (), "kwargs": "#, .v1),
            (#"{"action": "call", "name": "a", "args": "#, .v1), (#"{"action": "call", "name": "a", "args": ()}"#, .v1),
            (#"{"action": "call", "name": "a", "args": (, "kwargs": {}}"#, .v1),
        ])
    func broken(text: String, version: PYONVersion) {
        #expect(throws: (any Error).self) { try request(text, version) }
    }

    // MARK: - Plain arguments

    static let plain: [(String, [DataValue])] = [
        ("0", [.integer(0)]), ("-0", [.integer(0)]), ("-17,4", [.integer(-17), .integer(4)]),
        ("999999999999999999", [.integer(999_999_999_999_999_999)]), ("0.001,-2.50", [.float(0.001), .float(-2.5)]),
        ("true,false,null", [.bool(true), .bool(false), .null]),
        (#""","kinetic","a b/c""#, [.string(""), .string("kinetic"), .string("a b/c")]),
    ]

    /// Of a call with these arguments: what the short way reads, and what the decoder does.
    private func read(_ arguments: String) -> (short: [DataValue]?, decoded: [DataValue]?) {
        let values = Array(#"{"__jsonclass__":["tuple",[[\#(arguments)]]]},"kwargs":{}}"#.utf8)
        let short = values.withUnsafeBytes { raw in unsafe FlatArguments.read(raw, from: 0) }
        guard let decoded = try? PYONv2Decoder.call(values, from: 0), case .tuple(let items) = decoded.arguments,
            decoded.named == .dictionary([])
        else { return (short, nil) }
        return (short, items)
    }

    @Test("numbers, truth values and short texts are read where they lie", arguments: plain)
    func plainArguments(text: String, values: [DataValue]) {
        let (short, decoded) = read(text)
        #expect(short == values)
        #expect(decoded == values)
    }

    @Test(
        "everything else is left to the decoder",
        arguments: [
            "", "1e3", "1.5e-3", "NaN", "Infinity", "-Infinity", "9999999999999999999", "01", "-", "1.", ".5", "+1",
            "1 ,2", " 1", "1,",
            ",1", "[1]", "{}", "1]", "tru", "truex", #""a\"b""#, #""a\u0041""#, "\"ü\"", "\"a\u{1}\"", "\"a", "1\"",
            "\"" + String(repeating: "x", count: 100) + "\"", Array(repeating: "1", count: 17).joined(separator: ","),
        ])
    func otherArguments(text: String) { #expect(read(text).short == nil, "\(text)") }

    @Test("whatever bytes come, it reads what the decoder reads, or nothing")
    func mutatedArguments() {
        var generator = SystemRandomNumberGenerator()
        let pieces =
            Self.plain.map(\.0) + ["1e3", "[1]", #""\\""#, "ü", " ", ",", "]", "]]]}", "-", ".", "\"", "{", "}", "0"]
        var number = 0
        for _ in 0..<20_000 {
            var text = (0...Int.random(in: 0...3, using: &generator))
                .map { _ in pieces.randomElement(using: &generator) ?? "" }.joined(separator: Bool.random() ? "," : "")
            if Bool.random(using: &generator), let index = text.indices.randomElement(using: &generator) {
                text.replaceSubrange(
                    index...index, with: String(UnicodeScalar(UInt8.random(in: 32...126, using: &generator))))
            }
            let (short, decoded) = read(text)
            guard let short else { continue }
            number += 1
            #expect(short == decoded, "\(text)")
        }
        #expect(number > 1000)
    }

    @Test("a line that ends too early is not read beyond its end")
    func truncatedArguments() {
        let whole = Array(#"{"__jsonclass__":["tuple",[[12,"text",true,0.5]]]},"kwargs":{}}"#.utf8)
        for end in 0..<whole.count {
            // In memory of its own, so that a check of addresses finds what reads on.
            let short = Array(whole[..<end]).withUnsafeBytes { raw in unsafe FlatArguments.read(raw, from: 0) }
            #expect(short == nil)
        }
    }
}
