// Part of daqd
// SPDX-License-Identifier: MIT

import Foundation
@testable import RPCFrontend
import Testing

/// Certificates and clients are those of the `openssl` program.
@Suite("RPC over TLS")
struct TLSTests {
    /// A folder with certificates and keys of a server, a client and a stranger.
    private final class Certificates: Sendable {
        let folder: String

        init() throws {
            folder = NSTemporaryDirectory() + "rpc-tls-\(UUID().uuidString)"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            for name in ["server", "client", "stranger"] {
                let status = try Self.openssl(
                    [
                        "req", "-x509", "-newkey", "rsa", "-nodes", "-sha256", "-subj", "/", "-keyout", key(name),
                        "-out", certificate(name),
                    ]
                ).status
                #expect(status == 0)
            }
        }

        deinit { try? FileManager.default.removeItem(atPath: folder) }

        func certificate(_ name: String) -> String { "\(folder)/\(name).pem" }
        func key(_ name: String) -> String { "\(folder)/\(name).key" }

        /// What a client with that certificate hears.
        func ask(_ port: Int, as name: String, _ text: String) throws -> String {
            try Self.openssl(
                [
                    "s_client", "-quiet", "-no_ign_eof", "-connect", "127.0.0.1:\(port)", "-cert", certificate(name),
                    "-key", key(name),
                    "-CAfile", certificate("server"), "-verify_return_error",
                ], input: text
            ).output
        }

        private static func openssl(_ words: [String], input: String = "") throws -> (status: Int32, output: String) {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = ["openssl"] + words
            let (into, from) = (Pipe(), Pipe())
            process.standardInput = into
            process.standardOutput = from
            process.standardError = FileHandle.nullDevice
            try process.run()
            // A server that neither answers nor closes must not keep the test for ever.
            let limit = DispatchWorkItem { process.terminate() }
            DispatchQueue.global().asyncAfter(deadline: .now() + 60, execute: limit)
            defer { limit.cancel() }
            try? into.fileHandleForWriting.write(contentsOf: Data(input.utf8))
            var output = Data()
            // The last line is the answer to the last request: the input ends after it, not before.
            let lines = input.split(separator: "\n").count
            while output.filter({ $0 == 10 }).count < lines || lines == 0 {
                let data = from.fileHandleForReading.availableData
                if data.isEmpty { break }
                output += data
            }
            try? into.fileHandleForWriting.close()
            process.waitUntilExit()
            return (process.terminationStatus, String(decoding: output, as: UTF8.self))
        }
    }

    private static let conversation =
        "ARTIQ pc_rpc\nemccd pyon_v2\n" + #"{"action":"call","name":"ping","args":[],"kwargs":{}}"# + "\n"

    @Test("a permitted client is served, a stranger and a plain one hear nothing")
    func serves() async throws {
        let files = try await blocking { try Certificates() }
        let fixture = try await RPCFixture { settings in
            settings.tls = (files.certificate("server"), files.key("server"), files.certificate("client"))
        }
        try await blocking {
            let reply = try files.ask(fixture.port, as: "client", Self.conversation)
            #expect(reply.hasSuffix(#"{"status":"ok","ret":true}"# + "\n"), "\(reply)")
            #expect(try files.ask(fixture.port, as: "stranger", Self.conversation) == "")
            let plain = try RawClient(port: fixture.port)
            try plain.send(Self.conversation)
            while let line = try? plain.line() { #expect(!line.contains("status")) }
            #expect(try files.ask(fixture.port, as: "client", Self.conversation).contains("true"))
        }
    }

    @Test("a file that is none is named when the frontend starts")
    func wrongFiles() async throws {
        let error = await #expect(throws: (any Error).self) {
            _ = try await RPCFixture { $0.tls = ("/nonexistent/a", "/nonexistent/b", "/nonexistent/c") }
        }
        #expect(String(describing: error).contains("/nonexistent/a"))
    }
}
