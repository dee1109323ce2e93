// Part of daqd
// SPDX-License-Identifier: MIT

import DAQRoutes
import Foundation
import HTTPTesting
import Testing

@Suite("HTTP server threads and TLS")
struct ThreadingTests {
    @Test("with a thread per connection a blocked handler holds up nobody else, and waits and streams work too")
    func threadPerConnection() async throws {
        let gate = DispatchSemaphore(value: 0)
        var router = Fixture.router()
        router.on(
            .put, "/block",
            immediate: { _ in
                gate.wait()
                return HTTPResponse(200, type: "text/plain", text: "released")
            })
        var configuration = HTTPServerConfiguration()
        configuration.threading = .threadPerConnection
        let server = try HTTPServer(configuration, router)
        let port = server.port
        let texts = try await blocking {
            defer { gate.signal() }
            let blocked = try RawConnection(port: port)
            blocked.send("PUT /block HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
            let other = try RawConnection(port: port)
            var texts = [try other.ask("GET /now").text, try other.ask("GET /later").text]
            let stream = try RawConnection(port: port)
            stream.send("GET /stream?n=3 HTTP/1.0\r\n\r\n")
            texts.append(
                String(decoding: stream.receiveAll().bytes, as: UTF8.self).components(separatedBy: "\r\n\r\n").last
                    ?? "")
            gate.signal()
            return texts + [try blocked.reply().text]
        }
        #expect(texts == ["now", "later", "line 0\nline 1\nline 2\n", "released"])
        server.stop()
    }

    @Test("a stop with a thread per connection ends waiting requests too")
    func stopThreadPerConnection() async throws {
        let fixture = try Fixture { $0.threading = .threadPerConnection }
        let port = fixture.port
        let server = fixture.server
        let replies = try await blocking {
            let connections = try (0..<5).map { _ in try RawConnection(port: port) }
            for connection in connections { connection.send("GET /never HTTP/1.1\r\nHost: x\r\n\r\n") }
            while server.statistics.requests < 5 { usleep(1000) }
            server.stop()
            return connections.map { String(decoding: $0.receiveAll().bytes, as: UTF8.self) }
        }
        for reply in replies { #expect(reply.isEmpty || reply.hasPrefix("HTTP/1.1 503")) }
    }

    @Test("several event threads serve many connections")
    func threadPool() async throws {
        let fixture = try Fixture { $0.threading = .events(threads: 3) }
        let port = fixture.port
        let answered = try await blocking {
            let connections = try (0..<60).map { _ in try RawConnection(port: port) }
            for connection in connections { connection.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n") }
            return try connections.filter { try $0.reply().text == "later" }.count
        }
        #expect(answered == 60)
    }

    @Test("serves HTTPS with a certificate and its key, and refuses a key that is none")
    func tls() async throws {
        let directory = try TemporaryDirectory()
        let (key, certificate) = (directory.path("key.pem"), directory.path("certificate.pem"))
        _ = try await run([
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
            key,
            "-out", certificate, "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
        ])
        let tls = HTTPServerConfiguration.TLS(
            certificate: try String(contentsOfFile: certificate, encoding: .utf8),
            key: try String(contentsOfFile: key, encoding: .utf8))
        let fixture = try Fixture { $0.tls = tls }
        let base = "https://127.0.0.1:\(fixture.port)"
        let text = try await run([
            "curl", "-sS", "--max-time", "30", "--cacert", certificate, base + "/now", base + "/later",
            base + "/stream?n=2",
        ])
        #expect(text == "nowlaterline 0\nline 1\n")
        #expect(throws: HTTPServerError.self) { try Fixture { $0.tls = .init(certificate: "none", key: "none") } }
    }

    /// Runs a program to its end and returns what it printed.
    private func run(_ arguments: [String]) async throws -> String {
        try await blocking {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = arguments
            let output = Pipe()
            process.standardOutput = output
            process.standardError = FileHandle.nullDevice
            try process.run()
            let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            try #require(process.terminationStatus == 0, "\(arguments.joined(separator: " ")) failed")
            return text
        }
    }
}
