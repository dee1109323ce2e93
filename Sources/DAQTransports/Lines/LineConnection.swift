// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Glibc

/// A TCP connection that is used by one thread: sends lines and reads lines, each with a deadline.
struct LineConnection {
    private let configuration: LineTransport.Configuration
    private let wake: WakeDescriptor
    private var descriptor: Int32 = -1
    private var received: [UInt8] = []

    init(_ configuration: LineTransport.Configuration, wake: WakeDescriptor) {
        self.configuration = configuration
        self.wake = wake
    }

    /// Ends the connection; the next exchange makes a new one.
    mutating func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
        received = []
    }

    /// Sends the request's line and reads the answer, if it has one.
    /// - Parameter isAbandoned: Asked whenever the thread is woken: whether nobody waits any more.
    mutating func exchange(
        _ request: LineRequest, isAbandoned: () -> Bool
    ) throws(DeviceError) -> String {
        let exchange = Exchange(request: request, deadline: ContinuousClock().now + request.timeout)
        if descriptor >= 0, hasEnded() { close() }
        if descriptor < 0 { try connect(exchange, isAbandoned) }
        try send(Array((request.line + configuration.terminator).utf8), exchange, isAbandoned)
        return request.answer == .line ? try readLine(exchange, isAbandoned) : ""
    }

    /// A request and the moment when it must be done.
    private struct Exchange {
        var request: LineRequest
        var deadline: ContinuousClock.Instant
    }

    private var address: String { "\(configuration.host):\(configuration.port)" }

    private func lost(_ what: String, _ number: Int32) -> DeviceError {
        DeviceError(.disconnected, "\(what) \(address): \(systemErrorText(number))", vendorCode: Int(number))
    }

    /// Whether the peer closed the idle connection; what it sent unasked is dropped.
    private mutating func hasEnded() -> Bool {
        received = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = unsafe recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            if count > 0 { continue }
            if count < 0, errno == EINTR { continue }
            return count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)
        }
    }
}

// MARK: - Connecting

extension LineConnection {
    private mutating func connect(_ exchange: Exchange, _ isAbandoned: () -> Bool) throws(DeviceError) {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(configuration.host, String(configuration.port), &hints, &list)
        guard code == 0 else {
            let text = unsafe gai_strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
            throw DeviceError(.disconnected, "cannot find \(configuration.host): \(text)", vendorCode: Int(code))
        }
        defer { unsafe freeaddrinfo(list) }
        var failure = lost("cannot connect to", EADDRNOTAVAIL)
        var next = unsafe list
        while let entry = unsafe next {
            do throws(DeviceError) {
                try unsafe open(entry.pointee, exchange, isAbandoned)
                return
            } catch {
                close()
                failure = error
                if error.code != .disconnected { throw error }
            }
            unsafe next = entry.pointee.ai_next
        }
        throw failure
    }

    private mutating func open(
        _ entry: addrinfo, _ exchange: Exchange, _ isAbandoned: () -> Bool
    ) throws(DeviceError) {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        descriptor = unsafe socket(entry.ai_family, kind, 0)
        guard descriptor >= 0 else { throw lost("cannot connect to", errno) }
        // Lines are short: each must leave at once.
        var one: Int32 = 1
        _ = unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &one, 4)
        if unsafe Glibc.connect(descriptor, entry.ai_addr, entry.ai_addrlen) == 0 { return }
        guard errno == EINPROGRESS || errno == EINTR else { throw lost("cannot connect to", errno) }
        try ready(Int16(POLLOUT), exchange, isAbandoned, "cannot connect to \(address)")
        var number: Int32 = 0
        var size = socklen_t(4)
        _ = unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &number, &size)
        guard number == 0 else { throw lost("cannot connect to", number) }
    }
}

// MARK: - Sending and reading

extension LineConnection {
    private mutating func send(
        _ bytes: [UInt8], _ exchange: Exchange, _ isAbandoned: () -> Bool
    ) throws(DeviceError) {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { raw in
                unsafe Glibc.send(
                    descriptor, raw.baseAddress?.advanced(by: sent), bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count > 0 {
                sent += count
            } else if errno == EAGAIN || errno == EWOULDBLOCK {
                try ready(Int16(POLLOUT), exchange, isAbandoned, "\(address) did not take “\(exchange.request.line)”")
            } else if errno != EINTR {
                throw lost("lost the connection to", errno)
            }
        }
    }

    private mutating func readLine(_ exchange: Exchange, _ isAbandoned: () -> Bool) throws(DeviceError) -> String {
        var searched = 0
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            if let end = received[searched...].firstIndex(of: 10) {
                let line = received[..<end]
                let text = Self.text(line.last == 13 ? line.dropLast() : line)
                received.removeSubrange(...end)
                return text
            }
            searched = received.count
            guard received.count <= configuration.maximumLength else {
                throw DeviceError(
                    .failed,
                    "\(address) answered “\(exchange.request.line)” with more than "
                        + "\(configuration.maximumLength) bytes without a line end")
            }
            let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
            if count > 0 {
                received += buffer[..<count]
            } else if count == 0 {
                throw DeviceError(
                    .disconnected, "\(address) closed the connection before it answered “\(exchange.request.line)”")
            } else if errno == EAGAIN || errno == EWOULDBLOCK {
                try ready(Int16(POLLIN), exchange, isAbandoned, "\(address) did not answer “\(exchange.request.line)”")
            } else if errno != EINTR {
                throw lost("lost the connection to", errno)
            }
        }
    }

    /// Controllers that know no UTF-8 write degrees and micro signs in Latin-1.
    private static func text(_ line: ArraySlice<UInt8>) -> String {
        String(validating: line, as: UTF8.self)
            ?? line.reduce(into: "") { $0.unicodeScalars.append(Unicode.Scalar($1)) }
    }

    /// Waits until the socket is ready, the deadline has passed or nobody waits any more.
    private func ready(
        _ events: Int16, _ exchange: Exchange, _ isAbandoned: () -> Bool, _ complaint: String
    ) throws(DeviceError) {
        while true {
            if isAbandoned() { throw DeviceError(.cancelled, "\(complaint) before it was cancelled") }
            let left = exchange.deadline - ContinuousClock().now
            guard left > .zero else {
                throw DeviceError(.timeout, "\(complaint) within \(exchange.request.timeout.spokenSeconds)")
            }
            var waiting = [
                pollfd(fd: descriptor, events: events, revents: 0),
                pollfd(fd: wake.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            let count = unsafe poll(&waiting, 2, Int32(min(left.wholeMilliseconds, 60_000)))
            if count > 0, waiting[1].revents != 0 { wake.clear() }
            if count > 0, waiting[0].revents != 0 { return }
        }
    }
}
