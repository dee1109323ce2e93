// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Synchronization

/// Shows devices to EPICS clients.
final class ChannelAccessFrontend: Frontend {
    static let factory = FrontendFactory(
        "channel_access", summary: "EPICS Channel Access: process variables for the beamline's clients",
        settings: ServerSettings.declared + ServedNames.settings
    ) { settings, context in
        ChannelAccessFrontend(
            try ServerSettings(settings, CAEnvironment(.process)), try ServedNames(settings, context), context)
    }.judging { settings, site, devices in
        _ = try NameSettings.plan(settings, site: site, devices: devices)
    }

    private static let slowNames = 16
    private static let circuitNames = 256

    private let settings: ServerSettings
    private let served: ServedNames
    private let context: FrontendContext
    private let counters: ServerCounters
    private let slowClients: Parameter<DataValue>
    private let circuits: Parameter<DataValue>
    private let server = Mutex<CAServer?>(nil)
    private let areNamesOpen = Mutex(false)

    init(_ settings: ServerSettings, _ served: ServedNames, _ context: FrontendContext) {
        self.settings = settings
        self.served = served
        self.context = context
        counters = ServerCounters { context.counter($0, $1) }
        func list(_ name: String, _ description: String, _ capacity: Int) -> Parameter<DataValue> {
            var metadata = ParameterMetadata(
                "\(description); the first \(capacity)", type: .strings(capacity: capacity))
            metadata.access = .read
            return Parameter(ParameterSpec("frontends/\(context.name)/\(name)", metadata), initial: .strings([]))
        }
        slowClients = list("slow_client", "Who does not read what they asked for", Self.slowNames)
        circuits = list("circuit", "Open circuits with their clients, by priority", Self.circuitNames)
    }

    private var lists: [Parameter<DataValue>] { [slowClients, circuits] }

    /// The ports on which it listens; `nil` before the start and after the stop.
    var ports: (udp: Int, tcp: Int)? {
        server.withLock { $0 }.map { (Int($0.sockets.udpPort), Int($0.sockets.tcpPort)) }
    }

    func start() async throws {
        let isFirst = areNamesOpen.withLock { isOpen in
            defer { isOpen = true }
            return !isOpen
        }
        if isFirst {
            served.open()
            for list in lists {
                context.site.daemon.remove(list.name)
                try? context.site.daemon.add(list)
            }
        }
        let server = try CAServer(
            settings, frontend: context.name, directory: served.directory, counters: counters, logger: context.logger)
        self.server.withLock { $0 = server }
        context.logger.notice(
            "Listening",
            [
                "interfaces": .string(settings.interfaces.isEmpty ? "all" : settings.interfaces.joined(separator: " ")),
                "udp": .integer(Int64(server.sockets.udpPort)), "tcp": .integer(Int64(server.sockets.tcpPort)),
            ])
    }

    func run() async throws {
        while !Task.isCancelled {
            try await Task.sleep(nanoseconds: 1_000_000_000)
            served.tick()
            count()
        }
    }

    private func count() {
        guard let server = server.withLock({ $0 }) else { return }
        server.count()
        show(server.slowClients.prefix(Self.slowNames), slowClients)
        show(server.circuits.prefix(Self.circuitNames), circuits)
    }

    private func show(_ names: ArraySlice<String>, _ list: Parameter<DataValue>) {
        let names = DataValue.strings(Array(names))
        if list.value != names { list.publish(names) }
    }

    func stop() async {
        let server = server.withLock { server in
            defer { server = nil }
            return server
        }
        server?.stop()
        for list in lists { context.site.daemon.remove(list.name) }
        let isOpen = areNamesOpen.withLock { isOpen in
            defer { isOpen = false }
            return isOpen
        }
        if isOpen { await served.close() }
    }

    func names() -> [ServedName] { served.directory.names }
}
