// Part of daqd
// SPDX-License-Identifier: MIT

@testable import DAQKernel
import Foundation
import HTTPTesting
@testable import RESTFrontend
import Testing

@Suite("REST commands and operations")
struct CommandResourceTests {
    static let base = "/api/v1/devices/eiger1/commands/"

    @Test(
        "arguments come by name, by position or not at all",
        arguments: [(#"{"a": 2, "b": 3}"#, 5.0), (#"{"a": 2}"#, 3.0), ("[2, 5]", 7.0), ("[4]", 5.0)])
    func arguments(body: String, sum: Double) async throws {
        let (status, json) = try await RESTFixture().json("POST \(Self.base)add", body: body)
        #expect(status == 200)
        #expect(json["state"] == "succeeded" && json["result"]?.double == sum && json["progress"]?.double == 1)
    }

    @Test(
        "calls that cannot be are refused before anything starts",
        arguments: [
            ("add", "", 422, "“a” is missing"), ("add", #"{"c": 1}"#, 422, "no argument “c”"),
            ("add", #"{"a": "x"}"#, 422, "refused a"),
            ("add", "[1, 2, 3]", 422, "takes 2"), ("add", #"{"a": 1e10}"#, 422, "accepts"),
            ("add", "7", 422, "by name"),
            ("add", "{", 400, "JSON"), ("invert", #"{"flag": 1}"#, 422, "true or false"),
            ("nothing", "", 404, "no command"),
            ("add?wait=x", #"{"a": 1}"#, 400, "wait"), ("add?wait=-1", #"{"a": 1}"#, 400, "wait"),
            ("add?wait=1e9", #"{"a": 1}"#, 400, "wait"),
            ("add?wait=1&wait=2", #"{"a": 1}"#, 400, "twice"), ("add?hurry=1", #"{"a": 1}"#, 400, "hurry"),
            ("add?wait=nan", #"{"a": 1}"#, 400, "wait"),
        ])
    func refuse(name: String, body: String, status: Int, text: String) async throws {
        let fixture = try await RESTFixture()
        let reply = try await fixture.json("POST \(Self.base)\(name)", body: body)
        #expect(reply.status == status)
        #expect(reply.json["detail"]?.string?.contains(text) == true, "\(reply.json.text)")
        #expect(fixture.site.operations.all.isEmpty)
    }

    @Test("a command that fails says so with its own words")
    func failing() async throws {
        let reply = try await RESTFixture().json("POST \(Self.base)away")
        #expect(reply.status == 409 && reply.json["code"] == "wrongState" && reply.json["vendor_code"] == 409)
    }

    @Test("a long command goes on as an operation that can be polled, waited for and cancelled")
    func long() async throws {
        let fixture = try await RESTFixture()
        let started = try await fixture.ask("POST \(Self.base)group/slow?wait=0.05")
        #expect(started.status == 202)
        let location = try #require(started["Location"])
        let running = try await fixture.json("GET " + location)
        #expect(
            running.json["state"] == "running" && running.json["message"] == "half-way"
                && running.json["ended"] == .null)
        #expect(try await fixture.json("GET /api/v1/operations?state=running").json["operations"]?.array?.count == 1)
        #expect(try await fixture.json("GET /api/v1/operations?device=daqd").json["operations"]?.array?.isEmpty == true)
        #expect(try await fixture.ask("POST \(location)/cancel").status == 202)
        let ended = try await fixture.json("GET \(location)?wait=20").json
        #expect(ended["state"] == "cancelled" && ended["error"]?["code"] == "cancelled")
        #expect(try await fixture.ask("POST \(location)/cancel").status == 200)
    }

    @Test("an answer comes with the end, not with the end of the wait")
    func prompt() async throws {
        let fixture = try await RESTFixture()
        let reply = try await fixture.json("POST \(Self.base)group/slow?wait=20", body: #"{"seconds": 0.05}"#)
        #expect(reply.status == 200 && reply.json["state"] == "succeeded")
    }

    @Test("a large result comes once, with the answer, or with the operation while it is kept; lists do without")
    func largeResult() async throws {
        let fixture = try await RESTFixture()
        let (_, small) = try await fixture.json("POST \(Self.base)text", body: "[65536]")
        #expect(small["result"]?.string?.count == 65536 && small["result_omitted"] == false)
        let (_, large) = try await fixture.json("POST \(Self.base)text", body: "[65537]")
        #expect(large["result"]?.string?.count == 65537 && large["result_omitted"] == false)
        let started = try await fixture.ask("POST \(Self.base)text?wait=0", body: "[65538]")
        let location = try #require(started["Location"])
        for _ in 0..<2 {
            let (_, kept) = try await fixture.json("GET \(location)?wait=20")
            #expect(kept["result"]?.string?.count == 65538 && kept["result_omitted"] == false)
        }
        let (_, list) = try await fixture.json("GET /api/v1/operations")
        let operations = try #require(list["operations"]?.array)
        #expect(operations.map { $0["result_omitted"] } == [true, true, false])
        #expect(operations.map { $0["result"]?.string?.count } == [nil, nil, 65536])
    }

    @Test("a command that ends with its caller is cancelled when the client leaves")
    func leaving() async throws {
        let fixture = try await RESTFixture()
        let port = fixture.port
        try await blocking {
            let connection = try RawConnection(port: port)
            connection.send(
                "POST \(Self.base)group/tied?wait=20 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
        }
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline, fixture.site.operations.all.first?.status.state != .cancelled {
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(fixture.site.operations.all.first?.status.state == .cancelled)
    }

    @Test("commands are described", arguments: ["add", "group/slow", "group%2Fslow"])
    func describe(name: String) async throws {
        let (status, json) = try await RESTFixture().json("GET \(Self.base)\(name)")
        #expect(status == 200)
        #expect(json["arguments"]?.array?.isEmpty == false && json["busy"] == false)
    }

    @Test(
        "operations that never were", arguments: ["0", "999999", "x", "-1", "1.5", "../1", "99999999999999999999999"])
    func unknown(id: String) async throws {
        #expect(try await RESTFixture().ask("GET /api/v1/operations/\(id)").status == 404)
    }
}
