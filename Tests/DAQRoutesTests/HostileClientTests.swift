// Part of daqd
// SPDX-License-Identifier: MIT

import DAQRoutes
import Foundation
import HTTPTesting
import Synchronization
import Testing

@Suite("HTTP server and hostile clients")
struct HostileClientTests {
    static let request = "PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"

    @Test("no truncation of a request is answered, and none disturbs the server", arguments: 0..<request.utf8.count)
    func truncated(length: Int) async throws {
        let fixture = try Fixture { $0.idleTimeoutSeconds = 1 }
        let port = fixture.port
        let answer = try await blocking {
            let connection = try RawConnection(port: port)
            connection.send(Array(Self.request.utf8.prefix(length)))
            connection.finishSending()
            return connection.receiveAll().bytes
        }
        #expect(!String(decoding: answer, as: UTF8.self).contains(" 200 "))
        #expect(try await fixture.ask("GET /now").text == "now")
    }

    @Test("headers of 100,000 bytes are refused", arguments: ["X-Large: ", "Cookie: a="])
    func largeHeaders(name: String) async throws {
        let fixture = try Fixture()
        let port = fixture.port
        let (bytes, accepted) = try await blocking {
            let connection = try RawConnection(port: port)
            let accepted = connection.send(
                "GET /now HTTP/1.1\r\nHost: x\r\n" + name + String(repeating: "a", count: 100_000) + "\r\n\r\n")
            return (connection.receiveAll().bytes, accepted)
        }
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.hasPrefix("HTTP/1.1 431 ") || (bytes.isEmpty && !accepted), "\(text)")
        #expect(try await fixture.ask("GET /now").text == "now")
    }

    @Test("a target of 100,000 bytes and 10,000 headers are refused")
    func largeTarget() async throws {
        let fixture = try Fixture()
        let port = fixture.port
        let replies = try await blocking {
            try [
                "GET /" + String(repeating: "a", count: 100_000) + " HTTP/1.1\r\nHost: x\r\n\r\n",
                "GET /now HTTP/1.1\r\n" + String(repeating: "a: b\r\n", count: 10_000) + "\r\n",
            ].map { request in
                let connection = try RawConnection(port: port)
                connection.send(request)
                return String(decoding: connection.receiveAll().bytes, as: UTF8.self)
            }
        }
        for reply in replies { #expect(reply.isEmpty || reply.hasPrefix("HTTP/1.1 4")) }
        #expect(try await fixture.ask("GET /now").text == "now")
    }

    @Test("a body beyond the limit is refused before it is read, announced or in chunks")
    func largeBody() async throws {
        let fixture = try Fixture { $0.maximumBodyBytes = 1000 }
        let port = fixture.port
        let (announced, chunked, exact) = try await blocking {
            let first = try RawConnection(port: port)
            first.send("PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n")
            let announced = try first.reply()
            let second = try RawConnection(port: port)
            second.send("PUT /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in 0..<40 { second.send("64\r\n" + String(repeating: "x", count: 100) + "\r\n") }
            second.send("0\r\n\r\n")
            let chunked = try second.reply()
            let third = try RawConnection(port: port)
            return (announced, chunked, try third.ask("PUT /echo", body: String(repeating: "x", count: 1000)))
        }
        #expect(announced.status == 413 && chunked.status == 413)
        #expect(exact.status == 200 && exact.body.count == 1000)
    }

    @Test("an endless chunked body is cut")
    func endlessBody() async throws {
        let fixture = try Fixture { $0.maximumBodyBytes = 1000 }
        let port = fixture.port
        let sent = try await blocking {
            let connection = try RawConnection(port: port)
            connection.send("PUT /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
            let chunk = "1000\r\n" + String(repeating: "x", count: 4096) + "\r\n"
            var sent = 0
            while sent < 100_000, connection.send(chunk) { sent += 1 }
            return sent
        }
        #expect(sent < 100_000)
    }

    @Test(
        "nonsense is refused",
        arguments: [
            "\0\0\0\0\r\n\r\n", "GET\r\n\r\n", "GET /now\r\n\r\n", "GET /now HTTP/9.9\r\n\r\n",
            "\u{16}\u{3}\u{1}\u{2}\0\r\n\r\n",
            "PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
            "PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
            "PUT /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            "GET /now HTTP/1.1\r\nHost: x\r\nbroken\r\n\r\n",
        ])
    func nonsense(text: String) async throws {
        let fixture = try Fixture { $0.idleTimeoutSeconds = 1 }
        let port = fixture.port
        let reply = try await blocking {
            let connection = try RawConnection(port: port)
            connection.send(text)
            connection.finishSending()
            return String(decoding: connection.receiveAll().bytes, as: UTF8.self)
        }
        #expect(!reply.hasPrefix("HTTP/1.1 5") || reply.hasPrefix("HTTP/1.1 505"), "\(reply)")
        #expect(try await fixture.ask("GET /now").text == "now")
    }

    @Test("a request that trickles for ever is cut, however busy it looks")
    func trickle() async throws {
        let fixture = try Fixture { $0.requestTimeoutSeconds = 1 }
        let port = fixture.port
        let cut = try await blocking {
            let connection = try RawConnection(port: port)
            connection.send("GET /now HTTP/1.1\r\nHost: x\r\nX: ")
            for _ in 0..<3000 {
                guard connection.send("a") else { return true }
                usleep(10_000)
            }
            return false
        }
        #expect(cut)
        #expect(try await fixture.ask("GET /now").text == "now")
    }

    @Test("clients that leave during a stream or a wait end their work")
    func leavers() async throws {
        let fixture = try Fixture()
        let port = fixture.port
        try await blocking {
            for _ in 0..<20 {
                let stream = try RawConnection(port: port)
                stream.send("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
                _ = stream.receive()
                let never = try RawConnection(port: port)
                never.send("GET /never HTTP/1.1\r\nHost: x\r\n\r\n")
            }
        }
        #expect(try await fixture.ask("GET /later").text == "later")
        fixture.server.stop()
        fixture.server.stop()
    }

    @Test("the task of a client that left is cancelled, and so is a stream that has nothing to say")
    func abandoned() async throws {
        let waits = Mutex(false)
        let streams = Mutex(false)
        var router = HTTPRouter()
        router.on(.get, "/wait") { _ in
            try? await Task.sleep(for: .seconds(3600))
            waits.withLock { $0 = true }
            return HTTPResponse(200)
        }
        router.on(
            .get, "/stream",
            immediate: { _ in
                HTTPResponse(
                    200, headers: [:],
                    body: .stream(length: nil) { writer in
                        try await writer.write([65])
                        try? await Task.sleep(for: .seconds(3600))
                        streams.withLock { $0 = true }
                    })
            })
        let server = try HTTPServer(HTTPServerConfiguration(), router)
        let port = server.port
        try await blocking {
            for path in ["/wait", "/stream"] {
                let connection = try RawConnection(port: port)
                connection.send("GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n")
                if path == "/stream" { _ = connection.receive() }
            }
        }
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline, !(waits.withLock { $0 } && streams.withLock { $0 }) {
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(waits.withLock { $0 } && streams.withLock { $0 })
    }

    @Test("two hundred connections at once are all answered")
    func manyConnections() async throws {
        let fixture = try Fixture()
        let port = fixture.port
        let answered = try await blocking {
            let connections = try (0..<200).map { _ in try RawConnection(port: port) }
            for connection in connections { connection.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n") }
            return try connections.filter { try $0.reply().text == "later" }.count
        }
        #expect(answered == 200)
    }

    @Test("a stop ends every waiting request with 503")
    func stopWhileWaiting() async throws {
        let fixture = try Fixture()
        let port = fixture.port
        let server = fixture.server
        let replies = try await blocking {
            let connections = try (0..<10).map { _ in try RawConnection(port: port) }
            for connection in connections { connection.send("GET /never HTTP/1.1\r\nHost: x\r\n\r\n") }
            while server.statistics.requests < 10 { usleep(1000) }
            server.stop()
            return connections.map { String(decoding: $0.receiveAll().bytes, as: UTF8.self) }
        }
        for reply in replies { #expect(reply.isEmpty || reply.hasPrefix("HTTP/1.1 503")) }
    }
}
