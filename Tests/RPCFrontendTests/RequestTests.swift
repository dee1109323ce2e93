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

    @Test("the keys may stand in any order", arguments: v2)
    func orderV2(texts: Texts) throws {
        let (head, name) = (#""action":"call""#, #""name":"move_to""#)
        let (values, keywords) = (#""args":\#(texts.arguments)"#, #""kwargs":\#(texts.named)"#)
        for parts in [
            [head, name, values, keywords], [keywords, name, values, head], [head, values, keywords, name],
        ] {
            try expect("{" + parts.joined(separator: ",") + "}", .v2, texts)
            try expect(" { " + parts.joined(separator: " , ") + " } ", .v2, texts)
        }
    }

    @Test("also in PYON v1", arguments: v1)
    func orderV1(texts: Texts) throws {
        let (head, name) = (#""action": "call""#, #""name": "move_to""#)
        let (values, keywords) = (#""args": \#(texts.arguments)"#, #""kwargs": \#(texts.named)"#)
        for parts in [
            [head, name, values, keywords], [keywords, name, values, head], [head, values, keywords, name],
        ] {
            try expect("{" + parts.joined(separator: ", ") + "}", .v1, texts)
            try expect("{" + parts.joined(separator: " ,") + " }", .v1, texts)
        }
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
