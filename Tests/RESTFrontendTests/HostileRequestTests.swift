// Part of daqd
// SPDX-License-Identifier: MIT

@testable import DAQKernel
import DAQRoutes
import Foundation
import HTTPTesting
@testable import RESTFrontend
import Testing

@Suite("REST and hostile requests")
struct HostileRequestTests {
    @Test("bodies that are not JSON, of every kind, are refused with 400")
    func badJSON() async throws {
        let fixture = try await RESTFixture()
        let good = Array(#"{"value": [1.5e3, "aé\n\u00e9", {"x": null}]}"#.utf8)
        var bodies = (1..<good.count).map { Array(good.prefix($0)) }
        bodies += [
            [0xFF, 0xFE], [0xC3, 0x28], Array(repeating: UInt8(ascii: "["), count: 100_000),
            Array("{\"value\": 1}}".utf8),
        ]
        bodies += [
            "{\"value\": 01}", "{'value': 1}", "{\"value\": 1,}", "{\"value\": \"\u{1}\"}", "{\"value\": \"\\ud800\"}",
            "nul", "-",
        ].map { Array($0.utf8) }
        let port = fixture.port
        let all = bodies
        let statuses = try await blocking {
            let connection = try RawConnection(port: port)
            return try all.map { body in
                connection.send(
                    Array(
                        "PUT /api/v1/devices/eiger1/parameters/detector/config/count_time HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: \(body.count)\r\n\r\n"
                            .utf8) + body)
                return try connection.reply().status
            }
        }
        for (status, body) in zip(statuses, bodies) {
            #expect(status == 400, "\(String(decoding: body.prefix(50), as: UTF8.self))")
        }
        #expect(fixture.countTime.value == 0.1)
    }

    @Test(
        "values of every wrong kind never end in a 500",
        arguments: ["detector/config/count_time", "detector/config/nimages", "enabled", "mode", "roi", "serial"])
    func wrongTypes(name: String) async throws {
        let fixture = try await RESTFixture()
        let values = [
            "null", "true", "-1", "1e400", "-1e400", "18446744073709551616", "9223372036854775808", "1e308", "0.1",
            "\"\"", "\"\\u0000\"", "[]", "[[]]", "[[[1]]]", "{}",
            "{\"a\": 1}", "[1, \"a\"]", "[1e300]", "[2147483648]", "\"9999999999\"", "[null]",
            "[" + String(repeating: "1,", count: 10_000) + "1]",
        ]
        let port = fixture.port
        let statuses = try await blocking {
            let connection = try RawConnection(port: port)
            return try values.map {
                try connection.ask("PUT /api/v1/devices/eiger1/parameters/\(name)", body: "{\"value\": \($0)}").status
            }
        }
        for (status, value) in zip(statuses, values) {
            #expect([200, 400, 422].contains(status), "\(value.prefix(40)) gave \(status)")
        }
    }

    @Test(
        "paths that try to get out lead nowhere",
        arguments: [
            "/api/v1/../../etc/passwd", "/api/v1/devices/../../../etc/passwd", "/api/v1/devices/..%2f..%2fetc%2fpasswd",
            "//api/v1/devices", "/api/v1//devices",
            "/api/v1/devices/eiger1/parameters/../commands/add", "/api/v1/devices/eiger1/parameters//enabled",
            "/api/v1/devices/eiger1/parameters/enabled/",
            "/api/v1/devices/%00", "/api/v1/devices/eiger1/parameters/%ff", "/api/v1/devices/eiger1/parameters/",
            "/api/v1/devices//parameters/enabled",
            "/api/v1/devices/eiger1%00/parameters/enabled", "/API/V1/devices", "/api/v1", "/",
        ])
    func paths(path: String) async throws {
        let reply = try await RESTFixture().ask("GET " + path)
        #expect(reply.status == 404 || reply.status == 400)
        #expect(reply["Content-Type"] == "application/problem+json")
    }

    @Test("headers of 100,000 bytes are refused and the next client is served")
    func largeHeaders() async throws {
        let fixture = try await RESTFixture()
        let port = fixture.port
        let text = try await blocking {
            let connection = try RawConnection(port: port)
            connection.send(
                "GET /api/v1/devices HTTP/1.1\r\nHost: localhost\r\nX: \(String(repeating: "x", count: 100_000))\r\n\r\n"
            )
            return String(decoding: connection.receiveAll().bytes, as: UTF8.self)
        }
        #expect(text.isEmpty || text.hasPrefix("HTTP/1.1 431"))
        #expect(try await fixture.ask("GET /api/v1/devices").status == 200)
    }

    @Test("a body beyond the limit is a problem, too")
    func largeBody() async throws {
        let fixture = try await RESTFixture { $0.server.maximumBodyBytes = 1000 }
        let reply = try await fixture.ask(
            "PUT /api/v1/devices/eiger1/parameters/roi", body: "{\"value\": [\(String(repeating: "1,", count: 1000))1]}"
        )
        #expect(reply.status == 413 && reply["Content-Type"] == "application/problem+json")
    }

    @Test(
        "methods that a resource does not have",
        arguments: [
            ("DELETE /api/v1/devices", "GET, HEAD"),
            ("PATCH /api/v1/devices/eiger1/parameters/enabled", "GET, HEAD, PUT"),
            ("POST /api/v1/devices/eiger1/parameters/enabled", "GET, HEAD, PUT"),
        ])
    func methods(request: String, allowed: String) async throws {
        let reply = try await RESTFixture().ask(request)
        #expect(reply.status == 405 && reply["Allow"] == allowed)
    }
}
