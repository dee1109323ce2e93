// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Foundation
import HTTPTesting
import Testing

@testable import EigerSimulator

/// A simulated detector on a free port, fast, and a client that says exactly what it is told.
struct Bench: Sendable {
    let simulation: EigerSimulation

    init(speed: Double = 100, _ change: (inout SimulatorOptions) -> Void = { _ in }) throws {
        var options = SimulatorOptions()
        options.port = 0
        options.speed = speed
        change(&options)
        simulation = try EigerSimulation(options)
    }

    /// Sends a request on a connection of its own and reads the reply.
    func ask(_ method: String, _ path: String, _ body: String? = nil, headers: String = "") async throws -> RawReply {
        let port = simulation.port
        return try await blocking {
            let connection = try RawConnection(port: port, receiveTimeoutSeconds: 60)
            let length =
                body.map { "Content-Length: \($0.utf8.count)\r\n" } ?? (method == "PUT" ? "Content-Length: 0\r\n" : "")
            let text = "\(method) \(path) HTTP/1.1\r\nHost: x\r\n\(length)\(headers)\r\n"
            guard connection.send(text + (body ?? "")) else { throw RawError.truncated(text) }
            return try connection.reply(head: method == "HEAD")
        }
    }

    /// Sends a request that must succeed, and reads the JSON of its reply.
    @discardableResult
    func json(_ method: String, _ path: String, _ body: String? = nil) async throws -> JSON {
        let reply = try await ask(method, path, body)
        try #require(reply.status == 200, "\(method) \(path): \(reply.status) \(reply.text)")
        return try JSON(parsing: reply.body)
    }

    /// Sets a configuration key.
    func set(_ module: String, _ key: String, _ value: String) async throws {
        try await json("PUT", "/\(module)/api/1.8.0/config/\(key)", #"{"value":\#(value)}"#)
    }

    /// Sends a detector command.
    @discardableResult
    func command(_ name: String, _ body: String? = nil) async throws -> JSON {
        try await json("PUT", "/detector/api/1.8.0/command/\(name)", body)
    }

    /// The detector's state.
    func state() async throws -> String? {
        try await json("GET", "/detector/api/1.8.0/status/state")["value"]?.string
    }

    /// The names of the files on the detector.
    func files() async throws -> [String] {
        try await json("GET", "/filewriter/api/1.8.0/files").array?.compactMap(\.string) ?? []
    }

    /// What the simulator ever wrote.
    func written() async throws -> [JSON] { try await json("GET", "/sim/files").array ?? [] }

    /// Orders a misbehaviour.
    func order(_ fault: String) async throws { try await json("POST", "/sim/fault", fault) }

    /// Initializes and sets up a short series with the file writer on.
    func prepare(images: Int, perFile: Int, frameTime: Double = 0.05, triggers: Int = 1) async throws {
        try await command("initialize")
        try await set("detector", "frame_time", "\(frameTime)")
        try await set("detector", "nimages", "\(images)")
        try await set("detector", "ntrigger", "\(triggers)")
        try await set("filewriter", "nimages_per_file", "\(perFile)")
        try await set("filewriter", "mode", "\"enabled\"")
    }

    /// A whole series, up to and with the disarm.
    func series() async throws {
        try await command("arm")
        try await command("trigger")
        try await command("disarm")
    }

    /// Waits until something holds; a guard against hanging, not a measurement.
    func wait(_ what: String, _ condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while try await !condition() {
            try #require(ContinuousClock.now < deadline, "never happened: \(what)")
            try await Task.sleep(for: .milliseconds(2))
        }
    }
}
