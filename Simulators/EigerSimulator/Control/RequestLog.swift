// Part of daqd
// SPDX-License-Identifier: MIT

internal import DAQKernel
internal import Synchronization

/// What was asked of the simulator, in order, so that a test can assert what a client sent.
final class RequestLog: Sendable {
    /// One request; `status` is missing while it is being served.
    struct Entry: Sendable {
        var number: Int
        var time: String
        var method: String
        var path: String
        var body: String
        var state: String
        var status: Int?

        /// The line of `GET /sim/log`.
        var json: JSON {
            .object([
                ("n", .integer(Int64(number))), ("time", .string(time)), ("method", .string(method)),
                ("path", .string(path)), ("body", .string(body)), ("state", .string(state)),
                ("status", status.map { .integer(Int64($0)) } ?? .null),
            ])
        }
    }

    private struct State {
        var entries: [Entry] = []
        var first = 1
    }
    private let state = Mutex(State())

    /// Entries that are kept; older ones go.
    static let capacity = 100_000
    /// Bytes of a request's body that are kept.
    static let bodyLimit = 4096

    /// Notes a request when it arrives; returns its number.
    func add(time: String, method: String, path: String, body: [UInt8], state detector: String) -> Int {
        let text = String(decoding: body.prefix(Self.bodyLimit), as: UTF8.self)
        return state.withLock { state in
            let number = state.first + state.entries.count
            state.entries.append(
                Entry(number: number, time: time, method: method, path: path, body: text, state: detector))
            if state.entries.count >= Self.capacity + Self.capacity / 10 {
                state.entries.removeFirst(Self.capacity / 10)
                state.first += Self.capacity / 10
            }
            return number
        }
    }

    /// Notes how a request was answered; 0 stands for a connection closed without a reply.
    func answered(_ number: Int, status: Int) {
        state.withLock { state in
            let index = number - state.first
            if state.entries.indices.contains(index) { state.entries[index].status = status }
        }
    }

    /// The entries from a number on.
    func entries(from number: Int) -> [Entry] {
        state.withLock { state in Array(state.entries.dropFirst(max(0, number - state.first))) }
    }

    /// Forgets all entries; the numbers go on.
    func clear() {
        state.withLock { state in
            state.first += state.entries.count
            state.entries = []
        }
    }
}
