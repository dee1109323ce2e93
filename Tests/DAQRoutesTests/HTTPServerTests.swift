// Part of daqd
// SPDX-License-Identifier: MIT

import DAQRoutes
import Foundation
import HTTPTesting
import Testing

@Suite("HTTP server")
struct HTTPServerTests {
    @Test("answers at once and later, keeps the connection, counts")
    func keepAlive() async throws {
        let fixture = try Fixture()
        let port = fixture.port
        let texts = try await blocking {
            let connection = try RawConnection(port: port)
            return try (0..<20).map { try connection.ask($0 % 2 == 0 ? "GET /now" : "GET /later").text }
        }
        #expect(texts == (0..<20).map { $0 % 2 == 0 ? "now" : "later" })
        #expect(fixture.server.statistics.accepted == 1)
        #expect(fixture.server.statistics.requests == 20)
    }

    @Test("headers go out as written, with Date and Content-Length and nothing else, in one segment")
    func exact() async throws {
        let fixture = try Fixture()
        let port = fixture.port
        let first = try await blocking {
            let connection = try RawConnection(port: port)
            connection.send("GET /exact HTTP/1.1\r\nHost: x\r\n\r\n")
            return connection.receive() ?? []
        }
        let text = String(decoding: first, as: UTF8.self)
        let lines = text.components(separatedBy: "\r\n")
        #expect(lines.count == 8)
        #expect(lines.first == "HTTP/1.1 200 OK")
        let own = lines.filter { !$0.hasPrefix("Date: ") }
        #expect(
            own.dropFirst().sorted()
                == ["", "Content-Length: 2", "X-A: 2", "X-b: 1", "content-type: application/json; charset=utf-8", "{}"]
                .sorted())
        let order = ["content-type", "X-b", "X-A"].map { name in lines.firstIndex { $0.hasPrefix(name) } ?? -1 }
        #expect(order == order.sorted() && order[0] > 0)
    }

    @Test("HEAD states the length and sends no body")
    func head() async throws {
        let fixture = try Fixture()
        let reply = try await fixture.ask("HEAD /now")
        #expect(reply.status == 200 && reply["Content-Length"] == "3" && reply.body.isEmpty)
        let stream = try await fixture.ask("HEAD /half")
        #expect(stream.status == 200 && stream["Content-Length"] == "100")
    }

    @Test(
        "paths are split before they are decoded, and dots are only text",
        arguments: [
            ("/items/a/parts/b/c", "a|b|c"), ("/items/a%2Fb/parts/c", "a/b|c"),
            ("/items/../parts/..%2f..%2fetc", "..|../../etc"),
            ("/items/literal/parts/x", "literal"), ("/items/%C3%A9/parts/", "é|"),
            ("http://host:1/items/a/parts/b", "a|b"),
        ])
    func paths(target: String, expected: String) async throws {
        let reply = try await Fixture().ask("GET " + target)
        #expect(reply.status == 200)
        #expect(reply.text == expected)
    }

    @Test(
        "what no route fits",
        arguments: [
            ("GET /", 404), ("GET /folder", 404), ("GET /folder/", 200), ("GET /now/", 404), ("GET //now", 404),
            ("GET /items//parts/x", 404), ("GET /items/a/parts", 404), ("DELETE /now", 405), ("GET /%zz", 400),
            ("GET /%00", 400), ("GET /%ff", 400), ("GET /%4", 400), ("GET /query?a=%", 400), ("GET *", 404),
            ("BREW /now", 405), ("GET /throws", 409), ("GET /crashes", 500), ("GET /etc/passwd", 404),
            ("GET /../../etc/passwd", 404),
        ])
    func refusals(request: String, status: Int) async throws {
        let reply = try await Fixture().ask(request)
        #expect(reply.status == status)
        if status == 405 { #expect(reply["Allow"] == "GET, HEAD") }
    }

    @Test("the query is decoded in order")
    func query() async throws {
        let reply = try await Fixture().ask("GET /query?a=1&b=x%20y+z&c&a=%26")
        #expect(reply.text == "a=1;b=x y z;c=;a=&")
    }

    @Test("bodies with a length, in chunks and in single bytes arrive whole")
    func bodies() async throws {
        let fixture = try Fixture()
        let port = fixture.port
        #expect(try await fixture.ask("PUT /echo", body: "{\"value\": 1}").text == "{\"value\": 1}")
        let chunked = try await blocking {
            let connection = try RawConnection(port: port)
            for byte in Array(
                "PUT /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
                    .utf8)
            {
                connection.send([byte])
            }
            return try connection.reply().text
        }
        #expect(chunked == "abcde")
    }

    @Test("streams arrive whole and end; with a length that was not reached the connection is cut")
    func streams() async throws {
        let fixture = try Fixture()
        let port = fixture.port
        let (whole, half, gone) = try await blocking {
            let stream = try RawConnection(port: port)
            stream.send("GET /stream?n=20000 HTTP/1.0\r\n\r\n")
            let half = try RawConnection(port: port)
            half.send("GET /half HTTP/1.1\r\nHost: x\r\n\r\n")
            let gone = try RawConnection(port: port)
            gone.send("GET /gone HTTP/1.1\r\nHost: x\r\n\r\n")
            return (stream.receiveAll().bytes, half.receiveAll().bytes, gone.receiveAll().bytes)
        }
        let expected = (0..<20000).map { "line \($0)\n" }.joined()
        #expect(String(decoding: whole, as: UTF8.self).hasSuffix("\r\n\r\n" + expected))
        #expect(String(decoding: half, as: UTF8.self).hasSuffix("\r\n\r\n0123456789"))
        #expect(gone.isEmpty)
    }

    @Test("a second server on the same port is refused with a reason")
    func portInUse() throws {
        let fixture = try Fixture()
        let error = #expect(throws: HTTPServerError.self) { try Fixture { $0.port = fixture.port } }
        #expect(error?.description.contains("port \(fixture.port)") == true)
    }

    @Test("listens on IPv6 loopback")
    func ipv6() throws {
        let fixture = try Fixture { $0.address = "::1" }
        #expect(fixture.port > 0)
    }
}
