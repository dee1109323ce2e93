// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Foundation
import HTTPTesting
import Testing

@testable import EigerSimulator

/// Requests that no client should send: each gets a clear answer, and the simulator lives on.
@Suite("Hostile requests")
struct HostileRequestTests {
    @Test(
        "bodies that are not what they should be",
        arguments: [
            ("", 400), ("{", 400), ("null", 400), ("[]", 400), ("7", 400), (#"{"value"}"#, 400), (#"{"valu":1}"#, 400),
            (#"{"value":null}"#, 400), (#"{"value":{}}"#, 400), (#"{"value":[1]}"#, 400), (#"{"value":"1"}"#, 400),
            (#"{"value":1e999}"#, 400), (#"{"value":NaN}"#, 400), (#"{"value":99999999999999999999}"#, 400),
            ("\u{FEFF}{\"value\":1}", 400), (String(repeating: "[", count: 5000), 400),
            (#"{"value":1}"#, 200), (" {\"value\" : 1.0 } ", 200),
        ])
    func bodies(body: String, status: Int) async throws {
        let bench = try Bench()
        try await bench.command("initialize")
        let reply = try await bench.ask("PUT", "/detector/api/1.8.0/config/nimages", body)
        #expect(reply.status == status, "\(body.prefix(40)): \(reply.text)")
        #expect(status == 200 || !reply.text.isEmpty)
        #expect(try await bench.state() == "idle")
    }

    @Test("a body that is not UTF-8, and one that is far too long")
    func binary() async throws {
        let bench = try Bench()
        try await bench.command("initialize")
        let port = bench.simulation.port
        let head = "PUT /detector/api/1.8.0/config/sample_name HTTP/1.1\r\nHost: x\r\nContent-Length: "
        let binary = try await blocking {
            let connection = try RawConnection(port: port)
            _ = connection.send(Array("\(head)4\r\n\r\n".utf8) + [0xFF, 0xFE, 0x00, 0x80])
            return try connection.reply()
        }
        #expect(binary.status == 400)
        let long = try await blocking {
            let connection = try RawConnection(port: port)
            _ = connection.send("\(head)99999999999\r\n\r\n")
            return connection.receive(until: { $0.contains("\r\n\r\n") })
        }
        #expect(long.hasPrefix("HTTP/1.1 413"))
        #expect(try await bench.state() == "idle")
    }

    @Test(
        "paths that lead nowhere",
        arguments: [
            "/", "//", "/detector", "/data/", "/data/../../etc/passwd", "/data/%2e%2e/%2e%2e/etc/passwd", "/data/%00",
            "/data/" + String(repeating: "a", count: 5000), "/detector/api/1.8.0/config/../status/state",
            "/detector/api/1.8.0/config/", "/detector/api/1.8.0/status/nosuch", "/detector/api/1.8.0/command/arm",
            "/filewriter/api/1.8.0/files/x", "/%ff%fe", "/detector/api/1.8.0/config/count_time/extra",
        ])
    func paths(path: String) async throws {
        let bench = try Bench()
        try await bench.command("initialize")
        for method in ["GET", "PUT", "DELETE", "POST"] {
            let isArm = path.hasSuffix("/command/arm")
            if isArm, method == "PUT" { continue }
            let reply = try await bench.ask(method, path, method == "GET" ? nil : "{}")
            #expect((400..<500).contains(reply.status), "\(method) \(path.prefix(60)): \(reply.status)")
        }
        #expect(try await bench.state() == "idle")
    }

    @Test(
        "parameters that would be dangerous",
        arguments: [
            ("filewriter", "name_pattern", #""../../x""#), ("filewriter", "name_pattern", #""/etc/x""#),
            ("filewriter", "name_pattern", #""""#), ("filewriter", "name_pattern", #""a\u0000b""#),
            ("filewriter", "nimages_per_file", "-1"), ("filewriter", "mode", "true"),
            ("filewriter", "format", #""hdf5 nexus v9 nxmx""#), ("detector", "pixel_mask", "[[1]]"),
            ("detector", "ntrigger", "1e30"), ("monitor", "buffer_size", "0"), ("system", "x", "1"),
        ])
    func dangerous(module: String, key: String, value: String) async throws {
        let bench = try Bench()
        try await bench.command("initialize")
        let reply = try await bench.ask("PUT", "/\(module)/api/1.8.0/config/\(key)", #"{"value":\#(value)}"#)
        #expect((400..<500).contains(reply.status), "\(reply.status) \(reply.text)")
        #expect(reply.text.contains(module == "system" ? "unknown path" : key))
    }

    @Test("a request byte by byte is served; one that stops half-way harms nobody")
    func slowRequest() async throws {
        let bench = try Bench()
        let port = bench.simulation.port
        let reply = try await blocking {
            let connection = try RawConnection(port: port)
            for byte in Array("GET /detector/api/version HTTP/1.1\r\nHost: x\r\n\r\n".utf8) {
                _ = connection.send([byte])
            }
            let whole = try connection.reply()
            let half = try RawConnection(port: port)
            _ = half.send(
                "PUT /detector/api/1.8.0/command/initialize HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{")
            return whole
        }
        #expect(reply.status == 200)
        #expect(try await bench.state() == "na")
    }

    @Test("a client that leaves during a blocking trigger does not stop the series")
    func leavingClient() async throws {
        let bench = try Bench(speed: 50)
        try await bench.prepare(images: 20, perFile: 10, frameTime: 0.5)
        try await bench.command("arm")
        let port = bench.simulation.port
        try await blocking {
            let connection = try RawConnection(port: port)
            _ = connection.send(
                "PUT /detector/api/1.8.0/command/trigger HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        }
        try await bench.wait("the master") {
            try await bench.written().contains { $0["name"] == "series_1_master.h5" }
        }
        #expect(try await bench.written().compactMap { $0["images"]?.integer } == [10, 10, 0])
    }

    @Test("noise instead of HTTP")
    func noise() async throws {
        let bench = try Bench()
        let port = bench.simulation.port
        try await blocking {
            var random = SystemRandomNumberGenerator()
            for _ in 0..<200 {
                let connection = try RawConnection(port: port)
                _ = connection.send((0..<200).map { _ in UInt8.random(in: 0...255, using: &random) })
            }
        }
        #expect(try await bench.state() == "na")
    }

    @Test("stop ends a connection whose request still waits")
    func stopWhileWaiting() async throws {
        let bench = try Bench(speed: 1)
        try await bench.order(#"{"fault":"delay","path":"*/initialize","seconds":3600}"#)
        async let waiting = bench.ask("PUT", "/detector/api/1.8.0/command/initialize")
        try await bench.wait("the request") { try await !bench.ask("GET", "/sim/log").text.isEmpty }
        bench.simulation.stop()
        let reply = try? await waiting
        #expect(reply == nil || reply?.status == 503)
    }
}
