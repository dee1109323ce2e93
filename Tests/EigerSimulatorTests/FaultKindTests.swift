// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Foundation
import HTTPTesting
import Testing

@testable import EigerSimulator

/// Further kinds of misbehaviour, ordered over HTTP or by a script (K2-15).
@Suite("Kinds of faults")
struct FaultKindTests {
    private static let arm = "/detector/api/1.8.0/command/arm"

    @Test(
        "K2-15: every kind is in the list, takes its fields, and refuses others", arguments: FaultKind.all.map(\.name))
    func declared(name: String) throws {
        let kind = try #require(FaultKind.all.first { $0.name == name })
        var members: [(String, JSON)] = [("fault", .string(name))]
        for field in kind.needs { members.append((field, FaultKind.fieldTypes[field] == .string ? "x" : 1)) }
        for field in members.map(\.0) where field == "status" {
            members = members.map { $0.0 == field ? ($0.0, 500) : $0 }
        }
        _ = try Fault(id: 1, .object(members))
        #expect(throws: Refusal.self) { _ = try Fault(id: 1, .object(members + [("nosuch", 1)])) }
        #expect(!kind.summary.isEmpty)
    }

    @Test(
        "K2-15: a trigger's reply in every variant, after its effect",
        arguments: [
            ("{}", "{}"), (#"{"sequence id": -1}"#, #"{"sequence id": -1}"#), ("", ""),
            (#"{"sequence id": $id}"#, #"{"sequence id": 1}"#),
        ])
    func triggerReply(text: String, answer: String) async throws {
        let bench = try Bench()
        try await bench.prepare(images: 1, perFile: 1)
        let order = JSON.object([("fault", "trigger_reply"), ("text", .string(text)), ("times", 1)])
        try await bench.order(order.text)
        try await bench.command("arm")
        #expect(try await bench.ask("PUT", "/detector/api/1.8.0/command/trigger").text == answer)
        #expect(try await bench.state() == "idle")
    }

    @Test("K2-15: any answer can be replaced; its effect stays")
    func replaced() async throws {
        let bench = try Bench()
        try await bench.command("initialize")
        try await bench.order(
            #"{"fault":"reply","path":"*/config/description","text":"{\"value\":\"Other\"}","times":1}"#)
        #expect(try await bench.json("GET", "/detector/api/1.8.0/config/description")["value"] == "Other")
        try await bench.order(#"{"fault":"reply","path":"*/config/nimages","method":"PUT","text":"null","times":1}"#)
        #expect(try await bench.json("PUT", "/detector/api/1.8.0/config/nimages", #"{"value":4}"#) == .null)
        #expect(try await bench.json("GET", "/detector/api/1.8.0/config/nimages")["value"] == 4)
    }

    @Test("K2-15: a wrong length announces more than there is, or sends less; segments come in pieces")
    func lengths() async throws {
        let bench = try Bench()
        let port = bench.simulation.port
        let path = "/detector/api/1.8.0/status/state"
        func raw(_ order: String) async throws -> (String, String) {
            try await bench.order(order)
            return try await blocking {
                let connection = try RawConnection(port: port)
                _ = connection.send("GET \(path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                let text = String(decoding: connection.receiveAll().0, as: UTF8.self)
                let parts = text.components(separatedBy: "\r\n\r\n")
                return (parts[0], parts.count > 1 ? parts[1] : "")
            }
        }
        let more = try await raw(#"{"fault":"wrong_length","add":10,"times":1}"#)
        #expect(more.0.contains("Content-Length: \(more.1.utf8.count + 10)"))
        let less = try await raw(#"{"fault":"wrong_length","add":-10,"times":1}"#)
        #expect(less.0.contains("Content-Length: \(less.1.utf8.count)"))
        #expect(throws: WireError.self) { _ = try JSON(parsing: less.1) }
        let pieces = try await raw(#"{"fault":"segments","bytes":3,"seconds":0.0005,"times":1}"#)
        #expect(try JSON(parsing: pieces.1)["value"] == "na")
    }

    @Test("K2-15: connections close after the reply, and after some time")
    func closing() async throws {
        let bench = try Bench()
        let port = bench.simulation.port
        try await bench.order(#"{"fault":"close","path":"*/state","after_reply":true,"times":1}"#)
        let (bytes, isClosed) = try await blocking {
            let connection = try RawConnection(port: port)
            _ = connection.send("GET /detector/api/1.8.0/status/state HTTP/1.1\r\nHost: x\r\n\r\n")
            return connection.receiveAll()
        }
        #expect(String(decoding: bytes, as: UTF8.self).hasSuffix("}"))
        #expect(isClosed)
        try await bench.order(#"{"fault":"close","path":"*/state","seconds":0.05,"times":1}"#)
        await #expect(throws: (any Error).self) { try await bench.state() }
        #expect(try await bench.state() == "na")
    }

    @Test("K2-15: a file grows, or stays cut short for ever")
    func strangeFiles() async throws {
        let bench = try Bench(speed: 20)
        try await bench.order(#"{"fault":"file_growing","path":"*_data_000001.h5","seconds":30,"times":1}"#)
        try await bench.order(#"{"fault":"file_truncated","path":"*_data_000002.h5","bytes":1000}"#)
        try await bench.prepare(images: 2, perFile: 1)
        try await bench.command("arm")
        try await bench.command("trigger")
        func size(_ file: Int) async throws -> Int? {
            let reply = try await bench.ask("HEAD", "/data/series_1_data_00000\(file).h5")
            return reply.status == 200 ? reply["Content-Length"].flatMap(Int.init) : nil
        }
        try await bench.wait("half of it is there") { try await size(1) != nil }
        let half = try #require(try await size(1))
        try await bench.command("disarm")
        let whole = try #require(try await size(1))
        #expect(whole / 2 == half, "\(half) of \(whole)")
        #expect(try await size(2) == 1000)
        #expect(try await bench.written().first { $0["images"] == 1 && $0["size"] == 1000 } != nil)
    }

    @Test("K2-15: numbers begin anew, the service restarts, the power goes in the middle of a trigger")
    func upheavals() async throws {
        let bench = try Bench(speed: 20)
        try await bench.prepare(images: 1, perFile: 1)
        try await bench.series()
        try await bench.order(#"{"fault":"reset_ids"}"#)
        #expect(try await bench.command("arm")["sequence id"] == 1)
        try await bench.order(#"{"fault":"restart"}"#)
        #expect(try await bench.state() == "na")
        try await bench.prepare(images: 1000, perFile: 1000, frameTime: 1)
        try await bench.command("arm")
        let trigger = Task { try await bench.ask("PUT", "/detector/api/1.8.0/command/trigger") }
        try await bench.wait("it exposes") { try await bench.state() == "acquire" }
        try await bench.order(#"{"fault":"power_off","seconds":5}"#)
        await #expect(throws: (any Error).self) { _ = try await trigger.value }
        try await bench.wait("the power is back") { (try? await bench.state()) == "na" }
    }

    @Test("K2-15: a script orders faults and triggers at its times")
    func script() async throws {
        let bench = try Bench {
            $0.hasManualClock = true
            $0.script = """
                steps:
                  - {at: 20 s, fault: state_error}
                  - {at: 10, fault: arm_fails, times: 1, text: not today}
                """
        }
        try await bench.wait("the script waits") { try await bench.json("GET", "/sim/clock")["next"] == 10.0 }
        try await bench.json("POST", "/sim/clock", #"{"advance":10}"#)
        try await bench.wait("the first step") { try await bench.json("GET", "/sim/fault").array?.count == 1 }
        #expect(try await bench.ask("PUT", Self.arm).text == "not today")
        try await bench.wait("the script waits") { try await bench.json("GET", "/sim/clock")["next"] == 20.0 }
        try await bench.json("POST", "/sim/clock", #"{"advance":10}"#)
        try await bench.wait("the second step") { try await bench.state() == "error" }
    }

    @Test(
        "K2-15: scripts that make no sense are refused with a sentence",
        arguments: [
            ("steps: 5", "list"), ("steps: [{at: 1}]", "is missing"), ("steps: [{fault: nosuch}]", "unknown fault"),
            ("steps: [{fault: delay}]", "needs the field"), ("steps: [{edges: 1, fault: close}]", "one thing"),
            ("steps: [{edges: 0}]", "edges"), ("nosuch: 1", "nosuch"), ("steps: [{fault: close, speed: 2}]", "speed"),
            ("steps: [", "YAML"), ("", "steps"), ("\u{1}", "not allowed"),
        ])
    func badScripts(text: String, reason: String) {
        let error = #expect(throws: SimulationError.self) { _ = try FaultScript(parsing: text, file: "faults.yaml") }
        #expect(error?.description.hasPrefix("faults.yaml: ") == true)
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
    }

    @Test("base64 is decoded, and what is none refused", arguments: ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYmFy"])
    func base64(text: String) throws {
        let bytes = try #require(Base64.decode(Array(text.utf8)))
        #expect(String(decoding: Base64.encode(bytes), as: UTF8.self) == text)
        for bad in ["Z", "Zg=", "Zg=a", "Zm 9", "=Zg=", "Zm9v\n"] {
            #expect(Base64.decode(Array(bad.utf8)) == nil, "\(bad)")
        }
    }
}
