// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Testing

@testable import EigerSimulator

/// Faults, log, patterns, paths: what needs no detector.
@Suite("Faults, log and paths")
struct ControlTests {
    @Test(
        "patterns with stars",
        arguments: [
            ("*", "", true), ("*/command/arm", "/detector/api/1.8.0/command/arm", true), ("a*c", "abc", true),
            ("a*c", "abd", false), ("", "", true), ("", "x", false), ("a*b*c", "aXbYbZc", true), ("a", "ab", false),
            ("*x", "aaax", true), ("**", "q", true), ("a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaa", false),
        ])
    func glob(pattern: String, name: String, expected: Bool) {
        #expect(Glob.matches(Array(pattern.utf8), Array(name.utf8)) == expected)
    }

    @Test("a fault strikes as often as it says, after what it lets pass, and only where it fits")
    func strikes() throws {
        let table = FaultTable()
        _ = try table.add(try JSON(parsing: #"{"fault":"arm_fails","times":2,"skip":1}"#))
        func arm() -> Int { table.take(.request, method: "PUT", path: "/detector/api/1.8.0/command/arm").count }
        #expect(table.take(.request, method: "GET", path: "/detector/api/1.8.0/command/arm").isEmpty)
        #expect(table.take(.request, method: "PUT", path: "/detector/api/1.8.0/command/disarm").isEmpty)
        #expect([arm(), arm(), arm(), arm()] == [0, 1, 1, 0])
        #expect(table.all[0].json["hits"] == 2)
        #expect(table.remove(1))
        #expect(!table.remove(1))
    }

    @Test(
        "orders that make no sense are refused with a sentence",
        arguments: [
            (#"{}"#, "member \"fault\""), (#"[]"#, "must be an object"), (#"{"fault":"nosuch"}"#, "there are: delay"),
            (#"{"fault":"delay"}"#, "needs the field \"seconds\""), (#"{"fault":"delay","seconds":-1}"#, "seconds"),
            (#"{"fault":"delay","seconds":1,"speed":2}"#, "has no field \"speed\""),
            (#"{"fault":"status","status":99}"#, "\"status\""), (#"{"fault":"status","status":"x"}"#, "\"status\""),
            (#"{"fault":"slow","bytes_per_second":0}"#, "bytes_per_second"),
            (#"{"fault":"wrong_length","add":0}"#, "add"), (#"{"fault":"wrong_length","add":1.5}"#, "add"),
            (#"{"fault":"wrong_length","add":-9223372036854775808}"#, "add"),
            (#"{"fault":"close","times":-1}"#, "times"), (#"{"fault":"close","execute":1}"#, "execute"),
        ])
    func badOrders(body: String, text: String) throws {
        let json = try JSON(parsing: body)
        let refusal = #expect(throws: Refusal.self) { _ = try FaultTable().add(json) }
        #expect(refusal?.text.contains(text) == true, "\(refusal?.text ?? "")")
    }

    @Test("there is a bound on faults; spent ones make room")
    func bound() throws {
        let table = FaultTable()
        let order = try JSON(parsing: #"{"fault":"close","times":1}"#)
        for _ in 0..<FaultTable.capacity { _ = try table.add(order) }
        #expect(throws: Refusal.self) { _ = try table.add(order) }
        _ = table.take(.request, path: "/")
        _ = try table.add(order)
    }

    @Test("the log keeps order, answers and a bounded part of each body")
    func log() {
        let log = RequestLog()
        let body = [UInt8](repeating: 0x61, count: 10_000)
        let first = log.add(time: "t", method: "PUT", path: "/a", body: body, state: "idle")
        let second = log.add(time: "t", method: "GET", path: "/b", body: [], state: "acquire")
        log.answered(second, status: 200)
        let entries = log.entries(from: first)
        #expect(entries.map(\.path) == ["/a", "/b"])
        #expect(entries[0].body.utf8.count == RequestLog.bodyLimit)
        #expect(entries[0].json["status"] == .null)
        #expect(entries[1].json["status"] == 200)
        #expect(log.entries(from: second).count == 1)
        log.clear()
        #expect(log.entries(from: 0).isEmpty)
        log.answered(first, status: 500)
        #expect(log.add(time: "t", method: "GET", path: "/c", body: [], state: "na") == 3)
    }

    @Test(
        "paths mean what the reference says",
        arguments: [
            ("detector/api/version", SIMPLONTarget.version(.detector)), ("stream/api/version/", .version(.stream)),
            ("detector/api/1.8.0/keys", .tasks(.detector)),
            ("detector/api/1.8.0/config/keys", .keys(.detector, task: "config")),
            ("detector/api/1.8.0/config/threshold/1/energy", .configuration(.detector, "threshold/1/energy")),
            ("detector/api/1.8.0/config", .bulk(.detector)),
            ("detector/api/1.8.0/status/state", .status(.detector, "state")),
            ("system/api/1.8.0/command/restart", .command(.system, "restart")), ("filewriter/api/1.8.0/files", .files),
            ("filewriter/api/1.8.0/files/", .files),
            ("filewriter/api/1.8.0/status/files", .status(.filewriter, "files")),
            ("monitor/api/1.8.0/images/3/4", .images(["3", "4"])), ("data/a/b.h5", .data("a/b.h5")),
        ])
    func paths(path: String, target: SIMPLONTarget) throws {
        #expect(
            try SIMPLONTarget(
                path.split(separator: "/", omittingEmptySubsequences: false).map(String.init), serving: [.v18])
                == target)
    }

    @Test(
        "other paths are unknown",
        arguments: [
            "", "data", "detector", "detector/api", "detector/api/1.6.0/config/count_time", "nosuch/api/version",
            "detector/api/1.8.0", "detector/api/1.8.0/files", "system/api/1.8.0/config/x", "detector/api/1.8.0/status",
            "filewriter/api/1.8.0/files/x",
        ])
    func unknownPaths(path: String) {
        #expect(throws: Refusal.self) {
            _ = try SIMPLONTarget(
                path.split(separator: "/", omittingEmptySubsequences: false).map(String.init), serving: [.v18])
        }
    }

    @Test("base64", arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")])
    func base64(text: String, expected: String) {
        #expect(String(decoding: Base64.encode(Array(text.utf8)), as: UTF8.self) == expected)
    }

    @Test("unique identifiers sort by time and have 26 characters")
    func identifiers() {
        var random = SplitMix64(seed: 1)
        let first = UniqueID.make(milliseconds: 1_700_000_000_000, using: &random)
        let second = UniqueID.make(milliseconds: 1_700_000_000_001, using: &random)
        #expect(first.count == 26)
        #expect(first < second)
        #expect(first.hasPrefix("01HF7YAT00"))
    }
}
