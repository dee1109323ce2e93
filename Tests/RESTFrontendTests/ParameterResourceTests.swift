// Part of daqd
// SPDX-License-Identifier: MIT

@testable import DAQKernel
import Foundation
import HTTPTesting
@testable import RESTFrontend
import Testing

@Suite("REST parameters")
struct ParameterResourceTests {
    static let countTime = "/api/v1/devices/eiger1/parameters/detector/config/count_time"

    @Test("a parameter shows value, time, alarm and all that is known of it; slashes may be escaped")
    func read() async throws {
        let fixture = try await RESTFixture()
        for path in [Self.countTime, "/api/v1/devices/eiger1/parameters/detector%2Fconfig/count_time"] {
            let (status, json) = try await fixture.json("GET " + path)
            #expect(status == 200)
            #expect(
                json["value"] == 0.1 && json["unit"] == "s" && json["type"] == "float64"
                    && json["access"] == "read_write")
            #expect(json["limits"]?["low"]?.double == 0.000003 && json["limits"]?["high"]?.double == 3600)
            #expect(json["alarm"]?["severity"] == "none" && json["precision"] == 6)
            #expect(json["links"]?["self"]?.string == Self.countTime)
            let time = try #require(json["timestamp"]?.string)
            #expect(Timestamp(parsing: time) == fixture.countTime.sample.timestamp)
        }
    }

    @Test("a change is seen at once, also one of the metadata")
    func fresh() async throws {
        let fixture = try await RESTFixture()
        _ = try await fixture.json("GET " + Self.countTime)
        fixture.countTime.publish(2.5)
        #expect(try await fixture.json("GET " + Self.countTime).json["value"] == 2.5)
        fixture.countTime.updateMetadata { $0.unit = "ms" }
        #expect(try await fixture.json("GET " + Self.countTime).json["unit"] == "ms")
        fixture.node.remove("detector/config/count_time")
        #expect(try await fixture.json("GET " + Self.countTime).status == 404)
    }

    @Test("numbers that JSON cannot say, values never published and a device that is away are told honestly")
    func truth() async throws {
        let fixture = try await RESTFixture()
        fixture.countTime.publish(.nan)
        #expect(try await fixture.json("GET " + Self.countTime).json["value"] == .null)
        let never = try await fixture.json("GET /api/v1/devices/eiger1/parameters/never").json
        #expect(never["timestamp"] == .null && never["alarm"]?["status"] == "undefined")
        #expect(try await fixture.json("GET /api/v1/devices/eiger1/parameters/serial").json["value"] == .unsigned(.max))
        fixture.node.set(.disconnected("10.0.0.1:80 does not answer"))
        let away = try await fixture.json("GET " + Self.countTime).json
        #expect(away["alarm"]?["severity"] == "invalid" && away["alarm"]?["message"] == "10.0.0.1:80 does not answer")
    }

    @Test(
        "writes are taken and shown",
        arguments: [
            ("detector/config/count_time", "0.25", JSON.number(0.25)), ("detector/config/count_time", "1", .number(1)),
            ("detector/config/nimages", "7", .integer(7)), ("detector/config/nimages", "7.0", .integer(7)),
            ("enabled", "true", .bool(true)), ("mode", "\"open\"", .string("open")), ("mode", "2", .string("moving")),
            ("roi", "[1, 2]", .array([.integer(1), .integer(2)])), ("serial", "18446744073709551615", .unsigned(.max)),
        ])
    func write(name: String, value: String, expected: JSON) async throws {
        let fixture = try await RESTFixture()
        let (status, json) = try await fixture.json(
            "PUT /api/v1/devices/eiger1/parameters/" + name, body: "{\"value\": \(value)}")
        #expect(status == 200)
        #expect(json["value"] == expected)
    }

    @Test(
        "what cannot be written is refused with a problem that says why",
        arguments: [
            ("detector/config/count_time", #"{"value": 3601}"#, 422, "3600"),
            ("detector/config/count_time", #"{"value": "1"}"#, 422, "not a text"),
            ("detector/config/count_time", #"{"value": true}"#, 422, "truth"),
            ("detector/config/count_time", #"{"value": null}"#, 422, "nothing"),
            ("detector/config/count_time", #"{"valu": 1}"#, 422, "valu"),
            ("detector/config/count_time", #"{"value": 1, "x": 2}"#, 422, "x"),
            ("detector/config/count_time", "1", 400, "object"), ("detector/config/count_time", "", 400, "object"),
            ("detector/config/count_time", "{\"value\": 1", 400, "JSON"),
            ("detector/config/count_time", "{\"value\": NaN}", 400, "JSON"),
            ("detector/config/nimages", #"{"value": 1.5}"#, 422, "whole"),
            ("detector/config/nimages", #"{"value": 99999999999}"#, 422, "fit"),
            ("detector/config/nimages", #"{"value": 13}"#, 409, "does not like 13"),
            ("enabled", #"{"value": 1}"#, 422, "true or false"),
            ("mode", #"{"value": "shut"}"#, 422, "closed, open"), ("roi", #"{"value": [[1], [2, 3]]}"#, 422, "rows"),
            ("detector/status/state", #"{"value": "busy"}"#, 405, "cannot be written"),
            ("nothing/here", #"{"value": 1}"#, 404, "no parameter"),
        ])
    func refuse(name: String, body: String, status: Int, text: String) async throws {
        let fixture = try await RESTFixture()
        let reply = try await fixture.ask("PUT /api/v1/devices/eiger1/parameters/" + name, body: body)
        #expect(reply.status == status)
        #expect(reply["Content-Type"] == "application/problem+json")
        let problem = try JSON(parsing: reply.body)
        #expect(
            problem["status"]?.integer == Int64(status)
                && problem["instance"]?.string == "/api/v1/devices/eiger1/parameters/" + name)
        #expect(problem["detail"]?.string?.contains(text) == true, "\(problem.text)")
        if status == 405 { #expect(reply["Allow"] == "GET, HEAD") }
        if status == 409 { #expect(problem["vendor_code"] == 500 && problem["vendor_text"] == "bad luck") }
    }

    @Test("lists hold everything below a prefix")
    func list() async throws {
        let fixture = try await RESTFixture()
        let all = try await fixture.json("GET /api/v1/devices/eiger1/parameters").json["parameters"]?.array ?? []
        #expect(all.count == 8)
        let some = try await fixture.json("GET /api/v1/devices/eiger1/parameters?prefix=detector/config/").json[
            "parameters"]?.array
        #expect(some?.compactMap { $0["name"]?.string } == ["detector/config/count_time", "detector/config/nimages"])
        let group = try await fixture.json("GET /api/v1/devices/eiger1/parameters/detector/config")
        #expect(group.status == 404 && group.json["detail"]?.string?.contains("?prefix=detector/config/") == true)
    }

    @Test("devices, their members and the site are linked")
    func devices() async throws {
        let fixture = try await RESTFixture()
        let index = try await fixture.json("GET /api/v1/").json
        for (_, link) in index["links"]?.members ?? [] where link != "/api/v1/events" {
            #expect(try await fixture.ask("GET " + (link.string ?? "")).status == 200)
        }
        let devices = try await fixture.json("GET /api/v1/devices").json["devices"]?.array ?? []
        #expect(devices.compactMap { $0["name"]?.string } == ["daqd", "eiger1"])
        #expect(devices.last?["state"] == "connected")
        let device = try await fixture.json("GET /api/v1/devices/eiger1").json
        #expect(device["commands"]?.array?.count == 6 && device["parameters"]?.array?.count == 8)
        #expect(try await fixture.ask("GET /api/v1/devices/eiger2").status == 404)
    }

    @Test("a frontend shows only the devices that it is told to show")
    func choice() async throws {
        let fixture = try await RESTFixture { $0.devices = ["daqd"] }
        #expect(try await fixture.ask("GET " + Self.countTime).status == 404)
        #expect(try await fixture.json("GET /api/v1/devices").json["devices"]?.array?.count == 1)
    }
}
