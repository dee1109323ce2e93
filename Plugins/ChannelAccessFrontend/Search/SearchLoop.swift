// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Glibc
import Synchronization

/// One thread that answers searches, accepts circuits and sends beacons, so that a storm of searches stops no circuit.
@safe
final class SearchLoop: @unchecked Sendable {  // sound: what is not atomic or constant is touched by its thread only
    /// The largest datagram there can be.
    private static let datagramSize = 65_536
    /// Datagrams of one socket before the others have their turn.
    private static let datagramsAtOnce = 64
    private static let refusalsLogged = 20

    private let sockets: ServerSockets
    private let ignored: Set<UInt32>
    private let responder: SearchResponder
    private let services: CircuitServices
    private let admissions: Admissions
    private let loops: [CircuitLoop]
    private let beacons: BeaconSender
    private let poller: Poller
    private let thread = SerialThread(name: "ca search")
    private let ended = ThreadSemaphore()
    private let isStopping = Atomic<Bool>(false)
    private let wantsRestart = Atomic<Bool>(false)
    private let beaconPeriod: Double
    private let input: UnsafeMutableRawPointer
    private var refusals = 0
    /// A descriptor in reserve, given up when there are no others to tell a client so by closing.
    private var reserve = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)

    init(
        _ sockets: ServerSockets, _ plan: AddressPlan, _ settings: ServerSettings, _ services: CircuitServices,
        _ admissions: Admissions, _ loops: [CircuitLoop]
    ) throws(SocketError) {
        self.sockets = sockets
        ignored = plan.ignored
        self.services = services
        self.admissions = admissions
        self.loops = loops
        responder = SearchResponder(services.directory, port: sockets.tcpPort)
        let only = plan.listening.count == 1 ? plan.listening[0] : IPv4Endpoint.any
        beacons = try BeaconSender(
            plan.beacons, multicastTTL: settings.multicastTTL, tcpPort: sockets.tcpPort, address: only,
            logger: services.logger)
        beaconPeriod = settings.beaconPeriod
        poller = try Poller()
        unsafe input = .allocate(byteCount: Self.datagramSize, alignment: 16)
        for (index, socket) in sockets.all.enumerated() { poller.watch(socket.descriptor, id: UInt64(index)) }
    }

    deinit {
        unsafe input.deallocate()
        close(reserve)
    }

    func start() {
        thread.perform { [self] in
            run()
            ended.post()
        }
    }

    /// Ends the loop and waits for its thread; the sockets are the owner's.
    func stop() {
        isStopping.store(true, ordering: .releasing)
        poller.ring()
        ended.wait(seconds: 10)
    }

    /// Names came: beacons start again with short intervals, so that clients look for them.
    func restartBeacons() {
        wantsRestart.store(true, ordering: .releasing)
        poller.ring()
    }

    // MARK: - The thread

    private func run() {
        var schedule = BeaconSchedule(periodSeconds: beaconPeriod, now: Self.now)
        while !isStopping.load(ordering: .acquiring) {
            if schedule.due <= Self.now {
                beacons.send(schedule.number)
                schedule.didSend(now: Self.now)
            }
            let wait = max(0, (schedule.due - Self.now + 999_999) / 1_000_000)
            _ = poller.wait(milliseconds: Int32(min(wait, 3_600_000))) { ready in
                let socket = sockets.all[Int(ready.id)]
                switch socket.kind {
                case .listener: accept(from: socket.descriptor)
                case .datagrams(let replier): answer(socket.descriptor, replier)
                }
            }
            if wantsRestart.exchange(false, ordering: .acquiringAndReleasing) { schedule.restart(now: Self.now) }
        }
    }

    private static var now: Int {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }

    // MARK: - Searches

    private func answer(_ descriptor: Int32, _ replier: Int32) {
        let (searches, hits) = (responder.searches, responder.hits)
        for _ in 0..<Self.datagramsAtOnce {
            var raw = sockaddr_in()
            let count = receive(descriptor, &raw)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { break }
            let peer = IPv4Endpoint(raw)
            guard count > 0, !ignored.contains(peer.address) else { continue }
            responder.answer(unsafe ByteView(UnsafeRawBufferPointer(start: input, count: count))) { reply in
                _ = unsafe peer.withRaw { raw, size in
                    unsafe sendto(replier, reply.memory, reply.end, Int32(MSG_NOSIGNAL), raw, size)
                }
            }
        }
        services.counters.searches.add(responder.searches - searches)
        services.counters.hits.add(responder.hits - hits)
    }

    private func receive(_ descriptor: Int32, _ raw: inout sockaddr_in) -> Int {
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        return unsafe withUnsafeMutablePointer(to: &raw) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe recvfrom(descriptor, input, Self.datagramSize, 0, $0, &size)
            }
        }
    }

    // MARK: - Circuits

    private func accept(from listener: Int32) {
        for _ in 0..<Self.datagramsAtOnce {
            var raw = sockaddr_in()
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let descriptor = unsafe withUnsafeMutablePointer(to: &raw) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe Glibc.accept(listener, $0, &size)
                }
            }
            guard descriptor >= 0 else {
                if errno == EMFILE || errno == ENFILE { turnAway(listener) }
                return
            }
            take(descriptor, IPv4Endpoint(raw))
        }
    }

    private func take(_ descriptor: Int32, _ peer: IPv4Endpoint) {
        if let reason = admissions.enter(peer) {
            close(descriptor)
            return refused(peer.description, reason)
        }
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        Sockets.prepare(circuit: descriptor, unreadSeconds: services.limits.unreadSeconds)
        let loop = loops.min { $0.load.load(ordering: .relaxed) < $1.load.load(ordering: .relaxed) }
        guard let loop else { return }
        loop.load.add(1, ordering: .relaxed)
        loop.post(.accept(descriptor, peer))
    }

    /// No descriptor is left: one is given up for a moment, to close the client's connection instead of letting it wait.
    private func turnAway(_ listener: Int32) {
        close(reserve)
        let descriptor = Glibc.accept(listener, nil, nil)
        if descriptor >= 0 { close(descriptor) }
        reserve = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
        refused("a client", "this process has no file descriptors left")
    }

    private func refused(_ client: String, _ reason: String) {
        services.counters.refused.add()
        refusals += 1
        guard refusals <= Self.refusalsLogged else { return }
        services.logger.warning(
            "A client's connection was closed at once", ["client": .string(client), "reason": .string(reason)])
        if refusals == Self.refusalsLogged {
            services.logger.warning("Further closed connections are only counted (refused_circuits)")
        }
    }
}
