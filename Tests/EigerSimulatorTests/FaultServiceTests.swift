// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Foundation
import HTTPTesting
import Testing

@testable import EigerSimulator

/// Ordered misbehaviour over real HTTP.
@Suite("Faults over HTTP")
struct FaultServiceTests {
    @Test("a status and a text instead of the effect")
    func status() async throws {
        let bench = try Bench()
        try await bench.order(
            #"{"fault":"status","path":"/detector/*/command/initialize","status":503,"text":"busy","times":1}"#)
        let reply = try await bench.ask("PUT", "/detector/api/1.8.0/command/initialize")
        #expect(reply.status == 503)
        #expect(reply.text == "busy")
        #expect(try await bench.state() == "na")
        try await bench.command("initialize")
    }

    @Test("a connection closed before the reply, with and without the effect")
    func close() async throws {
        let bench = try Bench()
        try await bench.command("initialize")
        for (execute, state) in [(false, "idle"), (true, "ready")] {
            try await bench.order(#"{"fault":"close","path":"*/command/arm","times":1,"execute":\#(execute)}"#)
            let port = bench.simulation.port
            let (bytes, _) = try await blocking {
                let connection = try RawConnection(port: port)
                _ = connection.send(
                    "PUT /detector/api/1.8.0/command/arm HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
                return connection.receiveAll()
            }
            #expect(bytes.isEmpty)
            #expect(try await bench.state() == state)
        }
        let log = try await bench.ask("GET", "/sim/log").text.split(separator: "\n").map {
            try JSON(parsing: String($0))
        }
        #expect(log.filter { $0["path"]?.string?.hasSuffix("arm") == true }.map { $0["status"]?.integer } == [0, 0])
    }

    @Test("arm fails as often as ordered")
    func armFails() async throws {
        let bench = try Bench()
        try await bench.command("initialize")
        try await bench.order(#"{"fault":"arm_fails","times":2}"#)
        for _ in 0..<2 { #expect(try await bench.ask("PUT", "/detector/api/1.8.0/command/arm").status == 500) }
        #expect(try await bench.command("arm")["sequence id"] == 1)
    }

    @Test("a download cut short, also within a part; then whole again")
    func truncate() async throws {
        let bench = try Bench()
        try await bench.prepare(images: 2, perFile: 2)
        try await bench.series()
        let file = try #require(try await bench.written().first)
        let size = Int(file["size"]?.integer ?? 0)
        try await bench.order(#"{"fault":"truncate","path":"/data/*","bytes":70000,"times":2}"#)
        for range in ["", "Range: bytes=100-\r\n"] {
            let port = bench.simulation.port
            let (bytes, _) = try await blocking {
                let connection = try RawConnection(port: port)
                _ = connection.send("GET /data/series_1_data_000001.h5 HTTP/1.1\r\nHost: x\r\n\(range)\r\n")
                return connection.receiveAll()
            }
            let text = String(decoding: bytes.prefix(600), as: UTF8.self)
            let length = range.isEmpty ? size : size - 100
            #expect(text.contains("Content-Length: \(length)\r\n"))
            let end = try #require(text.range(of: "\r\n\r\n"))
            let headSize = text[..<end.upperBound].utf8.count
            #expect(bytes.count - headSize == 70000)
        }
        #expect(try await bench.ask("GET", "/data/series_1_data_000001.h5").body.count == size)
    }

    @Test("a slow download still arrives whole")
    func slow() async throws {
        let bench = try Bench()
        try await bench.prepare(images: 1, perFile: 1)
        try await bench.series()
        let file = try #require(try await bench.written().first)
        try await bench.order(#"{"fault":"slow","path":"*_data_*","bytes_per_second":400000,"times":1}"#)
        let reply = try await bench.ask("GET", "/data/series_1_data_000001.h5")
        #expect(SHA256.hash(reply.body).hex == file["sha256"]?.string)
    }

    @Test("a delayed reply and a late file come, a missing file never does")
    func lateAndMissing() async throws {
        let bench = try Bench()
        try await bench.order(#"{"fault":"delay","path":"*/status/state","seconds":0.05,"times":1}"#)
        #expect(try await bench.state() == "na")
        try await bench.order(#"{"fault":"file_missing","path":"*_data_000002.h5"}"#)
        try await bench.order(#"{"fault":"file_late","path":"*_data_000003.h5","seconds":5}"#)
        try await bench.prepare(images: 3, perFile: 1)
        try await bench.series()
        #expect(
            try await bench.files() == ["series_1_data_000001.h5", "series_1_data_000003.h5", "series_1_master.h5"])
        let hits = try await bench.json("GET", "/sim/fault").array?.map { $0["hits"]?.integer }
        #expect(hits == [1, 1])
    }

    @Test("a request that is held up goes on when the delay is taken back")
    func held() async throws {
        let bench = try Bench()
        try await bench.order(#"{"fault":"delay","path":"*/initialize","seconds":3600}"#)
        async let initialize = bench.ask("PUT", "/detector/api/1.8.0/command/initialize")
        try await bench.wait("the request") { try await bench.ask("GET", "/sim/log").text.contains("initialize") }
        #expect(try await bench.state() == "na")
        _ = try await bench.ask("DELETE", "/sim/fault/1")
        #expect(try await initialize.status == 200)
        #expect(try await bench.state() == "idle")
    }

    @Test("an error state ends the series and is left by initialize")
    func errorState() async throws {
        let bench = try Bench(speed: 10)
        try await bench.prepare(images: 100, perFile: 10, frameTime: 1)
        try await bench.command("arm")
        async let trigger = bench.ask("PUT", "/detector/api/1.8.0/command/trigger")
        try await bench.wait("the exposure") { try await bench.state() == "acquire" }
        try await bench.order(#"{"fault":"state_error"}"#)
        #expect(try await trigger.status == 200)
        #expect(try await bench.state() == "error")
        #expect(try await bench.ask("PUT", "/detector/api/1.8.0/command/arm").status == 400)
        try await bench.command("initialize")
        #expect(try await bench.state() == "idle")
    }

    @Test("when the memory is full, files that do not fit are not written and the file writer says so")
    func full() async throws {
        let bench = try Bench()
        try await bench.prepare(images: 4, perFile: 2)
        try await bench.order(#"{"fault":"buffer_limit","bytes":100000}"#)
        try await bench.series()
        #expect(try await bench.files().isEmpty)
        #expect(try await bench.json("GET", "/filewriter/api/1.8.0/status/state")["value"] == "error")
        let errors = try await bench.json("GET", "/filewriter/api/1.8.0/status/error")["value"]?.array ?? []
        #expect(errors.count == 4)
        #expect(errors.first?.string == "buffer full: series_1_master.h5 was not written")
        try await bench.order(#"{"fault":"buffer_limit","bytes":1000000000}"#)
        try await bench.series()
        #expect(try await bench.files().count == 3)
        #expect(try await bench.json("GET", "/filewriter/api/1.8.0/status/state")["value"] == "ready")
    }

    @Test("orders over HTTP are checked, listed and taken back")
    func orders() async throws {
        let bench = try Bench()
        for body in ["", "{", "[]", #"{"fault":"x"}"#, #"{"fault":"delay"}"#, "\u{0}"] {
            #expect(try await bench.ask("POST", "/sim/fault", body).status == 400, "\(body)")
        }
        try await bench.order(#"{"fault":"close","path":"/nowhere"}"#)
        let list = try await bench.json("GET", "/sim/fault")
        #expect(list.array?.first?["id"] != nil)
        #expect(try await bench.ask("DELETE", "/sim/fault/99").status == 404)
        #expect(try await bench.ask("DELETE", "/sim/fault").status == 204)
        #expect(try await bench.json("GET", "/sim/fault") == .array([]))
        #expect(try await bench.ask("GET", "/sim/nosuch").status == 404)
    }

    @Test("edges on the trigger input take a series in the external modes")
    func electricalTriggers() async throws {
        let bench = try Bench()
        try await bench.prepare(images: 2, perFile: 100, triggers: 3)
        try await bench.set("detector", "trigger_mode", "\"exts\"")
        try await bench.command("arm")
        #expect(try await bench.command("trigger") == .object([]))
        #expect(try await bench.state() == "ready")
        for _ in 0..<3 {
            try await bench.wait("ready") { try await bench.state() == "ready" }
            let taken = try await bench.json("POST", "/sim/trigger", #"{"edges":1,"width":0.1}"#)
            #expect(taken == .object([("edges", 1), ("taken", 1)]))
        }
        try await bench.wait("the end of the series") { try await bench.state() == "idle" }
        try await bench.command("disarm")
        #expect(try await bench.written().first?["images"] == 6)
        #expect(try await bench.json("POST", "/sim/trigger", #"{"edges":3,"period":1}"#)["taken"] == 0)
        #expect(try await bench.ask("POST", "/sim/trigger", #"{"edges":0}"#).status == 400)
    }
}
