// Part of daqd
// SPDX-License-Identifier: MIT

@testable import DAQKernel
import Foundation
import HTTPTesting
@testable import RESTFrontend
import Testing

@Suite("REST names")
struct NameResourceTests {
    static let base = "/api/v1/devices/eiger1/names"

    /// A device with one set: a time under its old name in milliseconds, a command, a choice with other words.
    private func fixture() async throws -> RESTFixture {
        let fixture = try await RESTFixture()
        fixture.node.set(nameSets: [
            NameSet(
                "old", summary: "What the old clients know",
                entries: [
                    NameEntry("CountTime", .parameter("detector/config/count_time")) { entry in
                        entry.scale = 1000
                        entry.unit = "ms"
                        entry.precision = 3
                    },
                    NameEntry("CountTime_RBV", .parameter("detector/config/count_time")) { $0.access = .read },
                    NameEntry("Shutter", .parameter("mode")) { $0.labels = ["open": "Open", "closed": "Closed"] },
                    NameEntry("Invert", .command("invert")) { $0.completion = .operation },
                    NameEntry("Fail", .command("away")) { entry in
                        entry.type = .enumeration(["Off", "On"])
                        entry.completion = .operation
                    },
                    NameEntry("group/Later", .parameter("later")) { $0.initial = .float(-1) },
                ])
        ])
        return fixture
    }

    @Test("the sets of a device, and a set with all its names")
    func lists() async throws {
        let fixture = try await fixture()
        let sets = try await fixture.json("GET " + Self.base).json
        #expect(sets["name_sets"]?.array?.first?["name"] == "old")
        #expect(sets["name_sets"]?.array?.first?["links"]?["self"]?.string == Self.base + "/old")
        let names = try await fixture.json("GET \(Self.base)/old").json["names"]?.array ?? []
        #expect(
            names.compactMap { $0["name"]?.string } == [
                "CountTime", "CountTime_RBV", "Shutter", "Invert", "Fail", "group/Later",
            ])
        #expect(try await fixture.json("GET \(Self.base)/none").status == 404)
        #expect(try await fixture.json("GET \(Self.base)/old/Nothing").status == 404)
    }

    @Test("a name shows and takes what the set makes of the parameter")
    func converts() async throws {
        let fixture = try await fixture()
        let (status, json) = try await fixture.json("GET \(Self.base)/old/CountTime")
        #expect(status == 200)
        #expect(json["value"] == 100.0 && json["unit"] == "ms" && json["precision"] == 3)
        #expect(json["limits"]?["high"]?.double == 3_600_000)
        let written = try await fixture.json("PUT \(Self.base)/old/CountTime", body: #"{"value": 250}"#)
        #expect(written.status == 200 && written.json["value"] == 250.0)
        #expect(fixture.countTime.value == 0.25)
        #expect(try await fixture.json("PUT \(Self.base)/old/CountTime", body: #"{"value": 1e9}"#).status == 422)
        #expect(try await fixture.json("PUT \(Self.base)/old/CountTime_RBV", body: #"{"value": 1}"#).status >= 400)
        #expect(fixture.countTime.value == 0.25)
        #expect(
            try await fixture.json("PUT \(Self.base)/old/Shutter", body: #"{"value": "Open"}"#).json["value"] == "Open")
        #expect(fixture.node.parameter("mode")?.sample.value == .string("open"))
    }

    @Test("a write of a command's name answers when the command has ended, with its error when it failed")
    func commands() async throws {
        let fixture = try await fixture()
        let off = try await fixture.json("PUT \(Self.base)/old/Fail", body: #"{"value": "Off"}"#)
        #expect(off.status == 200 && off.json["command"] == true)
        let failed = try await fixture.json("PUT \(Self.base)/old/Fail", body: #"{"value": "On"}"#)
        #expect(failed.status == 409)
        #expect(failed.json["code"] == "wrongState" && failed.json["vendor_code"] == 409)
    }

    @Test("a parameter that comes later is bound when it comes, and its metadata are always the present ones")
    func follows() async throws {
        let fixture = try await fixture()
        let path = "GET \(Self.base)/old/group/Later"
        let before = try await fixture.json(path).json
        #expect(before["value"] == -1.0 && before["alarm"]?["severity"] == "invalid")
        let later = Parameter("later", "Comes later", unit: "V", initial: 5.0)
        try fixture.node.add(later)
        #expect(try await fixture.json(path).json["value"] == 5.0)
        #expect(try await fixture.json("GET \(Self.base)/old/group%2FLater").json["unit"] == "V")
        later.updateMetadata { $0.unit = "mV" }
        #expect(try await fixture.json(path).json["unit"] == "mV")
    }

    @Test(
        "bodies that are no value are refused",
        arguments: ["", "1", "[]", #"{"valu": 1}"#, #"{"value": 1, "x": 2}"#, "{", #"{"value": "x"}"#])
    func refuses(body: String) async throws {
        let fixture = try await fixture()
        let (status, _) = try await fixture.json("PUT \(Self.base)/old/CountTime", body: body)
        #expect((400...499).contains(status))
        #expect(fixture.countTime.value == 0.1)
    }
}
