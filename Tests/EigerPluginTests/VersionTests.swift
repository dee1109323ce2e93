// Part of daqd
// SPDX-License-Identifier: MIT
import DAQTransports
import ServerTesting
import Testing

@testable import DAQKernel
@testable import EigerPlugin

/// Which API a control unit speaks is found by asking it, module by module.
@Suite("API versions")
struct VersionTests {
    private static func client(
        _ answer: @escaping @Sendable (String) -> (String, String)
    ) throws -> (SIMPLONClient, RawServer) {
        let server = try RawServer { connection in
            while let request = connection.request() {
                let path = String(request.split(separator: " ")[1])
                let (status, body) = answer(path)
                connection.reply(status, body)
            }
        }
        let address = SIMPLONAddress(host: "127.0.0.1", port: Int(server.port))
        let client = try SIMPLONClient(device: "eiger1", address: address, version: "auto", limits: SIMPLONTimeouts())
        return (client, server)
    }

    private static func version(_ text: String) -> (String, String) {
        ("200 OK", #"{"value":"\#(text)","value_type":"string"}"#)
    }

    @Test("B8-14: the first generation is found by asking, and its own addresses are used")
    func firstGeneration() async throws {
        let (client, server) = try Self.client { path in
            if path.hasSuffix("/api/version") { return Self.version("1.6.0") }
            if path == "/filewriter/api/1.6.0/files/" { return ("200 OK", #"["eiger_1_master.h5"]"#) }
            return ("404 Not Found", "unknown path")
        }
        #expect(try await client.discoverVersion() == "1.6.0")
        #expect(try await client.files() == ["eiger_1_master.h5"])
        #expect(try await client.files() == ["eiger_1_master.h5"])
        let paths = server.received.map { String($0.split(separator: " ")[1]) }
        #expect(paths.filter { $0.hasSuffix("status/files") }.count == 1, "what is missing is asked for once")
        #expect(paths.allSatisfy { $0.hasSuffix("/api/version") || $0.contains("/1.6.0/") })
    }

    @Test("B8-14: each module speaks its own version")
    func perModule() async throws {
        let (client, server) = try Self.client { path in
            switch path {
            case "/detector/api/version": Self.version("1.8.0")
            case "/filewriter/api/version": Self.version("1.6.0")
            case "/stream/api/version", "/monitor/api/version", "/system/api/version": ("404 Not Found", "no")
            default: ("200 OK", #"{"value":1}"#)
            }
        }
        try await client.discoverVersion()
        for module in SIMPLONKey.Module.allCases { _ = try await client.get(SIMPLONKey(module, .config, "mode")) }
        let paths = server.received.map { String($0.split(separator: " ")[1]) }
        #expect(paths.contains("/filewriter/api/1.6.0/config/mode"))
        #expect(paths.contains("/detector/api/1.8.0/config/mode"))
        #expect(paths.contains("/stream/api/1.8.0/config/mode"), "a module that does not say speaks the detector's")
    }

    @Test(
        "a server that knows the version only with a slash at the end", arguments: ["404 Not Found", "307 Temporary"])
    func slash(status: String) async throws {
        let (client, server) = try Self.client { path in
            path.hasSuffix("version/") ? Self.version("1.6.0") : (status, "")
        }
        defer { withExtendedLifetime(server) {} }
        #expect(try await client.discoverVersion() == "1.6.0")
    }

    @Test("a version that the site demands is not asked for")
    func fixed() async throws {
        let server = try RawServer { connection in
            while connection.request() != nil { connection.reply("200 OK", #"{"value":["a.h5"]}"#) }
        }
        let address = SIMPLONAddress(host: "127.0.0.1", port: Int(server.port))
        let client = try SIMPLONClient(device: "eiger1", address: address, version: "1.6.0", limits: SIMPLONTimeouts())
        #expect(try await client.discoverVersion() == "1.6.0")
        #expect(try await client.files() == ["a.h5"])
        #expect(server.received.allSatisfy { $0.contains("/1.6.0/") })
    }

    @Test("addresses")
    func addresses() {
        #expect(SIMPLONAddress(host: "fe80::1", port: 8080).base == "http://[fe80::1]:8080")
        #expect(SIMPLONAddress(host: "dcu", port: 80).file("a b/c%.h5").hasSuffix("/data/a%20b/c%25.h5"))
    }
}
