// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Synchronization

/// A file with one line of JSON per write by a client.
///
/// Writers never wait: a thread of the log's own appends what was queued, whole lines at once, and syncs them to the disk. When the
/// file is full it becomes `<file>.1`, that one `<file>.2`, and the oldest goes. Lines that come faster than the disk takes them are
/// counted and the count is logged.
final class PutLog: Sendable {
    private struct State {
        var lines: [String] = []
        var lost = 0
        var isScheduled = false
    }

    /// Lines kept for the disk.
    static let capacity = 20_000

    private let file: RotatingFile
    private let logger: Logger
    private let state = Mutex(State())
    private let thread = SerialThread(name: "daqd-put-log")

    /// Nothing is opened before the first line.
    init(_ file: RotatingFile, logger: Logger) {
        self.file = file
        self.logger = logger
    }

    /// Queues a line.
    func add(_ note: PutNote) {
        let line = note.line + "\n"
        let isFirst = state.withLock { state in
            guard state.lines.count < Self.capacity else {
                state.lost += 1
                return false
            }
            state.lines.append(line)
            defer { state.isScheduled = true }
            return !state.isScheduled
        }
        if isFirst { thread.perform { [self] in flush() } }
    }

    /// Writes what is queued and closes the file.
    func close() async {
        _ = try? await thread.run { [self] in
            flush()
            file.close()
        }
    }

    private func flush() {
        let (lines, lost) = state.withLock { state in
            defer { state = State() }
            return (state.lines, state.lost)
        }
        if lost > 0 { logger.warning("Writes were not noted in the put log", ["count": .integer(Int64(lost))]) }
        if lines.isEmpty { return }
        do {
            try file.append(lines)
        } catch {
            logger.error(
                "The put log cannot be written",
                ["reason": .string(String(describing: error)), "lines": .integer(Int64(lines.count))])
        }
    }
}
