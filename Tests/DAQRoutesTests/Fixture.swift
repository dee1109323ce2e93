// Part of daqd
// SPDX-License-Identifier: MIT

import DAQRoutes
import Foundation
import HTTPTesting

/// A server with a route of every kind on a free port.
struct Fixture {
    let server: HTTPServer
    var port: Int { server.port }

    init(_ change: (inout HTTPServerConfiguration) -> Void = { _ in }) throws {
        var configuration = HTTPServerConfiguration()
        configuration.idleTimeoutSeconds = 20
        change(&configuration)
        server = try HTTPServer(configuration, Self.router())
    }

    static func router() -> HTTPRouter {
        var router = HTTPRouter()
        router.on(.get, "/now", immediate: { _ in HTTPResponse(200, type: "text/plain", text: "now") })
        router.on(.get, "/later") { _ in
            await Task.yield()
            return HTTPResponse(200, type: "text/plain", text: "later")
        }
        router.on(.get, "/never") { _ in
            try await Task.sleep(for: .seconds(3600))
            return HTTPResponse(200)
        }
        router.on(
            .get, "/items/:item/parts/*",
            immediate: { request in
                HTTPResponse(
                    200, type: "text/plain", text: request.capture("item") + "|" + request.rest.joined(separator: "|"))
            })
        router.on(
            .get, "/items/literal/parts/*", immediate: { _ in HTTPResponse(200, type: "text/plain", text: "literal") })
        router.on(.get, "/folder/", immediate: { _ in HTTPResponse(200, type: "text/plain", text: "folder") })
        router.on(
            .get, "/query",
            immediate: { request in
                HTTPResponse(
                    200, type: "text/plain", text: request.query.map { $0.name + "=" + $0.value }.joined(separator: ";")
                )
            })
        router.on(
            .get, "/headers",
            immediate: { request in
                HTTPResponse(200, type: "text/plain", text: request.headers["X-Test"] ?? "none")
            })
        router.on(.put, "/echo", immediate: { request in HTTPResponse(200, type: "text/plain", bytes: request.body) })
        router.on(
            .get, "/exact",
            immediate: { _ in
                HTTPResponse(
                    200, headers: ["content-type": "application/json; charset=utf-8", "X-b": "1", "X-A": "2"],
                    body: .text("{}"))
            })
        router.on(.get, "/gone", immediate: { _ in .disconnect })
        router.on(
            .get, "/half",
            immediate: { _ in
                HTTPResponse(
                    200, headers: [:],
                    body: .stream(length: 100) { writer in
                        try await writer.write(Array("0123456789".utf8))
                        writer.cut()
                    })
            })
        router.on(
            .get, "/stream",
            immediate: { request in
                let count = Int(request.query("n") ?? "") ?? 3
                return HTTPResponse(
                    200, headers: ["Content-Type": "text/plain"],
                    body: .stream(length: nil) { writer in
                        for number in 0..<count { try await writer.write(Array("line \(number)\n".utf8)) }
                    })
            })
        router.on(
            .get, "/endless",
            immediate: { _ in
                HTTPResponse(
                    200, headers: [:],
                    body: .stream(length: nil) { writer in
                        while true { try await writer.write([UInt8](repeating: 65, count: 8192)) }
                    })
            })
        router.on(.get, "/throws", immediate: { _ in throw HTTPFailure(409, "it is busy") })
        router.on(.get, "/crashes", immediate: { _ in throw CancellationError() })
        return router
    }

    /// Sends one request and returns the reply.
    func ask(_ request: String, body: String = "") async throws -> RawReply {
        let port = port
        return try await blocking { try RawConnection(port: port).ask(request, body: body) }
    }
}
