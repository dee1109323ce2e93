// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import HTTPTesting
import Testing

@testable import EigerSimulator

/// The whole simulator over real HTTP.
@Suite("SIMPLON over HTTP")
struct ServiceTests {
    @Test("every module tells its version with and without a slash", arguments: Subsystem.allCases)
    func version(subsystem: Subsystem) async throws {
        let bench = try Bench()
        for path in ["/\(subsystem.rawValue)/api/version", "/\(subsystem.rawValue)/api/version/"] {
            #expect(try await bench.ask("GET", path).text == #"{"value":"1.8.0","value_type":"string"}"#)
        }
        let other = try await bench.ask("GET", "/\(subsystem.rawValue)/api/1.6.0/keys")
        #expect(other.status == 404)
        #expect(other.text.contains("1.6.0 is not supported"))
    }

    @Test("before initialize only the state can be read")
    func beforeInitialize() async throws {
        let bench = try Bench()
        #expect(try await bench.state() == "na")
        for path in ["config/count_time", "config/pixel_mask", "status/temperature", "status/error"] {
            let reply = try await bench.ask("GET", "/detector/api/1.8.0/\(path)")
            #expect(reply.status == 404)
            #expect(reply.text.contains("does not exist"))
        }
        #expect(try await bench.ask("PUT", "/detector/api/1.8.0/config/count_time", #"{"value":1}"#).status == 404)
        #expect(try await bench.ask("PUT", "/detector/api/1.8.0/command/arm").status == 404)
        try await bench.command("initialize")
        #expect(try await bench.json("GET", "/detector/api/1.8.0/config/count_time")["unit"] == "s")
    }

    @Test("key lists name every key but the omissions of real units, and every listed key answers")
    func keyLists() async throws {
        let bench = try Bench()
        try await bench.command("initialize")
        for subsystem in Subsystem.allCases where subsystem != .system {
            for task in ["config", "status"] {
                let base = "/\(subsystem.rawValue)/api/1.8.0/\(task)"
                let names = try await bench.json("GET", "\(base)/keys").array?.compactMap(\.string) ?? []
                #expect(!names.isEmpty)
                #expect(!names.contains("wavelength"))
                for name in names where !name.hasSuffix("flatfield") && !name.hasSuffix("pixel_mask") {
                    #expect(try await bench.json("GET", "\(base)/\(name)")["value_type"] != nil, "\(base)/\(name)")
                }
            }
            let commands = try await bench.json("GET", "/\(subsystem.rawValue)/api/1.8.0/command/keys")
            #expect(commands.array?.isEmpty == false)
        }
        for hidden in ["config/wavelength", "status/error"] {
            try await bench.json("GET", "/detector/api/1.8.0/\(hidden)")
        }
        let tasks = try await bench.json("GET", "/filewriter/api/1.8.0/keys")
        #expect(tasks == .array(["command", "config", "status", "files"]))
    }

    @Test("the files of a series can be had whole, in parts, and removed")
    func wholeSeries() async throws {
        let bench = try Bench(speed: 20)
        try await bench.prepare(images: 25, perFile: 10, frameTime: 0.2)
        try await bench.set("filewriter", "name_pattern", "\"run_$id\"")
        #expect(try await bench.command("arm")["sequence id"] == 1)
        #expect(try await bench.command("trigger") == .object([]))
        #expect(try await bench.state() == "idle")
        #expect(try await bench.command("disarm")["sequence id"] == 1)
        let names = try await bench.files()
        #expect(names == ["run_1_data_000001.h5", "run_1_data_000002.h5", "run_1_data_000003.h5", "run_1_master.h5"])
        #expect(try await bench.json("GET", "/filewriter/api/1.8.0/files/") == .array(names.map(JSON.string)))
        let status = try await bench.json("GET", "/filewriter/api/1.8.0/status/files")
        #expect(status["value"] == .array(names.map(JSON.string)))
        #expect(try await bench.json("GET", "/filewriter/api/1.8.0/status/state")["value"] == "ready")
        let written = try await bench.written()
        #expect(written.compactMap { $0["name"]?.string }.sorted() == names)
        #expect(written.compactMap { $0["images"]?.integer } == [10, 10, 5, 0])
        for file in written { try await checkDownloads(bench, file) }
        #expect(try await bench.files().isEmpty)
        #expect(try await bench.written().allSatisfy { $0["fate"] == "deleted" })
    }

    /// HEAD, whole, parts, out of range; then DELETE, after which it is gone.
    private func checkDownloads(_ bench: Bench, _ file: JSON) async throws {
        let path = "/data/" + (file["name"]?.string ?? "")
        let size = try #require(file["size"]?.integer)
        let head = try await bench.ask("HEAD", path)
        #expect(head.status == 200)
        #expect(head["Content-Length"] == "\(size)")
        let whole = try await bench.ask("GET", path, headers: "Accept: application/hdf5\r\n")
        #expect(whole.body.count == Int(size))
        #expect(SHA256.hash(whole.body).hex == file["sha256"]?.string)
        let part = try await bench.ask("GET", path, headers: "Range: bytes=1000-1999\r\n")
        #expect(part.status == 206)
        #expect(part["Content-Range"] == "bytes 1000-1999/\(size)")
        #expect(part.body == Array(whole.body[1000..<2000]))
        let rest = try await bench.ask("GET", path, headers: "Range: bytes=\(size - 5)-\r\n")
        #expect(rest.body == Array(whole.body.suffix(5)))
        #expect(try await bench.ask("GET", path, headers: "Range: bytes=\(size)-\r\n").status == 416)
        #expect(try await bench.ask("DELETE", path).status == 204)
        for method in ["GET", "HEAD", "DELETE"] { #expect(try await bench.ask(method, path).status == 404) }
    }

    @Test("clear removes all files, restart loses them, the state and the numbers")
    func clearAndRestart() async throws {
        let bench = try Bench()
        try await bench.prepare(images: 3, perFile: 2)
        let free = try await bench.json("GET", "/filewriter/api/1.8.0/status/buffer_free")["value"]?.integer ?? 0
        try await bench.series()
        #expect(try await bench.files().count == 3)
        let less = try await bench.json("GET", "/filewriter/api/1.8.0/status/buffer_free")["value"]?.integer ?? 0
        #expect(less < free)
        try await bench.json("PUT", "/filewriter/api/1.8.0/command/clear")
        #expect(try await bench.files().isEmpty)
        #expect(try await bench.json("GET", "/filewriter/api/1.8.0/status/buffer_free")["value"]?.integer == free)
        try await bench.series()
        #expect(try await bench.files().contains("series_2_master.h5"))
        try await bench.json("PUT", "/system/api/1.8.0/command/restart")
        #expect(try await bench.state() == "na")
        #expect(try await bench.files().isEmpty)
        #expect(Set(try await bench.written().compactMap { $0["fate"]?.string }) == ["cleared", "lost"])
        try await bench.prepare(images: 1, perFile: 1)
        #expect(try await bench.command("arm")["sequence id"] == 1)
    }

    @Test("a bulk PUT changes several keys in order; the energy moves the thresholds and the reply says so")
    func puts() async throws {
        let bench = try Bench()
        try await bench.command("initialize")
        let bulk = try await bench.json(
            "PUT", "/filewriter/api/1.8.0/config", #"{"nimages_per_file":{"value":7},"mode":{"value":"enabled"}}"#)
        #expect(bulk == .array(["nimages_per_file", "mode"]))
        let changed = try await bench.json("PUT", "/detector/api/1.8.0/config/photon_energy", #"{"value":8050}"#)
        #expect(changed.array?.count == 10)
        #expect(try await bench.json("GET", "/detector/api/1.8.0/config/threshold/1/energy")["value"] == 4025.0)
    }

    @Test("arrays come as darrays of rows and columns")
    func arrays() async throws {
        let bench = try Bench()
        try await bench.command("initialize")
        let mask = try await bench.json("GET", "/detector/api/1.8.0/config/pixel_mask")
        #expect(mask["value_type"] == "uint[][]")
        #expect(mask["value"]?["shape"] == .array([512, 1028]))
        let text = try #require(mask["value"]?["data"]?.string)
        #expect(text.utf8.count == 2_807_128)
        #expect(try await bench.json("GET", "/detector/api/1.8.0/config/number_of_excluded_pixels")["value"] == 24)
    }

    @Test("commands take an empty body or an empty object; old clients need the lenient mode")
    func commandBodies() async throws {
        let strict = try Bench()
        try await strict.command("initialize", "{}")
        #expect(try await strict.ask("PUT", "/detector/api/1.8.0/command/arm", #"{"value":"arm"}"#).status == 400)
        let lenient = try Bench { $0.isLenient = true }
        try await lenient.command("initialize", #"{"value":"initialize"}"#)
        #expect(try await lenient.command("arm", #"{"value":"arm"}"#)["sequence id"] == 1)
    }

    @Test("the log tells in order what was sent, with the state it met")
    func requestLog() async throws {
        let bench = try Bench()
        try await bench.command("initialize")
        try await bench.set("detector", "nimages", "2")
        _ = try await bench.ask("GET", "/nosuch")
        let reply = try await bench.ask("GET", "/sim/log")
        #expect(reply["Content-Type"] == "application/x-ndjson")
        let entries = try reply.text.split(separator: "\n").map { try JSON(parsing: String($0)) }
        #expect(
            entries.map { $0["path"]?.string } == [
                "/detector/api/1.8.0/command/initialize", "/detector/api/1.8.0/config/nimages", "/nosuch",
            ])
        #expect(entries.map { $0["state"]?.string } == ["na", "idle", "idle"])
        #expect(entries.map { $0["status"]?.integer } == [200, 200, 404])
        #expect(entries[1]["body"] == #"{"value":2}"#)
        #expect(try await bench.ask("GET", "/sim/log?from=3").text.split(separator: "\n").count == 1)
        #expect(try await bench.ask("DELETE", "/sim/log").status == 204)
        #expect(try await bench.ask("GET", "/sim/log").text.isEmpty)
    }

    @Test("small replies leave in one piece and say their length")
    func oneSegment() async throws {
        let bench = try Bench()
        let port = bench.simulation.port
        for _ in 0..<20 {
            let first = try await blocking {
                let connection = try RawConnection(port: port)
                _ = connection.send("GET /detector/api/1.8.0/status/state HTTP/1.1\r\nHost: x\r\n\r\n")
                return connection.receive() ?? []
            }
            let text = String(decoding: first, as: UTF8.self)
            #expect(text.contains("Content-Length: ") && text.hasSuffix("}"))
            #expect(first.count <= 512)
        }
    }

    @Test("two detectors live side by side in one process")
    func twoInstances() async throws {
        let (left, right) = (try Bench(), try Bench { $0.model = "eiger2-1m" })
        try await left.command("initialize")
        #expect(try await right.state() == "na")
        try await right.command("initialize")
        #expect(try await right.json("GET", "/detector/api/1.8.0/config/y_pixels_in_detector")["value"] == 1062)
        #expect(try await left.json("GET", "/detector/api/1.8.0/config/y_pixels_in_detector")["value"] == 512)
    }

    @Test("the monitor and the stream are there, off at first, and say so")
    func monitorAndStream() async throws {
        let bench = try Bench()
        try await bench.command("initialize")
        #expect(try await bench.json("GET", "/monitor/api/1.8.0/images/") == .array([]))
        #expect(try await bench.ask("GET", "/monitor/api/1.8.0/images/monitor?timeout=1").status == 408)
        #expect(try await bench.ask("GET", "/monitor/api/1.8.0/images/1/1").status == 404)
        #expect(try await bench.json("GET", "/stream/api/1.8.0/status/state")["value"] == "disabled")
        let refused = try await bench.ask("PUT", "/stream/api/1.8.0/config/mode", #"{"value":"enabled"}"#)
        #expect(refused.status == 400)
    }
}
