// Part of daqd
// SPDX-License-Identifier: MIT
import CSystem
import Glibc

/// The three pipes to a child and what came through them.
struct ChildPipes {
    private(set) var childInput: Int32
    private(set) var childOutput: Int32
    private(set) var childErrors: Int32
    private var inputEnd: Int32
    private var outputEnd: Int32
    private var errorsEnd: Int32
    private var inputSent = 0
    private(set) var output = ChildProcess.Output()
    private(set) var errors = ChildProcess.Output()

    init(_ child: ChildProcess) throws {
        var made: [Int32] = []
        for _ in 0..<3 {
            var ends: [Int32] = [-1, -1]
            guard unsafe daqd_pipe(&ends) == 0 else {
                let number = errno
                for descriptor in made { close(descriptor) }
                throw ChildProcessError(systemErrorText(number), child, errorNumber: number)
            }
            made += ends
        }
        (childInput, inputEnd) = (made[0], made[1])
        (outputEnd, childOutput) = (made[2], made[3])
        (errorsEnd, childErrors) = (made[4], made[5])
        for descriptor in [inputEnd, outputEnd, errorsEnd] { _ = fcntl(descriptor, F_SETFL, O_NONBLOCK) }
    }

    var allOutputsEnded: Bool { outputEnd < 0 && errorsEnd < 0 }

    mutating func closeChildEnds() {
        Self.shut(&childInput)
        Self.shut(&childOutput)
        Self.shut(&childErrors)
    }

    mutating func closeAll() {
        closeChildEnds()
        Self.shut(&inputEnd)
        Self.shut(&outputEnd)
        Self.shut(&errorsEnd)
    }

    private static func shut(_ descriptor: inout Int32) {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }

    /// Waits for the next event and moves what can be moved.
    /// - Parameter process: Readable when the child has ended; -1 to ignore.
    mutating func pump(watching process: Int32, _ cancelEvent: Int32, wait: Int32, _ child: ChildProcess) {
        if inputSent == child.input.count { Self.shut(&inputEnd) }
        var polled = [
            pollfd(fd: inputEnd, events: Int16(POLLOUT), revents: 0),
            pollfd(fd: outputEnd, events: Int16(POLLIN), revents: 0),
            pollfd(fd: errorsEnd, events: Int16(POLLIN), revents: 0),
            pollfd(fd: process, events: Int16(POLLIN), revents: 0),
            pollfd(fd: cancelEvent, events: Int16(POLLIN), revents: 0),
        ]
        guard unsafe poll(&polled, nfds_t(polled.count), wait) > 0 else { return }
        if polled[0].revents != 0 { sendInput(child.input) }
        if polled[1].revents != 0 { Self.drain(&outputEnd, into: &output, limit: child.outputLimit) }
        if polled[2].revents != 0 { Self.drain(&errorsEnd, into: &errors, limit: child.outputLimit) }
        if polled[4].revents != 0 {
            var count: UInt64 = 0
            _ = unsafe read(cancelEvent, &count, 8)
        }
    }

    private mutating func sendInput(_ input: [UInt8]) {
        // SIGPIPE is blocked in our threads: a child that does not read its input shows as EPIPE.
        let descriptor = inputEnd
        let from = inputSent
        let count = unsafe input.withUnsafeBytes { bytes in
            unsafe write(descriptor, bytes.baseAddress?.advanced(by: from), min(bytes.count - from, 1 << 16))
        }
        if count > 0 {
            inputSent += count
        } else if errno != EAGAIN && errno != EINTR {
            Self.shut(&inputEnd)
        }
    }

    private static func drain(_ descriptor: inout Int32, into output: inout ChildProcess.Output, limit: Int) {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = unsafe read(descriptor, &buffer, buffer.count)
        if count > 0 {
            let kept = min(count, max(0, limit - output.bytes.count))
            output.bytes += buffer[..<kept]
            output.dropped += count - kept
        } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
            shut(&descriptor)
        }
    }
}
