// Part of daqd
// SPDX-License-Identifier: MIT

internal import CMicroHTTPD
internal import Glibc
internal import Synchronization

/// What the callbacks of one server share.
final class ServerCore: Sendable {
    let configuration: HTTPServerConfiguration
    private let router: RouteTable
    private let waiting = Mutex(Waiting())
    private let accepted = Atomic(0)
    private let peers = Mutex<[ObjectIdentifier: PeerAddress]>([:])
    private let requests = Atomic(0)

    /// Everything that may hold a suspended connection.
    private struct Waiting {
        var stopped = false
        var exchanges: [ObjectIdentifier: HTTPExchange] = [:]
        var writers: [ObjectIdentifier: (writer: HTTPBodyWriter, peer: PeerAddress?)] = [:]
    }

    let hasThreadPerConnection: Bool

    init(_ configuration: HTTPServerConfiguration, _ router: HTTPRouter) {
        if case .threadPerConnection = configuration.threading {
            hasThreadPerConnection = true
        } else {
            hasThreadPerConnection = false
        }
        self.configuration = configuration
        self.router = RouteTable(router)
    }

    var statistics: HTTPServer.Statistics {
        var statistics = HTTPServer.Statistics()
        statistics.accepted = accepted.load(ordering: .relaxed)
        statistics.connections = peers.withLock { $0.count }
        statistics.requests = requests.load(ordering: .relaxed)
        return statistics
    }

    // MARK: - Connections

    func opened(_ peer: PeerAddress) -> PeerAddress {
        accepted.add(1, ordering: .relaxed)
        expectRequest(from: peer)
        peers.withLock { $0[ObjectIdentifier(peer)] = peer }
        return peer
    }

    func closed(_ peer: PeerAddress) {
        peers.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(peer)) }
    }

    /// Nothing is asked yet: the client has the idle time to begin and the request time to finish.
    func expectRequest(from peer: PeerAddress) {
        let seconds = configuration.idleTimeoutSeconds + configuration.requestTimeoutSeconds
        let limited = configuration.idleTimeoutSeconds > 0 && configuration.requestTimeoutSeconds > 0
        peer.deadline.store(limited ? monotonicSeconds() + seconds : .max, ordering: .relaxed)
    }

    /// The request line is there: the rest must follow within the request time.
    func began(_ peer: PeerAddress) {
        guard configuration.requestTimeoutSeconds > 0 else { return }
        peer.deadline.store(monotonicSeconds() + configuration.requestTimeoutSeconds, ordering: .relaxed)
    }

    /// Ends connections whose request does not get finished; the lock keeps their descriptors open meanwhile.
    func cutOverdue() {
        let now = monotonicSeconds()
        peers.withLock { peers in
            for peer in peers.values where peer.deadline.load(ordering: .relaxed) < now {
                shutdown(peer.descriptor, CInt(SHUT_RDWR))
            }
        }
    }

    /// Cancels what works for clients that left, so that nobody waits or streams for them.
    func endAbandoned() {
        let (exchanges, streams) = waiting.withLock { (Array($0.exchanges.values), Array($0.writers.values)) }
        for exchange in exchanges where hasLeft(exchange.peer) { exchange.abandon() }
        for stream in streams where hasLeft(stream.peer) { stream.writer.close() }
    }

    /// The lock keeps the descriptor open while it is asked.
    private func hasLeft(_ peer: PeerAddress?) -> Bool {
        guard let peer else { return false }
        return peers.withLock { $0[ObjectIdentifier(peer)] != nil && peer.hasLeft }
    }

    private func monotonicSeconds() -> Int {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC_COARSE, &time)
        return time.tv_sec
    }

    // MARK: - One request

    /// Takes one step: headers complete, a piece of the body, the body complete, or a response ready; false cuts.
    func advance(_ exchange: HTTPExchange, _ method: UnsafePointer<CChar>, _ upload: UnsafeRawBufferPointer) -> Bool {
        switch exchange.phase {
        case .target:
            exchange.phase = .receiving
            guard
                unsafe method.pointee == CChar(UInt8(ascii: "G"))
                    || announcedLength(exchange) <= configuration.maximumBodyBytes
            else {
                return unsafe refuseBody(exchange, method)
            }
            return true
        case .receiving where unsafe !upload.isEmpty:
            return unsafe receive(exchange, upload)
        case .receiving:
            return unsafe answer(exchange, method)
        case .waiting:
            return unsafe deliver(exchange, isHead: String(cString: method) == "HEAD")
        case .answered:
            return true
        }
    }

    private func announcedLength(_ exchange: HTTPExchange) -> Int {
        let text = unsafe MHD_lookup_connection_value(
            exchange.connection.pointer, daqd_mhd_header_kind, "Content-Length")
        guard let text = unsafe text else { return 0 }
        return unsafe Int(String(cString: text)) ?? 0
    }

    /// A body beyond the limit is read and forgotten up to eight times the limit, so that the client sees the 413.
    private func receive(_ exchange: HTTPExchange, _ upload: UnsafeRawBufferPointer) -> Bool {
        if exchange.body.count + upload.count <= configuration.maximumBodyBytes, exchange.excess == 0 {
            unsafe exchange.body.append(contentsOf: upload)
            return true
        }
        exchange.body = []
        exchange.excess += upload.count
        return exchange.excess <= 8 * max(configuration.maximumBodyBytes, 64 * 1024)
    }

    private func refuseBody(_ exchange: HTTPExchange, _ method: UnsafePointer<CChar>) -> Bool {
        exchange.phase = .answered
        let (request, _) = unsafe request(exchange, method)
        return send(router.failed(tooLarge, request), exchange, isHead: request.method == .head)
    }

    private var tooLarge: HTTPFailure {
        HTTPFailure(413, "the body is larger than the \(configuration.maximumBodyBytes) bytes that are accepted")
    }

    private func request(
        _ exchange: HTTPExchange, _ method: UnsafePointer<CChar>
    ) -> (HTTPRequest, Result<HTTPHandler, HTTPFailure>) {
        let method = HTTPMethod(rawValue: unsafe String(cString: method))
        let pointer = unsafe exchange.connection.pointer
        let body = exchange.body
        exchange.body = []
        return unsafe router.route(
            method, exchange.target ?? "%", collectHeaders(pointer), body, remoteAddress: exchange.peer?.text ?? "")
    }

    private func answer(_ exchange: HTTPExchange, _ method: UnsafePointer<CChar>) -> Bool {
        requests.add(1, ordering: .relaxed)
        exchange.peer?.deadline.store(.max, ordering: .relaxed)
        let (request, handler) = unsafe request(exchange, method)
        if exchange.excess > 0 {
            exchange.phase = .answered
            return send(router.failed(tooLarge, request), exchange, isHead: request.method == .head)
        }
        switch router.begin(request, handler) {
        case .now(let response):
            exchange.phase = .answered
            return send(response, exchange, isHead: request.method == .head)
        case .later(let handler):
            exchange.phase = .waiting
            guard park(exchange, request, handler) else { return false }
            return exchange.connection.waitOnOwnThread() ? deliver(exchange, isHead: request.method == .head) : true
        }
    }

    /// Sends the response of a request that waited.
    private func deliver(_ exchange: HTTPExchange, isHead: Bool) -> Bool {
        guard let response = exchange.take() else { return false }
        exchange.phase = .answered
        return send(response, exchange, isHead: isHead)
    }

    private func park(
        _ exchange: HTTPExchange, _ request: HTTPRequest,
        _ handler: @escaping @Sendable (HTTPRequest) async throws -> HTTPResponse
    ) -> Bool {
        let id = ObjectIdentifier(exchange)
        let going = waiting.withLock { waiting in
            guard !waiting.stopped else { return false }
            waiting.exchanges[id] = exchange
            exchange.park { [router, weak self] in
                let response = await router.finish(request, handler)
                self?.waiting.withLock { _ = $0.exchanges.removeValue(forKey: id) }
                return response
            }
            return true
        }
        return going
    }

    // MARK: - Replies

    private func send(_ response: HTTPResponse, _ exchange: HTTPExchange, isHead: Bool) -> Bool {
        let connection = exchange.connection
        guard let reply = MHDReply(response, connection, isHead: isHead) else { return false }
        if let writer = reply.writer {
            let id = ObjectIdentifier(writer)
            let going = waiting.withLock { waiting in
                guard !waiting.stopped else { return false }
                waiting.writers[id] = (writer, exchange.peer)
                return true
            }
            guard going else { return reply.discard() }
            writer.whenClosed { [weak self] in self?.waiting.withLock { _ = $0.writers.removeValue(forKey: id) } }
        }
        return reply.queue(on: connection, status: response.status)
    }

    /// Ends everything that waits: no connection is suspended afterwards, and none will be.
    func terminate() {
        let ended = waiting.withLock { waiting in
            waiting.stopped = true
            defer { waiting.exchanges = [:]; waiting.writers = [:] }
            return (Array(waiting.exchanges.values), waiting.writers.values.map(\.writer))
        }
        for exchange in ended.0 { exchange.terminate(HTTPResponse(503)) }
        for writer in ended.1 { writer.close() }
    }
}
