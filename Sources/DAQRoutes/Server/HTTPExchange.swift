// Part of daqd
// SPDX-License-Identifier: MIT

internal import CMicroHTTPD
internal import Synchronization

/// One request on its way through the server: from its target to the end of its reply.
///
/// libmicrohttpd holds one reference, from the target's arrival to the request's completion.
// Sendable because the plain fields are the connection's own thread's, and the rest is locked.
final class HTTPExchange: @unchecked Sendable {
    enum Phase { case target, receiving, waiting, answered }

    private enum Reply {
        case none
        case parked(Task<Void, Never>?)
        case ready(HTTPResponse)
        case taken
    }

    let connection: MHDConnection
    let target: String?
    /// The client; nil only where libmicrohttpd lost it.
    let peer: PeerAddress?
    var phase = Phase.target
    var body: [UInt8] = []
    var excess = 0
    private let reply = Mutex(Reply.none)

    init(_ connection: MHDConnection, _ peer: PeerAddress?, target: String?) {
        self.connection = connection
        self.peer = peer
        self.target = target
    }

    /// Suspends the connection and runs `work` in a task; its response resumes the connection.
    func park(_ work: @escaping @Sendable () async -> HTTPResponse) {
        reply.withLock { reply in
            connection.suspend()
            reply = .parked(nil)
        }
        let task = Task { self.complete(await work()) }
        reply.withLock { reply in
            if case .parked = reply { reply = .parked(task) }
        }
    }

    /// Hands over the response, once, and resumes the connection inside the lock (see `HTTPBodyWriter.unpark`).
    func complete(_ response: HTTPResponse) {
        reply.withLock { reply in
            guard case .parked = reply else { return }
            reply = .ready(response)
            connection.resume()
        }
    }

    /// Ends a waiting request with `response` and cancels its task: the server stops.
    func terminate(_ response: HTTPResponse) {
        let task: Task<Void, Never>? = reply.withLock { reply in
            guard case .parked(let task) = reply else { return nil }
            reply = .ready(response)
            connection.resume()
            return task
        }
        task?.cancel()
    }

    /// Cancels the task of a waiting request whose client left; the task's response still resumes the connection.
    func abandon() {
        let task: Task<Void, Never>? = reply.withLock { reply in
            if case .parked(let task) = reply { task } else { nil }
        }
        task?.cancel()
    }

    /// The response of a resumed connection.
    func take() -> HTTPResponse? {
        reply.withLock { reply in
            guard case .ready(let response) = reply else { return nil }
            reply = .taken
            return response
        }
    }
}
