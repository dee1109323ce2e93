// Part of daqd
// SPDX-License-Identifier: MIT
import DAQTransports
import Foundation
import ServerTesting
import Testing

@Suite("HTTP client")
struct HTTPClientTests {
    @Test("a GET brings status, headers and body")
    func get() async throws {
        let server = try RawServer { connection in
            while connection.request() != nil {
                connection.reply("200 OK", #"{"value":1}"#, fields: ["X-Kind:  odd value "])
            }
        }
        let reply = try await HTTPClient().perform(HTTPRequest(.get, server.base + "/a"))
        #expect(reply.status == 200)
        #expect(reply.text == #"{"value":1}"#)
        #expect(reply.field("x-kind") == "odd value")
        #expect(reply.contentLength == 11)
    }

    @Test("a PUT carries its length, leaves in one piece, expects nothing and is not chunked")
    func putShape() async throws {
        let server = try RawServer { connection in
            // The first read returns what came in the first segment.
            let first = connection.read() ?? []
            connection.reply("200 OK", String(decoding: first, as: UTF8.self))
        }
        var request = HTTPRequest(.put, server.base + "/detector/api/1.8.0/config/count_time")
        request.fields = [HTTPField("Content-Type", "application/json")]
        request.body = Array(#"{"value":0.1}"#.utf8)
        let text = try await HTTPClient().perform(request).text
        #expect(text.hasPrefix("PUT /detector/api/1.8.0/config/count_time HTTP/1.1\r\n"))
        #expect(text.contains("Content-Length: 13\r\n"))
        #expect(text.contains("Content-Type: application/json\r\n"))
        #expect(text.hasSuffix("\r\n\r\n{\"value\":0.1}"))
        #expect(!text.contains("Expect"))
        #expect(!text.contains("Transfer-Encoding"))
    }

    @Test("a PUT without a body says Content-Length: 0 and names no type")
    func emptyPut() async throws {
        let server = try RawServer { connection in
            while let text = connection.request() { connection.reply("200 OK", text) }
        }
        let text = try await HTTPClient().perform(HTTPRequest(.put, server.base + "/arm")).text
        #expect(text.contains("Content-Length: 0\r\n"))
        #expect(!text.lowercased().contains("content-type"))
    }

    @Test("HEAD and DELETE", arguments: [HTTPMethod.head, .delete])
    func methods(method: HTTPMethod) async throws {
        let server = try RawServer { connection in
            while connection.request() != nil { connection.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") }
        }
        let reply = try await HTTPClient().perform(HTTPRequest(method, server.base + "/data/f.h5"))
        #expect(reply.status == 200)
        #expect(server.received.first?.hasPrefix("\(method) /data/f.h5 HTTP/1.1\r\n") == true)
    }

    @Test("HEAD keeps the length of the body that it does not bring")
    func headLength() async throws {
        let server = try RawServer { connection in
            while connection.request() != nil {
                connection.write("HTTP/1.1 200 OK\r\nContent-Length: 123456789012\r\n\r\n")
            }
        }
        let reply = try await HTTPClient().perform(HTTPRequest(.head, server.base + "/data/f.h5"))
        #expect(reply.contentLength == 123_456_789_012)
        #expect(reply.body.isEmpty)
    }

    @Test(
        "errors of the server are replies, redirects are not followed",
        arguments: ["404 Not Found", "500 No", "301 Moved"])
    func statuses(status: String) async throws {
        let server = try RawServer { connection in
            while connection.request() != nil {
                connection.reply(status, "line one\nline two", fields: ["Location: /other"])
            }
        }
        let reply = try await HTTPClient().perform(HTTPRequest(.get, server.base + "/x"))
        #expect(reply.status == Int(status.prefix(3)))
        #expect(reply.firstLine == "line one")
        #expect(server.received.count == 1)
    }

    @Test("connections are reused, a fresh one is not")
    func reuse() async throws {
        let server = try RawServer { connection in
            while connection.request() != nil { connection.reply() }
        }
        let client = try HTTPClient()
        for _ in 0..<3 { _ = try await client.perform(HTTPRequest(.get, server.base + "/")) }
        #expect(server.connections == 1)
        var fresh = HTTPRequest(.put, server.base + "/command")
        fresh.freshConnection = true
        for _ in 0..<2 { _ = try await client.perform(fresh) }
        #expect(server.connections == 3)
    }

    @Test("a PUT on a fresh connection is sent exactly once, whatever the server does with it")
    func commandsAreSentOnce() async throws {
        let server = try RawServer { connection in
            while let request = connection.request() {
                if request.hasPrefix("PUT") { return }
                connection.reply()
            }
        }
        let client = try HTTPClient()
        // A kept connection stands when the command is sent: libcurl would reuse it, and repeat the command on a new one.
        _ = try await client.perform(HTTPRequest(.get, server.base + "/status"))
        var command = HTTPRequest(.put, server.base + "/command/trigger")
        command.freshConnection = true
        let error = try await #require(throws: HTTPError.self) { try await client.perform(command) }
        #expect(error.code == .broken)
        #expect(error.wasSent)
        #expect(error.curlCode == 52)
        #expect(error.message.contains("without a reply"))
        // The client still works, and the next request shows that nothing else was under way.
        _ = try await client.perform(HTTPRequest(.get, server.base + "/status"))
        #expect(server.received.filter { $0.hasPrefix("PUT") }.count == 1)
    }

    @Test("cancelling ends a running request and frees its connection")
    func cancellation() async throws {
        let server = try RawServer { connection in
            _ = connection.request()
            connection.waitForClose()
        }
        let client = try HTTPClient()
        var request = HTTPRequest(.put, server.base + "/trigger")
        request.timeouts.total = nil
        let task = Task { try await client.perform(request) }
        try await eventually { server.received.count == 1 }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test("cancelling before the start sends nothing, also when it is waiting for its pool")
    func cancelWaiting() async throws {
        let server = try RawServer { connection in
            _ = connection.request()
            connection.waitForClose()
        }
        let client = try HTTPClient(pools: [.init("one", limit: 1)])
        var request = HTTPRequest(.get, server.base + "/first")
        request.pool = "one"
        request.timeouts.total = nil
        let first = Task { [request] in try await client.perform(request) }
        try await eventually { server.received.count == 1 }
        request.url = server.base + "/second"
        let second = Task { [request] in try await client.perform(request) }
        second.cancel()
        await #expect(throws: CancellationError.self) { try await second.value }
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        #expect(server.received.count == 1)
    }

    @Test("a pool runs no more at once than its limit, and other pools do not wait for it")
    func pools() async throws {
        let server = try RawServer { connection in
            guard let request = connection.request() else { return }
            if request.contains("/slow") { connection.waitForClose() } else { connection.reply() }
        }
        let client = try HTTPClient(pools: [.init("data", limit: 2), .init("control", limit: 1)])
        var slow = HTTPRequest(.get, server.base + "/slow")
        slow.pool = "data"
        slow.timeouts.total = nil
        let tasks = (0..<5).map { _ in Task { [slow] in try await client.perform(slow) } }
        try await eventually { server.received.count == 2 }
        var quick = HTTPRequest(.get, server.base + "/quick")
        quick.pool = "control"
        for _ in 0..<3 { #expect(try await client.perform(quick).status == 200) }
        #expect(server.received.filter { $0.contains("/slow") }.count == 2)
        for task in tasks { task.cancel() }
        for task in tasks { _ = await task.result }
    }

    @Test("waiting in the pool counts towards the time limit")
    func poolTimeout() async throws {
        let server = try RawServer { connection in
            _ = connection.request()
            connection.waitForClose()
        }
        let client = try HTTPClient(pools: [.init("one", limit: 1)])
        var request = HTTPRequest(.get, server.base + "/")
        request.pool = "one"
        request.timeouts.total = nil
        let first = Task { [request] in try await client.perform(request) }
        try await eventually { server.received.count == 1 }
        request.timeouts.total = .milliseconds(100)
        let sent = request
        let error = try await #require(throws: HTTPError.self) { try await client.perform(sent) }
        #expect(error.code == .timeout)
        #expect(!error.wasSent)
        first.cancel()
        _ = await first.result
    }

    @Test(
        "requests that may not be sent",
        arguments: [
            "ftp://127.0.0.1/", "http://127.0.0.1/a b", "http://127.0.0.1/a\r\nX: y", "http://127.0.0.1/\0", "",
            "file:///etc/passwd", "http://127.0.0.1/ä", "http://127.0.0.1/" + String(repeating: "x", count: 9000),
        ])
    func badAddresses(url: String) async throws {
        let error = try await #require(throws: HTTPError.self) {
            try await HTTPClient().perform(HTTPRequest(.get, url))
        }
        #expect(error.code == .request)
    }

    @Test(
        "header fields cannot smuggle lines",
        arguments: [("X\r\nY", "v"), ("X", "v\r\nY: z"), ("", "v"), ("X Y", "v"), ("X", "\0")])
    func badFields(name: String, value: String) async throws {
        var request = HTTPRequest(.get, "http://127.0.0.1:9/")
        request.fields = [HTTPField(name, value)]
        let sent = request
        let error = try await #require(throws: HTTPError.self) { try await HTTPClient().perform(sent) }
        #expect(error.code == .request)
    }
}
