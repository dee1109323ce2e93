// Part of daqd
// SPDX-License-Identifier: MIT
import DAQTransports
import Foundation
import ServerTesting
import Testing

@testable import DAQKernel
@testable import EigerPlugin

/// What a detector, or whatever answers in its place, may send: each time one clear error, never a crash or a hang.
@Suite("Hostile SIMPLON replies")
struct HostileReplyTests {
    private static let key = SIMPLONKey.detector("count_time")

    private func client(
        limits: SIMPLONTimeouts = SIMPLONTimeouts(), _ serve: @escaping @Sendable (RawConnection) -> Void
    ) throws -> (SIMPLONClient, RawServer) {
        let server = try RawServer { connection in while connection.request() != nil { serve(connection) } }
        let address = SIMPLONAddress(host: "127.0.0.1", port: Int(server.port))
        return (try SIMPLONClient(device: "eiger1", address: address, version: "1.8.0", limits: limits), server)
    }

    private func failure(of reply: String, status: String = "200 OK") async throws -> DeviceError {
        let (client, server) = try client { $0.reply(status, reply) }
        defer { withExtendedLifetime(server) {} }
        return try await #require(throws: DeviceError.self) { try await client.get(Self.key) }
    }

    @Test(
        "replies that are no envelope",
        arguments: [
            "", "null", "[]", "7", "\"text\"", "{}", #"{"value":{}}"#, #"{"value":{"a":1}}"#, "{", #"{"value":1"#,
            "<html>",
            #"{"value":1}}"#, "\u{0}\u{1}", #"{"value":NaN}"#, String(repeating: "[", count: 100_000),
            #"{"value":1e999999}"# + "x",
        ])
    func notAnEnvelope(reply: String) async throws {
        let error = try await failure(of: reply)
        #expect(error.code == .vendor)
        #expect(error.message.contains("eiger1"))
        #expect(error.message.contains("detector/config/count_time"))
        #expect(error.message.utf8.count < 500)
    }

    @Test(
        "statuses other than 200 keep number and text",
        arguments: [("404 Not Found", 404), ("500 No", 500), ("302 Found", 302)])
    func status(line: String, number: Int) async throws {
        let error = try await failure(of: "\(number) error during request: unknown path\nsecond line", status: line)
        #expect(error.vendorCode == number)
        #expect(error.vendorText == "\(number) error during request: unknown path")
        #expect(error.code == (number == 404 ? .notFound : .vendor))
    }

    @Test("an error text of any size is cut to one line of 200 characters without control characters")
    func hugeErrorText() async throws {
        let error = try await failure(of: "\u{1B}[31m" + String(repeating: "é", count: 100_000), status: "500 No")
        #expect((error.vendorText ?? "").count <= 200)
        #expect(error.vendorText?.unicodeScalars.allSatisfy { $0.value >= 0x20 } == true)
    }

    @Test("a reply without end is refused at its limit")
    func endless() async throws {
        let (client, server) = try client { connection in
            connection.write("HTTP/1.1 200 OK\r\n\r\n{\"value\":\"")
            let piece = [UInt8](repeating: 0x41, count: 1 << 16)
            while connection.write(piece) {}
        }
        defer { withExtendedLifetime(server) {} }
        let error = try await #require(throws: DeviceError.self) { try await client.get(Self.key) }
        #expect(error.message.contains("bytes"))
    }

    @Test("a reply that drips ends with the time limit")
    func drip() async throws {
        var limits = SIMPLONTimeouts()
        limits.read = .milliseconds(200)
        let (client, server) = try client(limits: limits) { connection in
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            while connection.write(" ") { usleep(5000) }
        }
        defer { withExtendedLifetime(server) {} }
        let error = try await #require(throws: DeviceError.self) { try await client.get(Self.key) }
        #expect(error.code == .timeout)
    }

    @Test("a truncated reply is told as such")
    func truncated() async throws {
        let (client, server) = try client { connection in
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"value\":1}")
            connection.close()
        }
        defer { withExtendedLifetime(server) {} }
        let error = try await #require(throws: DeviceError.self) { try await client.get(Self.key) }
        #expect(error.message.contains("ended before"))
    }

    @Test("a command whose connection breaks is sent once and told")
    func brokenCommand() async throws {
        let server = try RawServer { connection in
            while let request = connection.request() {
                if request.hasPrefix("PUT") { return }
                connection.reply("200 OK", #"{"value":1}"#)
            }
        }
        let address = SIMPLONAddress(host: "127.0.0.1", port: Int(server.port))
        let client = try SIMPLONClient(device: "eiger1", address: address, version: "1.8.0", limits: SIMPLONTimeouts())
        _ = try await client.get(Self.key)
        let error = try await #require(throws: DeviceError.self) {
            try await client.command("trigger", within: .seconds(20))
        }
        #expect(error.code == .disconnected)
        _ = try await client.get(Self.key)
        #expect(server.received.filter { $0.hasPrefix("PUT") }.count == 1)
    }

    @Test("commands send an empty body with its length; arguments go as a value")
    func commandShape() async throws {
        let server = try RawServer { connection in
            while connection.request() != nil { connection.reply("200 OK", "") }
        }
        let address = SIMPLONAddress(host: "127.0.0.1", port: Int(server.port))
        let client = try SIMPLONClient(device: "eiger1", address: address, version: "1.8.0", limits: SIMPLONTimeouts())
        #expect(try await client.command("arm", within: .seconds(20)) == .null)
        try await client.command("trigger", argument: .number(0.7), within: .seconds(20))
        #expect(server.received[0].hasPrefix("PUT /detector/api/1.8.0/command/arm HTTP/1.1\r\n"))
        #expect(server.received[0].contains("Content-Length: 0\r\n"))
        #expect(server.received[1].hasSuffix("\r\n\r\n{\"value\":0.7}"))
    }

    @Test(
        "a change list may be anything",
        arguments: ["", "null", "[]", "{}", "7", #"["a",1,null]"#, #""difference_mode""#, "garbage"])
    func changeLists(reply: String) async throws {
        let (client, server) = try client { $0.reply("200 OK", reply) }
        defer { withExtendedLifetime(server) {} }
        let changes = try await client.put(Self.key, 0.1)
        #expect(changes.allSatisfy { ["a", "difference_mode"].contains($0) })
    }

    @Test("file lists", arguments: [#"{"value":7}"#, #"[1]"#, #"{"value":["a",2]}"#, "{}", "x"])
    func fileLists(reply: String) async throws {
        let (client, server) = try client { $0.reply("200 OK", reply) }
        defer { withExtendedLifetime(server) {} }
        await #expect(throws: DeviceError.self) { try await client.files() }
    }

    @Test("empty file lists in all their forms", arguments: ["null", "[]", #"{"value":null}"#, #"{"value":[]}"#])
    func emptyFileLists(reply: String) async throws {
        let (client, server) = try client { $0.reply("200 OK", reply) }
        defer { withExtendedLifetime(server) {} }
        #expect(try await client.files() == [])
    }

    @Test(
        "versions that are none",
        arguments: [#"{"value":"latest"}"#, #"{"value":8}"#, "{}", #"{"value":"1.8.0/../x"}"#, "[]"])
    func versions(reply: String) async throws {
        let server = try RawServer { connection in
            while connection.request() != nil { connection.reply("200 OK", reply) }
        }
        let address = SIMPLONAddress(host: "127.0.0.1", port: Int(server.port))
        let client = try SIMPLONClient(device: "eiger1", address: address, version: "auto", limits: SIMPLONTimeouts())
        await #expect(throws: DeviceError.self) { try await client.discoverVersion() }
        #expect(client.version == "")
    }

    @Test(
        "names from lists cannot leave their place",
        arguments: ["../x", "a/../b", "/a", "", "a\u{0}b", "a b", "a//b", String(repeating: "x", count: 300)])
    func evilNames(name: String) {
        #expect(!SIMPLONKey.isName(name))
        #expect(SIMPLONKey(path: "detector/config/" + name) == nil)
    }

    @Test("a file whose name leads elsewhere is never fetched")
    func evilFiles() {
        let files = SeriesFiles(pattern: "eiger_$id", number: 1, images: 10, imagesPerFile: 5)
        let ledger = FileLedger(files)
        #expect(
            ledger.due(listed: [
                "../../etc/passwd", "/etc/passwd", "eiger_1_data_000001.h5/../x", "eiger_10_data_000001.h5",
            ]) == [])
    }
}
