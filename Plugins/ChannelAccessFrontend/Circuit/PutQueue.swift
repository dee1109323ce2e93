// Part of daqd
// SPDX-License-Identifier: MIT

/// A write that a client asked for.
struct PutRequest {
    /// The request's header, for the reply and for an ERROR.
    var header: CAHeader
    /// Elements to store, at most the variable's own number.
    var count: Int
    /// Whether the client waits for the end.
    var wantsReply: Bool { header.command == CACommand.writeNotify.rawValue }
}

/// The writes of one channel that have not ended: they are carried out in the order of arrival, one at a time.
///
/// A write without callback that waits gives way to a newer one behind it.
final class PutQueue {
    struct Waiting {
        var request: PutRequest
        var payload: [UInt8]
    }

    /// Those that were handed on, by their tokens; several only where a variable interrupts.
    private(set) var active: [(token: UInt32, request: PutRequest)] = []
    private(set) var waiting: [Waiting] = []
    private var first = 0

    /// Whether another write of the channel must wait.
    var isBusy: Bool { !active.isEmpty }
    /// Writes that wait.
    var waitingCount: Int { waiting.count - first }
    /// Writes with callback that have not ended.
    var notifyCount: Int {
        active.count(where: \.request.wantsReply) + waiting[first...].count(where: \.request.wantsReply)
    }

    func begin(_ token: UInt32, _ request: PutRequest) { active.append((token, request)) }

    /// - Returns: The request of the token; `nil` when there is none.
    func end(_ token: UInt32) -> PutRequest? {
        guard let index = active.firstIndex(where: { $0.token == token }) else { return nil }
        return active.remove(at: index).request
    }

    /// Queues a write; it replaces one without callback that stands at the end, if it is without callback itself.
    /// - Returns: Bytes of the payload that was replaced.
    func enqueue(_ waiting: Waiting) -> Int {
        if waitingCount > 0, !waiting.request.wantsReply, let last = self.waiting.last, !last.request.wantsReply {
            self.waiting[self.waiting.count - 1] = waiting
            return last.payload.count
        }
        self.waiting.append(waiting)
        return 0
    }

    /// The next one whose turn it is.
    func next() -> Waiting? {
        guard first < waiting.count else { return nil }
        defer {
            first += 1
            if first == waiting.count {
                waiting.removeAll(keepingCapacity: true)
                first = 0
            }
        }
        return waiting[first]
    }

    /// Every request that has not ended, those that are under way first.
    var unfinished: [PutRequest] { active.map(\.request) + waiting[first...].map(\.request) }
}
