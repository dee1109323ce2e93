// Part of daqd
// SPDX-License-Identifier: MIT
import DAQTransports
import Foundation
import ServerTesting
import Testing

@Suite("HTTP client against hostile servers")
struct HTTPHostileTests {
    private func failure(
        limit: Int = 1 << 20, total: Duration? = .seconds(20), stall: Duration? = nil,
        _ serve: @escaping @Sendable (RawConnection) -> Void
    ) async throws -> HTTPError {
        let server = try RawServer { connection in
            guard connection.request() != nil else { return }
            serve(connection)
        }
        var request = HTTPRequest(.get, server.base + "/x")
        request.responseLimit = limit
        request.timeouts = HTTPTimeouts(total: total, stall: stall)
        // One connection per request, so that libcurl's own repetition on reused ones plays no part.
        request.freshConnection = true
        let sent = request
        return try await #require(throws: HTTPError.self) { try await HTTPClient().perform(sent) }
    }

    @Test("closes before the reply")
    func closesEarly() async throws {
        let error = try await failure { $0.close() }
        #expect(error.code == .broken)
    }

    @Test("closes in the middle of the headers")
    func closesInHeaders() async throws {
        let error = try await failure { $0.write("HTTP/1.1 200 OK\r\nContent-Le") }
        #expect([.broken, .truncated, .malformed].contains(error.code))
    }

    @Test("announces more than it sends")
    func lyingLength() async throws {
        let error = try await failure { $0.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort") }
        #expect(error.code == .truncated)
        #expect(error.status == 200)
    }

    @Test("announces less than it sends: only what was announced is taken")
    func excessLength() async throws {
        let server = try RawServer { connection in
            guard connection.request() != nil else { return }
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokGARBAGE")
        }
        let reply = try await HTTPClient().perform(HTTPRequest(.get, server.base + "/"))
        #expect(reply.text == "ok")
    }

    @Test("announces nonsense as length", arguments: ["-5", "99999999999999999999999", "abc"])
    func nonsenseLength(length: String) async throws {
        let server = try RawServer { connection in
            guard connection.request() != nil else { return }
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(length)\r\n\r\nx")
        }
        var request = HTTPRequest(.get, server.base + "/")
        request.timeouts.total = .seconds(5)
        // Refused or read to the end of the connection, never a crash or a hang.
        let result = await Result { [request] in try await HTTPClient().perform(request) }
        if case .success(let reply) = result { #expect(reply.contentLength == nil) }
    }

    @Test("announces a body beyond the limit: refused before it is received")
    func hugeAnnounced() async throws {
        let error = try await failure(limit: 1000) { connection in
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
            let piece = [UInt8](repeating: 0x41, count: 65536)
            while connection.write(piece) {}
        }
        #expect(error.code == .tooLarge)
        #expect(error.message.contains("1000 bytes"))
    }

    @Test("sends without end, without length")
    func endless() async throws {
        let error = try await failure(limit: 100_000) { connection in
            connection.write("HTTP/1.1 200 OK\r\n\r\n")
            let piece = [UInt8](repeating: 0x41, count: 65536)
            while connection.write(piece) {}
        }
        #expect(error.code == .tooLarge)
    }

    @Test("sends headers without end")
    func endlessHeaders() async throws {
        let error = try await failure { connection in
            connection.write("HTTP/1.1 200 OK\r\n")
            let line = "X-Filler: " + String(repeating: "y", count: 1000) + "\r\n"
            while connection.write(line) {}
        }
        #expect([.tooLarge, .broken].contains(error.code))
    }

    @Test("sends one header without end")
    func endlessHeader() async throws {
        let error = try await failure { connection in
            connection.write("HTTP/1.1 200 OK\r\nX: ")
            let piece = [UInt8](repeating: 0x41, count: 65536)
            while connection.write(piece) {}
        }
        #expect(error.code != .timeout)
    }

    @Test(
        "breaks its chunks",
        arguments: ["zz\r\nhello\r\n0\r\n\r\n", "5\r\nhel", "FFFFFFFFFFFFFFFFF\r\nx", "5\r\nhelloXX"])
    func brokenChunks(body: String) async throws {
        let error = try await failure {
            $0.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
        }
        #expect([.broken, .truncated, .malformed].contains(error.code))
    }

    @Test("drips one byte at a time past the time limit")
    func drip() async throws {
        let error = try await failure(total: .milliseconds(300)) { connection in
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while connection.write("x") { usleep(10_000) }
        }
        #expect(error.code == .timeout)
        #expect(error.wasSent)
        #expect(error.message.contains("0.3 s"))
    }

    @Test("falls silent: the stall limit ends it")
    func stall() async throws {
        let error = try await failure(total: nil, stall: .seconds(1)) { connection in
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nx")
            connection.waitForClose()
        }
        #expect(error.code == .timeout)
        #expect(error.message.contains("1 s"))
    }

    @Test(
        "speaks something else",
        arguments: ["220 smtp ready\r\n", "\u{0}\u{1}\u{2}", "HTTP/9.9 200 OK\r\n\r\n", "HTTP/1.1 abc\r\n\r\n"])
    func notHTTP(text: String) async throws {
        let error = try await failure { connection in
            connection.write(text)
            connection.close()
        }
        #expect(error.code != .timeout)
    }

    @Test("nobody listens")
    func nobody() async throws {
        let port = try { try RawServer { _ in }.port }()
        var request = HTTPRequest(.get, "http://127.0.0.1:\(port)/")
        request.timeouts.total = .seconds(20)
        // The server above is gone; its port may still accept for an instant.
        try await eventually { connectIsRefused(port) }
        let sent = request
        let error = try await #require(throws: HTTPError.self) { try await HTTPClient().perform(sent) }
        #expect(error.code == .connection)
        #expect(!error.wasSent)
        #expect(error.message.contains("nobody answers"))
    }

    @Test("a name that does not exist")
    func unknownName() async throws {
        var request = HTTPRequest(.get, "http://no-such-host.invalid/")
        request.timeouts = HTTPTimeouts(connect: .seconds(20), total: .seconds(20))
        let sent = request
        let error = try await #require(throws: HTTPError.self) { try await HTTPClient().perform(sent) }
        #expect(!error.wasSent)
    }
}

func connectIsRefused(_ port: UInt16) -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) != 0
        }
    }
}

extension Result where Failure == any Error {
    init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
