// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Glibc
import Synchronization

/// A server of Channel Access: its sockets, the thread that answers searches and those that serve circuits.
final class CAServer: Sendable {
    let services: CircuitServices
    let sockets: ServerSockets
    private let loops: [CircuitLoop]
    private let search: SearchLoop
    private let isStopped = Atomic<Bool>(false)
    /// Looks again how large messages may be.
    private let measure: @Sendable () -> Void

    /// Opens the sockets and serves at once.
    /// - Throws: When addresses or ports cannot be had.
    init(
        _ settings: ServerSettings, frontend: String, directory: any NameDirectory, counters: ServerCounters,
        logger: Logger
    ) throws {
        let plan = try AddressPlan(settings, interfaces: NetworkInterface.all())
        for problem in settings.problems + plan.problems {
            logger.warning("An entry is not used", ["reason": .string(problem)])
        }
        if plan.beacons.isEmpty {
            logger.notice("No beacons are sent: there is no address for them (beacon_addresses, automatic_beacons)")
        }
        let sockets = try ServerSockets(plan, settings, logger)
        self.sockets = sockets
        let fixed = settings.maximumMessageBytes
        let maximum = SharedNumber(fixed ?? Self.maximumMessage(largestCount: directory.largestCount))
        measure = { if fixed == nil { maximum.value = Self.maximumMessage(largestCount: directory.largestCount) } }
        services = CircuitServices(
            frontend: frontend, directory: directory, limits: settings.limits, tcpPort: sockets.tcpPort,
            counters: counters, logger: logger
        ) { maximum.value }
        let total = Self.circuits(settings.maximumConnections, files: Self.fileLimit())
        if total < settings.maximumConnections {
            logger.warning(
                "Fewer circuits than configured: half of the files that this process may open are for them",
                ["max_connections": .integer(Int64(settings.maximumConnections)), "circuits": .integer(Int64(total))])
        }
        let admissions = Admissions(total: total, perAddress: settings.maximumConnectionsPerAddress)
        var loops: [CircuitLoop] = []
        for number in 1...max(1, settings.threads) {
            loops.append(try CircuitLoop(services, admissions, number: number))
        }
        self.loops = loops
        search = try SearchLoop(sockets, plan, settings, services, admissions, loops)
        directory.observe { [weak self] event in self?.follow(event) }
        for loop in loops { loop.start() }
        search.start()
    }

    /// Room for the largest array as numbers, and for up to 16 MB as texts, 40 bytes an element.
    static func maximumMessage(largestCount: Int) -> Int {
        max(largestCount * 8, min(largestCount * 40, 16_777_216)) + 65_536
    }

    /// How many circuits there may be: a device, a file or a search must still get a descriptor when all are taken.
    static func circuits(_ wanted: Int, files: Int) -> Int { max(1, min(wanted, files / 2)) }

    /// Files that this process may open.
    private static func fileLimit() -> Int {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return .max }
        return Int(clamping: limit.rlim_cur)
    }

    private func follow(_ event: DirectoryEvent) {
        if event == .added {
            measure()
            return search.restartBeacons()
        }
        for loop in loops { loop.tell(event) }
    }

    /// Brings the counters up to date that circuits keep for themselves; called about once a second.
    func count() {
        measure()
        for loop in loops { loop.post(.count) }
        services.counters.slow.set(slowClients.count)
    }

    /// Clients that do not read what they asked for, by name.
    var slowClients: [String] { loops.flatMap { loop in loop.slow.withLock { $0 } } }

    /// Every circuit with its client and its priority, the highest first.
    var circuits: [String] {
        loops.flatMap { loop in loop.circuits.withLock { $0 } }
            .sorted { ($1.priority, $0.text) < ($0.priority, $1.text) }.map(\.text)
    }

    /// Closes every circuit, then the sockets; safe also a second time.
    func stop() {
        guard !isStopped.exchange(true, ordering: .acquiringAndReleasing) else { return }
        search.stop()
        for loop in loops { loop.stop() }
    }
}

/// A number that any thread may read and set.
final class SharedNumber: Sendable {
    private let number: Atomic<Int>

    init(_ value: Int) { number = Atomic(value) }

    var value: Int {
        get { number.load(ordering: .relaxed) }
        set { number.store(newValue, ordering: .relaxed) }
    }
}
