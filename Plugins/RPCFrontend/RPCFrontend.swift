// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Glibc
import Synchronization

/// Shows devices to ARTIQ's clients: remote calls, replicated state, broadcasts, the log.
final class RPCFrontend: Frontend {
    static let factory = FrontendFactory(
        "pc_rpc", summary: "ARTIQ's remote procedure calls (sipyco), with sync_struct, broadcast and log forwarding",
        settings: RPCSettings.declared
    ) { settings, context in
        RPCFrontend(try RPCSettings(settings), context) { kill(getpid(), SIGTERM) }
    }

    private struct Running {
        var loops: [EventLoop]
        var port: Int
        var forwarder: LogForwarder?
    }

    private let settings: RPCSettings
    private let context: FrontendContext
    private let service: RPCService
    private let running = Mutex<Running?>(nil)
    private let open = Atomic<Int>(0)
    private let nextLoop = Atomic<Int>(0)

    /// - Parameter end: Stops the daemon.
    init(_ settings: RPCSettings, _ context: FrontendContext, end: @escaping @Sendable () -> Void) {
        self.settings = settings
        self.context = context
        service = RPCService(settings, context, end: end)
    }

    /// The port on which it listens; nil before the start and after the stop.
    var port: Int? { running.withLock { $0?.port } }

    /// What the channels publish; for tests and programs that publish by themselves.
    var publisher: StatePublisher { service.publisher }
    var broadcaster: Broadcaster { service.broadcaster }

    func start() async throws {
        let tls = try settings.tls.map { files throws(DeviceError) in
            try TLSContext(certificate: files.certificate, key: files.key, clients: files.clients)
        }
        let loops = try (0..<settings.threads).map { number throws(DeviceError) in
            let loop = try EventLoop()
            try loop.start(number == 0 ? "rpc" : "rpc-\(number)")
            return loop
        }
        do {
            let listeners = try listen(loops, tls)
            service.open()
            try connectPublications()
            for listener in listeners { loops[0].post { listener.attach(to: loops[0]) } }
            loops[0].post { [service, loop = loops[0]] in
                service.publisher.begin(on: loop)
                service.broadcaster.begin(on: loop)
            }
            let forwarder = settings.logServer.map { LogForwarder($0, context.logger) }
            forwarder?.start()
            let port = listeners.first?.port ?? 0
            running.withLock { $0 = Running(loops: loops, port: port, forwarder: forwarder) }
            context.logger.notice(
                "Listening",
                [
                    "addresses": .array(settings.addresses.map { .string($0) }), "port": .integer(Int64(port)),
                    "tls": .bool(tls != nil),
                ])
        } catch {
            for loop in loops { loop.end {} }
            throw error
        }
    }

    /// Listens at every address with the same port; one that this machine does not have is left out with a warning.
    private func listen(_ loops: [EventLoop], _ tls: TLSContext?) throws(DeviceError) -> [Listener] {
        var listeners: [Listener] = []
        var failure: DeviceError?
        for address in settings.addresses {
            let port = settings.port == 0 ? listeners.first?.port ?? 0 : settings.port
            do throws(DeviceError) {
                listeners.append(
                    try Listener(address: address, port: port) { [weak self] descriptor, peer in
                        self?.accept(descriptor, peer, loops, tls)
                    })
            } catch {
                failure = error
                context.logger.warning("An address is left out", ["reason": .string(error.message)])
            }
        }
        if let failure, listeners.isEmpty || failure.message.contains("port \(settings.port):") && isTaken(failure) {
            throw failure
        }
        return listeners
    }

    /// A port that another program has is no reason to go on with half of the addresses.
    private func isTaken(_ failure: DeviceError) -> Bool { failure.message.contains(systemErrorText(EADDRINUSE)) }

    func stop() async {
        let running = self.running.withLock { running in
            defer { running = nil }
            return running
        }
        guard let running else { return }
        running.forwarder?.stop()
        service.close()
        for loop in running.loops {
            await withCheckedContinuation { continuation in loop.end { continuation.resume() } }
        }
    }

    /// Clients that a thread of their own waits for.
    var directClients: Int {
        running.withLock { $0?.loops ?? [] }.count { loop in loop.inTurn { loop.hasDirectClient } }
    }

    func names() -> [ServedName] { service.names() }

    /// Tells those plugins where to publish that the site chose.
    private func connectPublications() throws(DeviceError) {
        for name in settings.publications {
            guard let receiver = context.site.registry.contribution(name, as: Publication.Receiver.self) else {
                throw DeviceError(
                    .notFound, "no plugin contributes publications of the name \(name); load the plugin that does")
            }
            receiver { [weak self] name, change in
                guard let self else { return }
                Publication.publish(name, change, publisher: service.publisher, broadcaster: service.broadcaster)
            }
        }
    }

    // MARK: - Connections

    private func accept(_ descriptor: Int32, _ peer: PeerAddress, _ loops: [EventLoop], _ tls: TLSContext?) {
        guard open.load(ordering: .relaxed) < settings.maximumConnections else {
            close(descriptor)
            context.logger.warning(
                "A connection was refused: there are too many",
                ["peer": .string(peer.host), "limit": .integer(Int64(settings.maximumConnections))])
            return
        }
        tune(descriptor)
        service.count(open.add(1, ordering: .relaxed).newValue)
        let loop = loops[nextLoop.add(1, ordering: .relaxed).oldValue % loops.count]
        if loop.isCurrent {
            serve(descriptor, peer, loop, tls)
        } else {
            loop.post { [weak self] in self?.serve(descriptor, peer, loop, tls) }
        }
    }

    private func tune(_ descriptor: Int32) {
        Listener.set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        // Left to itself it grows to megabytes of an image ahead, which one processor then carries alone and from memory; a small one
        // keeps client and server at work side by side: 1.6 to 1.8 times the images over loopback. Half a megabyte for each
        // round trip are 2.5 GB/s at 0.2 ms.
        Listener.set(descriptor, SOL_SOCKET, SO_SNDBUF, 262_144)
        Listener.set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1)
        Listener.set(descriptor, Int32(IPPROTO_TCP), TCP_KEEPIDLE, Int32(clamping: settings.keepAlive))
        Listener.set(descriptor, Int32(IPPROTO_TCP), TCP_KEEPINTVL, 10)
        Listener.set(descriptor, Int32(IPPROTO_TCP), TCP_KEEPCNT, 5)
    }

    private func serve(_ descriptor: Int32, _ peer: PeerAddress, _ loop: EventLoop, _ tls: TLSContext?) {
        let stream: (any ByteStream)? = tls.map { $0.stream(descriptor) } ?? PlainStream(descriptor)
        guard let stream else {
            close(descriptor)
            return service.count(open.subtract(1, ordering: .relaxed).newValue)
        }
        let banner = BannerHandler(service)
        let connection = LineConnection(
            descriptor, stream, on: loop, peer: peer, limits: settings.limits, handler: banner
        ) { [weak self] _ in
            guard let self else { return }
            service.count(open.subtract(1, ordering: .relaxed).newValue)
        }
        connection.open()
        loop.schedule(after: 30) { [weak connection] in
            guard let connection, !connection.isClosed, !connection.handler.isEstablished else { return }
            connection.close()
        }
    }
}
