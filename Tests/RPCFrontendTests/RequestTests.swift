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
}
