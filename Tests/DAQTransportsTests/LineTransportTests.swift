// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Foundation
import ServerTesting
import Testing

@testable import DAQTransports

@Suite("Lines over TCP")
struct LineTransportTests {
    private let logger = Logger(component: "test") { _ in }

    /// A server that calls `serve` with each line, and the transport to it.
    private func link(
        timeout: Duration = .seconds(20), maximumLength: Int = 65536,
        _ answer: @escaping @Sendable (RawConnection, String) -> Void
    ) throws -> (RawServer, LineTransport) {
        let server = try RawServer { connection in
            var rest = ""
            while let bytes = connection.read() {
                rest += String(decoding: bytes, as: UTF8.self)
                while let end = rest.firstIndex(of: "\n") {
                    answer(connection, String(rest[..<end]))
                    rest = String(rest[rest.index(after: end)...])
                }
            }
        }
        var configuration = LineTransport.Configuration(host: "127.0.0.1", port: Int(server.port))
        configuration.timeout = timeout
        configuration.maximumLength = maximumLength
        return (server, try LineTransport(configuration, logger: logger))
    }

    private func failure(_ body: () async throws -> Void) async -> DeviceError? {
        do {
            try await body()
            return nil
        } catch { return error as? DeviceError ?? DeviceError(wrapping: error) }
    }

    @Test("a question gets the next line, without its line end")
    func asks() async throws {
        let (server, link) = try link { connection, line in connection.write("\(line) is closed\r\n") }
        #expect(try await link.ask("POS?") == "POS? is closed")
        #expect(try await link.ask("ID?") == "ID? is closed")
        #expect(server.connections == 1)
        await link.close()
    }

    @Test("an answer that comes byte by byte, and one in Latin-1, are read whole")
    func pieces() async throws {
        let (server, link) = try link { connection, line in
            if line == "T?" {
                connection.write([0x32, 0x30, 0xb0, 0x43, 0x0a])
            } else {
                for byte in Array("open\n".utf8) { connection.write([byte]) }
            }
        }
        #expect(try await link.ask("POS?") == "open")
        #expect(try await link.ask("T?") == "20°C")
        #expect(server.connections == 1)
    }

    @Test("what comes unasked is not taken for an answer")
    func unasked() async throws {
        let (server, link) = try link { connection, line in
            if line == "A" { connection.write("a\nnoise\nmore noise\n") } else { connection.write("b\n") }
        }
        #expect(try await link.ask("A") == "a")
        #expect(try await link.ask("B") == "b")
        #expect(server.connections == 1)
    }

    @Test("after a time-out the late answer is not taken for that of the next question")
    func late() async throws {
        let (server, link) = try link { connection, line in
            if line == "SLOW" { return }
            connection.write("\(line)!\n")
        }
        let error = await failure { _ = try await link.ask("SLOW", timeout: .milliseconds(50)) }
        #expect(error?.code == .timeout)
        #expect(error?.message == "127.0.0.1:\(server.port) did not answer “SLOW” within 0.05 s")
        #expect(try await link.ask("B") == "B!")
        #expect(server.connections == 2)
    }

    @Test("an answer without an end is refused at its limit")
    func endless() async throws {
        let (server, link) = try link(maximumLength: 10_000) { connection, _ in
            while connection.write(String(repeating: "x", count: 4096)) {}
        }
        let error = await failure { _ = try await link.ask("POS?") }
        #expect(error?.code == .failed)
        #expect(error?.message.hasSuffix("with more than 10000 bytes without a line end") == true)
        #expect(server.connections == 1)
    }

    @Test("a lost connection is an error once, the next request connects again")
    func reconnects() async throws {
        let (server, link) = try link { connection, line in
            if line == "BYE" { connection.close() } else { connection.write("\(line)\n") }
        }
        #expect(try await link.ask("A") == "A")
        let error = await failure { _ = try await link.ask("BYE") }
        #expect(error?.code == .disconnected)
        #expect(try await link.ask("B") == "B")
        #expect(server.connections == 2)
    }

    @Test("a connection that ended while idle is made anew without an error")
    func idleEnd() async throws {
        let (server, link) = try link { connection, line in
            connection.write("\(line)\n")
            if connection.index == 0 { connection.close() }
        }
        #expect(try await link.ask("A") == "A")
        for round in 0..<200 where server.connections < 2 {
            // The end of the first connection may be on its way still; then this request is the one that finds it.
            _ = try? await link.ask("\(round)")
        }
        #expect(server.connections == 2)
        #expect(try await link.ask("B") == "B")
    }

    @Test("nobody there")
    func refused() async throws {
        let nowhere = try LineTransport(.init(host: "127.0.0.1", port: 1), logger: logger)
        let refused = await failure { try await nowhere.send("X") }
        #expect(refused?.message == "cannot connect to 127.0.0.1:1: Connection refused")
        #expect(refused?.vendorCode == Int(ECONNREFUSED))
        let unknown = try LineTransport(.init(host: "nowhere.invalid", port: 1), logger: logger)
        #expect(
            await failure { try await unknown.send("X") }?.message.hasPrefix("cannot find nowhere.invalid: ") == true)
    }

    @Test("a cancelled request ends at once, also while it waits behind another")
    func cancels() async throws {
        let (server, link) = try link { connection, line in if line != "SILENT" { connection.write("\(line)\n") } }
        let first = Task { try await link.ask("SILENT", timeout: .seconds(600)) }
        try await eventually { server.connections == 1 }
        let second = Task { try await link.ask("SILENT", timeout: .seconds(600)) }
        second.cancel()
        await #expect(throws: CancellationError.self) { try await second.value }
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        #expect(try await link.ask("B") == "B")
    }

    @Test("the more urgent one goes first")
    func priorities() async throws {
        let order = Order()
        let (server, link) = try link { connection, line in
            guard line != "SILENT" else { return }
            order.note(line)
            connection.write("\(line)\n")
        }
        let blocking = Task { try await link.ask("SILENT", timeout: .seconds(600)) }
        try await eventually { server.connections == 1 }
        let tasks = [TransportPriority.status, .control, .data, .abort].map { priority in
            Task { _ = try await link.ask("\(priority)", priority: priority) }
        }
        try await eventually { link.waiting == 4 }
        blocking.cancel()
        for task in tasks { try await task.value }
        #expect(order.noted == ["abort", "data", "control", "status"])
        #expect(server.connections == 2)
    }

    @Test("closing fails what waits and what comes")
    func closes() async throws {
        let (server, link) = try link { _, _ in }
        let waiting = Task { try await link.ask("X", timeout: .seconds(600)) }
        try await eventually { server.connections == 1 }
        await link.close()
        await #expect(throws: DeviceError.self) { try await waiting.value }
        #expect(await failure { try await link.send("X") }?.code == .disconnected)
    }

    @Test("a text of several lines is refused")
    func severalLines() async throws {
        let (server, link) = try link { _, _ in }
        #expect(await failure { try await link.send("A\nB") }?.code == .badArguments)
        #expect(server.connections == 0)
    }

    @Test("polling asks at once and again, and ends with the first error")
    func polling() async throws {
        let (server, link) = try link { connection, line in connection.write("\(line)\n") }
        var answers: [String] = []
        for try await line in link.lines(asking: "POS?", every: .milliseconds(1)) {
            answers.append(line)
            if answers.count == 5 { await link.close(); break }
        }
        #expect(server.connections == 1)
        #expect(answers == Array(repeating: "POS?", count: 5))
        await #expect(throws: DeviceError.self) {
            for try await _ in link.lines(asking: "POS?", every: .milliseconds(1)) {}
        }
    }
}

/// The order in which a server got its lines.
private final class Order: @unchecked Sendable {
    // sound: every access holds the lock
    private let lock = NSLock()
    private var lines: [String] = []

    var noted: [String] { lock.withLock { lines } }

    func note(_ line: String) { lock.withLock { lines.append(line) } }
}
