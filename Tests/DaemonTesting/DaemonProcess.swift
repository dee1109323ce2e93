// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import ServerTesting
import Glibc

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// A running daqd in a directory of its own, with a REST frontend on a free port; ended at the latest with its last reference.
public final class DaemonProcess {
    /// Why it did not do what the test needs.
    public struct Failure: Error, CustomStringConvertible {
        /// What happened, with everything it printed.
        public var description: String
    }

    /// Where its REST frontend listens on 127.0.0.1.
    public let port: Int
    private let process = Process()
    private let log: URL

    /// Starts `program` with a configuration whose `{port}` is replaced by a free port.
    ///
    /// - Parameters:
    ///   - program: The path of daqd.
    ///   - configuration: The text of its plugins.conf.
    ///   - directory: Where the file is written and daqd runs.
    ///   - environment: Added to this process' environment.
    public init(
        program: String, configuration: String, directory: String, environment: [String: String] = [:]
    ) throws {
        port = FreePort.choose(1)[0]
        let file = directory + "/plugins.conf"
        try Data(configuration.replacingOccurrences(of: "{port}", with: "\(port)").utf8)
            .write(to: URL(filePath: file))
        log = URL(filePath: directory + "/log")
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        let output = try FileHandle(forWritingTo: log)
        process.executableURL = URL(filePath: program)
        process.arguments = ["--config", file]
        process.currentDirectoryURL = URL(filePath: directory)
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardOutput = output
        process.standardError = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }

    /// Everything it printed so far.
    public var printed: String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }

    /// Whether it still runs.
    public var isRunning: Bool { process.isRunning }

    /// Waits until its frontends listen.
    public func waitUntilReady() async throws {
        try await eventually("daqd serves") { try await self.request("GET", "/readyz").status == 200 }
    }

    /// Waits, at most 60 s, until `condition` holds; an error counts as not yet.
    public func eventually(_ what: String, _ condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            if (try? await condition()) == true { return }
            guard process.isRunning else { break }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw Failure(description: "\(what): not within 60 s, or daqd has ended; it printed:\n\(printed)")
    }

    /// Sends a request and decodes the JSON that comes back; an empty object for other replies.
    public func request(
        _ method: String, _ path: String, body: String? = nil
    ) async throws -> (status: Int, object: [String: Any]) {
        guard let url = URL(string: "http://127.0.0.1:\(port)\(path)") else {
            throw Failure(description: "\(path) is no path")
        }
        var request = URLRequest(url: url, timeoutInterval: 20)
        request.httpMethod = method
        if let body {
            request.httpBody = Data(body.utf8)
            request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        }
        let (data, response) = try await URLSession.shared.data(for: request)
        let status = (response as? HTTPURLResponse)?.statusCode ?? 0
        let object = try? JSONSerialization.jsonObject(with: data) as? [String: Any]
        return (status, object ?? [:])
    }

    /// Asks it to end as systemd does and returns its exit status; kills it after 30 s.
    public func stop() async throws -> Int32 {
        if process.isRunning { kill(process.processIdentifier, SIGTERM) }
        let deadline = ContinuousClock.now + .seconds(30)
        while process.isRunning, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(10)) }
        guard !process.isRunning else {
            kill(process.processIdentifier, SIGKILL)
            throw Failure(description: "daqd did not end within 30 s; it printed:\n\(printed)")
        }
        guard process.terminationReason == .exit else {
            throw Failure(description: "daqd died of signal \(process.terminationStatus); it printed:\n\(printed)")
        }
        return process.terminationStatus
    }

    /// Runs `program` to its end and returns what it printed and its exit status.
    public static func run(_ program: String, _ arguments: [String]) throws -> (text: String, status: Int32) {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let watchdog = DispatchWorkItem { process.terminate() }
        DispatchQueue.global().asyncAfter(deadline: .now() + 60, execute: watchdog)
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        watchdog.cancel()
        return (text, process.terminationStatus)
    }
}
