// Part of daqd
// SPDX-License-Identifier: MIT

@testable import DAQKernel
import Foundation
import HTTPTesting
@testable import RESTFrontend
import Testing

@Suite("REST acquisitions, artifacts and runs")
struct AcquisitionResourceTests {
    /// An acquisition that ended with one file.
    private func series(_ fixture: RESTFixture, _ name: String, bytes: [UInt8] = [1, 2, 3]) async throws
        -> AcquisitionRecord
    {
        let path = fixture.directory.path(name + "_master.h5")
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        var plan = AcquisitionPlan(named: name)
        plan.expected = 2
        plan.configuration = .object([("count_time", 0.1)])
        return try await fixture.site.acquisitions.acquisitions(of: "eiger1").run(plan) { acquisition in
            try await acquisition.armed()
            try await acquisition.acquiring()
            acquisition.frames(2)
            try await acquisition.finishing()
            try await acquisition.add(Artifact(path: path, role: .master, size: Int64(bytes.count)))
        }
    }

    @Test("an acquisition shows its frames, files and links; a run its configuration too")
    func one() async throws {
        let fixture = try await RESTFixture()
        let record = try await series(fixture, "lysozyme")
        let (status, json) = try await fixture.json("GET /api/v1/acquisitions/\(record.id)")
        #expect(status == 200)
        #expect(json["state"] == "done" && json["received"] == 2 && json["missing"] == 0 && json["name"] == "lysozyme")
        let file = json["artifacts"]?.array?.first
        #expect(file?["name"] == "lysozyme_master.h5" && file?["size"] == 3)
        let run = try await fixture.json("GET /api/v1/runs/\(record.id)").json
        #expect(run["configuration"]?["count_time"] == 0.1 && run["post_operations"]?.array?.isEmpty == true)
        #expect(try await fixture.json("GET /api/v1/runs").json["runs"]?.array?.first?["frames"] == "2 of 2 frames")
    }

    @Test("files are downloaded whole and in parts, and only those that the run log names")
    func download() async throws {
        let fixture = try await RESTFixture()
        let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 7 ^ $0 >> 9) }
        let record = try await series(fixture, "big file", bytes: bytes)
        try Data([9]).write(to: URL(fileURLWithPath: fixture.directory.path("secret.txt")))
        let base = "/api/v1/acquisitions/\(record.id)/artifacts/"
        let link = try await fixture.json("GET " + base.dropLast()).json["artifacts"]?.array?.first?["links"]?["self"]?
            .string
        let path = try #require(link)
        let whole = try await fixture.ask("GET " + path)
        #expect(whole.status == 200 && whole.body == bytes && whole["Content-Type"] == "application/x-hdf5")
        let port = fixture.port
        let part = try await blocking {
            let connection = try RawConnection(port: port)
            connection.send("GET \(path) HTTP/1.1\r\nHost: localhost\r\nRange: bytes=1000-1999\r\n\r\n")
            return try connection.reply()
        }
        #expect(part.status == 206 && part.body == Array(bytes[1000..<2000]))
        for name in [
            "secret.txt", "../secret.txt", "..%2Fsecret.txt", "%2e%2e%2fsecret.txt", "%2Fetc%2Fpasswd",
            "....//secret.txt", "big%20file_master.h5/",
            "big%20file_master.h5%00", ".", "..", "%ff",
        ] {
            let status = try await fixture.ask("GET \(base)\(name)").status
            #expect(status == 404 || status == 400, "\(name)")
        }
        try FileManager.default.removeItem(atPath: fixture.directory.path("big file_master.h5"))
        #expect(try await fixture.ask("GET " + path).status == 410)
    }

    @Test("pages follow each other to the end, newest first")
    func pages() async throws {
        let fixture = try await RESTFixture()
        for number in 1...7 { _ = try await series(fixture, "s\(number)") }
        for collection in ["acquisitions", "runs"] {
            var names: [String] = []
            var next: String? = "/api/v1/\(collection)?limit=3&device=eiger1"
            while let path = next, names.count < 20 {
                let page = try await fixture.json("GET " + path).json
                names += page[collection]?.array?.compactMap { $0["name"]?.string } ?? []
                next = page["next"]?.string
            }
            #expect(names == (1...7).reversed().map { "s\($0)" })
        }
        #expect(try await fixture.json("GET /api/v1/runs?name=S5").json["runs"]?.array?.count == 1)
        #expect(try await fixture.json("GET /api/v1/runs?state=failed").json["runs"]?.array?.isEmpty == true)
        #expect(try await fixture.json("GET /api/v1/runs?since=2200-01-01").json["runs"]?.array?.isEmpty == true)
        #expect(try await fixture.json("GET /api/v1/runs?until=9999-12-31T23:59:59Z").json["runs"]?.array?.count == 7)
    }

    @Test(
        "queries that make no sense are refused",
        arguments: [
            "limit=0", "limit=1001", "limit=x", "limit=+5", "after=x", "after=", "state=idle", "since=yesterday",
            "since=2026-13-01", "since=2026-02-30",
            "since=2026-01-01T25:00:00Z", "until=2026-01-01T00:00:00+99:00", "page=2", "limit=5&limit=6",
        ])
    func badQuery(query: String) async throws {
        #expect(try await RESTFixture().ask("GET /api/v1/acquisitions?\(query)").status == 400)
    }

    @Test("a running acquisition is seen as it runs, and can be stopped")
    func running() async throws {
        let fixture = try await RESTFixture()
        let acquisition = try await fixture.site.acquisitions.acquisitions(of: "eiger1").begin(
            AcquisitionPlan(named: "live"))
        try await acquisition.armed()
        try await acquisition.acquiring()
        acquisition.frames(5)
        let path = "/api/v1/acquisitions/\(acquisition.id)"
        let live = try await fixture.json("GET " + path).json
        #expect(live["state"] == "acquiring" && live["received"] == 5 && live["ended"] == .null)
        #expect(try await fixture.ask("POST \(path)/stop").status == 202)
        await acquisition.untilStopped()
        #expect(acquisition.stop?.origin?.frontend == "rest")
        try await acquisition.finish()
        #expect(try await fixture.ask("POST \(path)/stop").status == 200)
    }

    @Test(
        "what was never there",
        arguments: ["x", "..", "%2e%2e%2f", "20200101-000000-000-abcd", "'; DROP TABLE acquisitions; --"])
    func unknown(id: String) async throws {
        let id = id.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(.init(charactersIn: "%-."))) ?? id
        for kind in ["acquisitions", "runs"] {
            #expect(try await RESTFixture().ask("GET /api/v1/\(kind)/\(id)").status == 404)
        }
    }
}
