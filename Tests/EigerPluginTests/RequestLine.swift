// Part of daqd
// SPDX-License-Identifier: MIT
import Testing

@testable import DAQKernel

/// One request as the simulated detector logged it.
struct RequestLine: Sendable {
    var method: String
    var path: String
    var body: String
    /// The detector's state when it came.
    var state: String

    /// The last words of the path: `command/arm`, `config/count_time`.
    var what: String { path.split(separator: "/").suffix(2).joined(separator: "/") }
}

extension SimulatedDetector {
    /// Everything that was asked of it, in order.
    func lines() async throws -> [RequestLine] {
        let text = try await get("/sim/log").text
        return try text.split(separator: "\n").map { line in
            let entry = try JSON(parsing: String(line))
            return RequestLine(
                method: entry["method"]?.string ?? "", path: entry["path"]?.string ?? "",
                body: entry["body"]?.string ?? "", state: entry["state"]?.string ?? "")
        }
    }

    /// The PUTs of it, by the last words of their paths.
    func puts() async throws -> [RequestLine] { try await lines().filter { $0.method == "PUT" } }

    /// How often a command was sent.
    func count(_ command: String) async throws -> Int {
        try await puts().filter { $0.what == "command/\(command)" }.count
    }
}
