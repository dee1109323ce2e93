// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Glibc
import Synchronization

/// What the connections of one frontend share: targets, counters, publishers.
final class RPCService: Sendable {
    let settings: RPCSettings
    let context: FrontendContext
    let requests: Counter
    let failures: Counter
    let connections: Counter
    let publisher: StatePublisher
    let broadcaster: Broadcaster
    private let targets = Mutex<[String: RPCTarget]>([:])
    private let observer = Mutex<Int?>(nil)
    private let end: @Sendable () -> Void

    /// - Parameter end: Stops the daemon.
    init(_ settings: RPCSettings, _ context: FrontendContext, end: @escaping @Sendable () -> Void) {
        self.settings = settings
        self.context = context
        self.end = end
        requests = context.counter("requests", "Requests answered")
        failures = context.counter("failures", "Requests answered with an exception")
        connections = context.counter("connections", "Open connections")
        let shown = settings.devices
        let shows: @Sendable (String) -> Bool = { [context] device in
            context.shows(device) && (shown.isEmpty || shown.contains(device))
        }
        publisher = StatePublisher(context, shows: shows)
        broadcaster = Broadcaster(context, shows: shows)
    }

    // MARK: - Life

    /// Follows the site.
    func open() {
        observer.withLock { observer in
            guard observer == nil else { return }
            observer = context.site.observe { [weak self] event in self?.follow(event) }
        }
        publisher.open()
        broadcaster.open()
    }

    /// Lets go of every target.
    func close() {
        let number = observer.withLock { observer in
            defer { observer = nil }
            return observer
        }
        if let number { context.site.removeObserver(number) }
        publisher.close()
        broadcaster.close()
        let all = targets.withLock { targets in
            defer { targets = [:] }
            return targets
        }
        for target in all.values { target.close() }
    }

    private func follow(_ event: TreeEvent) {
        publisher.treeChanged(event)
        guard case .deviceRemoved(let device) = event else { return }
        let gone = targets.withLock { targets in
            let gone = targets.filter { $0.value.node.name == device }
            for name in gone.keys { targets[name] = nil }
            return gone
        }
        for target in gone.values { target.close() }
    }

    /// Counts the open connections.
    func count(_ connections: Int) { self.connections.set(connections) }

    /// Stops the daemon, as somebody asked.
    func terminate(_ origin: Origin) {
        context.logger.notice("A client ends the daemon", ["peer": .string(origin.host)])
        end()
    }

    // MARK: - Targets

    private func shows(_ device: String) -> Bool {
        context.shows(device) && (settings.devices.isEmpty || settings.devices.contains(device))
    }

    /// The targets' names in ascending order.
    var targetNames: [String] {
        var names = Set(settings.targets.map(\.name))
        for device in context.site.devices where device.name != "daqd" && shows(device.name) {
            names.insert(device.name)
        }
        switch settings.daemon {
        case .always: names.insert("daqd")
        case .auto: if names.count != 1 { names.insert("daqd") }
        case .never: break
        }
        return names.sorted()
    }

    /// The line that says who this server is; JSON in every version of the protocol.
    func identification() -> [UInt8] {
        let features = ["pyon_v2"] + (settings.allowsRawArrays ? ["raw_arrays"] : [])
        var text = PYONText(.v2)
        let written: Void? = try? text.append(object: [
            ("targets", .strings(targetNames)), ("description", settings.description.map { .string($0) } ?? .null),
            ("features", .strings(features)),
        ])
        return written == nil ? [] : text.bytes + [10]
    }

    /// The target of a name.
    /// - Throws: A sentence for the log.
    func target(_ name: String) throws(RPCException) -> RPCTarget {
        if let target = targets.withLock({ $0[name] }) { return target }
        guard targetNames.contains(name) else {
            throw RPCException(
                "ValueError",
                "there is no target “\(name.prefix(80))”; there are \(targetNames.joined(separator: ", "))")
        }
        let made = try make(name)
        if made.isPerConnection { return made }
        let (target, isNew) = targets.withLock { targets in
            if let known = targets[name] { return (known, false) }
            targets[name] = made
            return (made, true)
        }
        if !isNew { made.close() }
        return target
    }

    private func make(_ name: String) throws(RPCException) -> RPCTarget {
        let entry = settings.targets.first { $0.name == name }?.target
        let device = entry?.device ?? name
        guard let node = context.site.device(device) else {
            throw RPCException("ValueError", "the target \(name) is the device \(device), which does not exist")
        }
        let view = try view(of: node, entry?.names)
        let cursor = entry?.isPerConnection == true ? ImageCursor() : nil
        let own = entry?.names == nil ? DeviceServices.methods(of: node, view, context, cursor) : []
        let target = RPCTarget(name, node, view, isSerial: entry?.isSerial ?? false, own: own, cursor)
        for clash in target.methods.clashes {
            context.logger.warning(
                "Two names of a device give the same method; one got a longer name",
                ["target": .string(name), "method": .string(clash)])
        }
        return target
    }

    private func view(of node: DeviceNode, _ set: String?) throws(RPCException) -> NameView {
        guard let set else { return NameView(plain: node, on: context.site) }
        guard let found = node.nameSets.first(where: { $0.name == set }) else {
            let known = node.nameSets.map(\.name)
            throw RPCException(
                "ValueError",
                "\(node.name) has no name set \(set); it has \(known.isEmpty ? "none" : known.joined(separator: ", "))")
        }
        return NameView(found, of: node, on: context.site)
    }

    /// Whether a client from there may end the daemon.
    func allowsTerminate(_ peer: PeerAddress) -> Bool { settings.terminate.allows(peer) }

    // MARK: - Channels

    /// What handles a connection of that channel; nil where the channel is not served.
    func handler(_ channel: RPCHandshake.Channel, _ connection: LineConnection) -> (any LineHandler)? {
        switch channel {
        case .rpc: RPCSession(self, connection)
        case .syncStruct: SyncSession(publisher)
        case .broadcast: BroadcastSession(broadcaster)
        case .logging:
            settings.logs.allows(connection.peer)
                ? LogSession(context.logger, ownSource: settings.logServer?.source, peer: connection.peer.host) : nil
        }
    }

    /// Every method of every target, for `daqd names`.
    func names() -> [ServedName] {
        targetNames.flatMap { name -> [ServedName] in
            guard let target = try? target(name) else { return [] }
            defer { if target.isPerConnection { target.close() } }
            let methods = target.methods.methods
            return methods.keys.sorted().compactMap { key in
                guard let method = methods[key] else { return nil }
                let summary = method.documentation.split(separator: "\n").first.map(String.init) ?? ""
                return ServedName("\(name).\(key)", type: method.signature.text, description: summary)
            }
        }
    }
}

extension RPCSignature {
    /// As Python writes it: `(value: float) -> None`.
    var text: String {
        let words = parameters.map { parameter in
            parameter.name + (parameter.annotation.map { ": \($0)" } ?? "")
                + (parameter.defaultValue == nil ? "" : " = …")
        }
        return "(" + words.joined(separator: ", ") + ")" + (result.map { " -> \($0)" } ?? "")
    }
}
