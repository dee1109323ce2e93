// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Foundation
import Testing

@Suite("Secrets")
struct SecretTests {
    private func token(_ text: String) throws -> Secret {
        let site = try TestCatalog.resolve("devices: {a: {type: camera, host: b, token: \(text)}}")
        return try site.devices[0].settings["token"]
    }

    private func withFile(_ bytes: [UInt8], _ body: (String) throws -> Void) throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "daqd-secret-\(UUID().uuidString)")
        try Data(bytes).write(to: url)
        defer { try? FileManager.default.removeItem(at: url) }
        try body(url.path)
    }

    @Test("from the environment") func environment() throws {
        #expect(try token("{env: CAMERA_TOKEN}").reveal() == "s3cret-t0ken")
        #expect(try token("\"${CAMERA_TOKEN}\"").reveal() == "s3cret-t0ken")
        #expect(throws: ConfigurationError.self) { try token("{env: NOT_SET}") }
    }

    @Test("from a file, without the line's end", arguments: ["", "\n", "\r\n"])
    func file(end: String) throws {
        try withFile(Array("abc def\(end)".utf8)) { path in
            let revealed = try token("{file: \(path)}").reveal()
            #expect(revealed == "abc def")
        }
    }

    @Test("a file that holds no single line is refused", arguments: ["", "\n", "a\nb\n"])
    func badFile(text: String) throws {
        try withFile(Array(text.utf8)) { path in
            #expect(throws: ConfigurationError.self) { try token("{file: \(path)}") }
        }
    }

    @Test("a binary or huge file is refused") func binary() throws {
        for bytes in [[0xFF, 0xFE], [UInt8](repeating: 0x61, count: 70_000)] {
            try withFile(bytes) { path in
                #expect(throws: ConfigurationError.self) { try token("{file: \(path)}") }
            }
        }
    }

    @Test(
        "a text in the file is refused and not printed",
        arguments: ["hunter2", "'hunter2'", "[hunter2]", "{value: hunter2}"])
    func literal(text: String) throws {
        let error = try TestCatalog.complaint { try token(text) }
        #expect(!error.contains("hunter2"))
    }
}
