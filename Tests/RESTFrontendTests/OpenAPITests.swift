// Part of daqd
// SPDX-License-Identifier: MIT

@testable import DAQKernel
import Foundation
import HTTPTesting
@testable import RESTFrontend
import Testing

@Suite("REST description and metrics")
struct OpenAPITests {
    @Test("the document lists every member with its type and limits, and follows the tree")
    func document() async throws {
        let fixture = try await RESTFixture()
        let document = try await fixture.json("GET /api/v1/openapi.json").json
        #expect(document["openapi"] == "3.1.0")
        let paths = document["paths"]
        let path = "/api/v1/devices/eiger1/parameters/detector/config/count_time"
        let body = paths?[path]?["put"]?["requestBody"]?["content"]?["application/json"]?["schema"]?["properties"]?[
            "value"]
        #expect(body?["type"] == "number" && body?["minimum"]?.double == 0.000003 && body?["maximum"]?.double == 3600)
        #expect(paths?["/api/v1/devices/eiger1/parameters/detector/status/state"]?["put"] == nil)
        #expect(paths?["/api/v1/devices/eiger1/commands/add"]?["post"] != nil)
        let ids = (paths?.members ?? []).flatMap { ($0.1.members ?? []).compactMap { $0.1["operationId"]?.string } }
        #expect(Set(ids).count == ids.count && ids.count > 40)
        try fixture.node.add(Parameter<Double>("late", "Found later", initial: 1))
        let later = try await fixture.json("GET /api/v1/openapi.json").json
        #expect(later["paths"]?["/api/v1/devices/eiger1/parameters/late"] != nil)
    }

    @Test("a device with very many members is described by templates")
    func many() async throws {
        let fixture = try await RESTFixture()
        for number in 0..<2100 {
            try fixture.node.add(Parameter<Double>("channel/\(number)", "One of many", initial: 0))
        }
        let paths = try await fixture.json("GET /api/v1/openapi.json").json["paths"]
        #expect(paths?["/api/v1/devices/{device}/parameters/{name}"]?["put"] != nil)
        #expect(paths?["/api/v1/devices/eiger1/parameters/channel/5"] == nil)
        #expect(
            try await fixture.json("GET /api/v1/devices/eiger1/parameters").json["parameters"]?.array?.count == 2108)
    }

    @Test("metrics are Prometheus text")
    func metrics() async throws {
        let fixture = try await RESTFixture()
        _ = try await fixture.ask("GET /nothing")
        let slow = ["10.0.0.7:40312 al\\ice@\"pc\"", "10.0.0.8:1 bob@pc\n"]
        for (frontend, names) in [("ca", slow), ("cb", [])] {
            let metadata = ParameterMetadata("Who is slow", type: .strings(capacity: 16))
            let specification = ParameterSpec("frontends/\(frontend)/slow_client", metadata)
            try fixture.site.daemon.add(Parameter<DataValue>(specification, initial: .strings(names)))
        }
        let circuits = ParameterSpec(
            "frontends/ca/circuit", ParameterMetadata("Circuits", type: .strings(capacity: 16)))
        try fixture.site.daemon.add(Parameter<DataValue>(circuits, initial: .strings(slow)))
        let reply = try await fixture.ask("GET /metrics")
        #expect(reply["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8")
        let line =
            /(#\ (HELP|TYPE)\ [a-z_]+\ .+|[a-z_]+(\{[a-z_]+="([^"\\]|\\.)*"(,[a-z_]+="([^"\\]|\\.)*")*\})?\ (NaN|[+-]?[0-9.e+-]+|[+-]Inf))/
        for text in reply.text.split(separator: "\n") { #expect(text.wholeMatch(of: line) != nil, "\(text)") }
        #expect(reply.text.contains("daqd_device_connected{device=\"eiger1\",type=\"fake\"} 1.0\n"))
        #expect(reply.text.contains("daqd_frontend_failures{frontend=\"rest\"} 1.0\n"))
        #expect(reply.text.contains("daqd_uptime_seconds "))
        #expect(!reply.text.contains("daqd_frontend_circuit{"), "each connection would begin a new series")
        #expect(
            reply.text.contains(
                """
                # TYPE daqd_frontend_slow_client untyped
                daqd_frontend_slow_client{frontend="ca",client="10.0.0.7:40312 al\\\\ice@\\"pc\\""} 1.0
                daqd_frontend_slow_client{frontend="ca",client="10.0.0.8:1 bob@pc\\n"} 1.0

                """))
    }

    @Test("ready says whether the site is")
    func ready() async throws {
        let fixture = try await RESTFixture()
        fixture.site.ended()
        #expect(try await fixture.ask("GET /readyz").status == 503)
        #expect(try await fixture.ask("GET /healthz").status == 200)
    }

    @Test("names are the paths that clients use")
    func names() async throws {
        let fixture = try await RESTFixture()
        let names = fixture.frontend.names()
        #expect(names.contains { $0.name == "/api/v1/devices/eiger1/parameters/enabled" && $0.type == "bool" })
        for name in names where name.type != "command" {
            #expect(try await fixture.ask("GET " + name.name).status == 200)
        }
    }
}
