// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation

@testable import ChannelAccessFrontend
@testable import DAQKernel

/// A client that sends what a test writes, byte by byte if need be.
final class RawClient {
    let descriptor: Int32
    private var bytes: [UInt8] = []
    private var hasEnded = false

    /// - Parameter receiveBuffer: Bytes that the system keeps for it; small for a client that does not read.
    init(_ port: Int, receiveBuffer: Int32? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var size = receiveBuffer ?? 0
        if receiveBuffer != nil { setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, 4) }
        let result = IPv4Endpoint(0x7F00_0001, UInt16(port)).withRaw { connect(descriptor, $0, $1) }
        guard result == 0 else {
            let error = POSIXError(POSIXErrorCode(rawValue: errno) ?? .ECONNREFUSED)
            Foundation.close(descriptor)
            throw error
        }
    }

    /// One that is connected.
    init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { Foundation.close(descriptor) }

    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool { Self.send(bytes, to: descriptor) }

    @discardableResult
    static func send(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let result = bytes[sent...].withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if result <= 0 { return false }
            sent += result
        }
        return true
    }

    /// Says that nothing more will come.
    func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// The next message; `nil` when the server closed, or when none came within a minute.
    func next() -> Reply? {
        while true {
            if let reply = Reply.all(bytes).first {
                let header = reply.payload.count >= 0xFFFF || reply.count >= 0xFFFF ? 24 : 16
                bytes.removeFirst(header + reply.payload.count)
                return reply
            }
            var chunk = [UInt8](repeating: 0, count: 65_536)
            let count = recv(descriptor, &chunk, chunk.count, 0)
            if count <= 0 {
                hasEnded = count == 0 || errno == ECONNRESET
                return nil
            }
            bytes += chunk.prefix(count)
        }
    }

    /// The next message of that command; others are passed over.
    func next(_ command: UInt16) -> Reply? {
        while let reply = next() { if reply.command == command { return reply } }
        return nil
    }

    /// Whether the server closes; what it sends before is passed over.
    var isClosed: Bool {
        while next() != nil {}
        return hasEnded
    }

    /// Says version and names, reads the greeting.
    func open() {
        send(message(0, count: 13) + message(20, 0, 0, "alice".wire) + message(21, 0, 0, "beam1".wire))
        _ = next(0)
    }

    /// Makes a channel; its number.
    func channel(_ name: String) -> UInt32 {
        send(message(18, 5, 13, name.wire))
        return next(18)?.second ?? .max
    }

    /// Whether an echo comes back: the circuit lives and its server is not busy.
    func answersEcho() -> Bool {
        send(message(23))
        return next(23) != nil
    }
}

/// A server on free ports of loopback with a few names.
final class ServerBench {
    let directory: TestDirectory
    let server: CAServer
    let counters: ServerCounters
    var port: Int { Int(server.sockets.tcpPort) }

    init(_ variables: [ProcessVariable], largestCount: Int = 1000, _ change: (inout ServerSettings) -> Void = { _ in })
        throws
    {
        directory = TestDirectory(variables, largestCount: largestCount)
        var settings = ServerSettings()
        settings.port = 0
        settings.interfaces = ["127.0.0.1"]
        settings.automaticBeacons = false
        change(&settings)
        counters = ServerCounters { Counter(Parameter<Int64>($0, $1, initial: 0)) }
        server = try CAServer(
            settings, frontend: "ca", directory: directory, counters: counters, logger: Logger(component: "ca") { _ in }
        )
    }

    deinit { server.stop() }

    /// Waits until something is so; `false` after a minute.
    static func eventually(_ condition: () -> Bool) -> Bool {
        let end = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < end {
            if condition() { return true }
            usleep(10_000)
        }
        return false
    }
}
