// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Synchronization

/// Every record that this server has, from the devices of the site as the configuration names them.
///
/// Devices come and go while the server runs, and so do their members; the directory follows and tells the server's core.
final class PVDirectory: NameDirectory {
    private struct State {
        var records: [String: Record] = [:]
        /// By device.
        var views: [String: [ServedView]] = [:]
        var observers: [@Sendable (DirectoryEvent) -> Void] = []
        var siteObserver: Int?
        var isClosed = false
    }

    private let site: Site
    private let plan: NamePlan
    private let logger: Logger
    private let shows: @Sendable (String) -> Bool
    private let state = Mutex(State())
    private let access: AccessControl
    private let log: (@Sendable (PutNote) -> Void)?

    init(
        site: Site, plan: NamePlan, access: AccessControl, logger: Logger,
        log: (@Sendable (PutNote) -> Void)? = nil, shows: @escaping @Sendable (String) -> Bool = { _ in true }
    ) {
        self.site = site
        self.plan = plan
        self.access = access
        self.logger = logger
        self.log = log
        self.shows = shows
    }

    /// Makes the records of all devices and follows the site from here on.
    func open() {
        let number = site.observe { [weak self] event in self?.follow(event) }
        state.withLock { state in
            state.siteObserver = number
            state.isClosed = false
        }
        for device in site.devices { add(device) }
        access.observe { [weak self] in self?.tell(.rights) }
        access.open(on: self)
    }

    func close() {
        let (number, views, records) = state.withLock { state in
            defer {
                state.records = [:]
                state.views = [:]
                state.observers = []
                state.isClosed = true
            }
            return (state.siteObserver, state.views.values.flatMap { $0 }, Array(state.records.values))
        }
        if let number { site.removeObserver(number) }
        for view in views { view.close() }
        for record in records { record.close() }
        access.close()
    }

    // MARK: - Looking

    /// The record of a name without field and modifiers.
    func record(_ name: String) -> Record? {
        state.withLock { state in
            if let record = state.records[name] { return record }
            return plan.aliases.isEmpty ? nil : plan.aliases[name].flatMap { state.records[$0] }
        }
    }

    func contains(_ name: Span<UInt8>) -> Bool {
        guard let (requested, record) = find(name) else { return false }
        return requested.isPlain || resolve(requested, record, name) != nil
    }

    func variable(_ name: Span<UInt8>) -> ProcessVariable? {
        guard let (requested, record) = find(name) else { return nil }
        return requested.isPlain ? record.variable : resolve(requested, record, name)
    }

    /// The record that a name asks for; a name set may have one that stands for a field of another, `DEV:x.NELM`.
    private func find(_ name: Span<UInt8>) -> (RequestedName, Record)? {
        guard var requested = Self.requested(name) else { return nil }
        if requested.field != "VAL", let record = record("\(requested.record).\(requested.field)") {
            requested.record = record.name
            requested.field = "VAL"
            return (requested, record)
        }
        return record(requested.record).map { (requested, $0) }
    }

    private static func requested(_ name: Span<UInt8>) -> RequestedName? {
        var bytes: [UInt8] = []
        guard name.count <= RequestedName.maximumBytes else { return nil }
        bytes.reserveCapacity(name.count)
        for index in name.indices { bytes.append(name[index]) }
        return RequestedName(bytes)
    }

    private func resolve(_ requested: RequestedName, _ record: Record, _ name: Span<UInt8>) -> ProcessVariable? {
        let label = requested.record + Self.suffix(name, after: requested.record.utf8.count)
        guard let base = base(requested, record, label) else { return nil }
        var filters: [ChannelFilter] = []
        if let part = requested.subarray { filters.append(.subarray(part)) }
        if let text = requested.filters {
            let parsing = FilterParsing { name in record.flag(name) }
            guard let parsed = try? parsing.filters(text) else { return nil }
            filters += parsed
        }
        return filters.isEmpty ? base : FilteredVariable(base, filters, as: label)
    }

    private func base(_ requested: RequestedName, _ record: Record, _ label: String) -> ProcessVariable? {
        let shape = record.shape
        if requested.field == "VAL" {
            guard requested.isLongString else { return record.variable }
            guard shape.isLongString || (shape.type == .string && shape.count == 1) else { return nil }
            return shape.isLongString
                ? record.variable : ValueVariable(record, shape, longString: true, as: label)
        }
        let isOutput = record.member.metadata.access != .read
        guard let field = FieldTable.field(requested.field, of: shape, isOutput: isOutput) else { return nil }
        guard !requested.isLongString || field.longCount > 0 else { return nil }
        return FieldVariable(record, field, longString: requested.isLongString, as: label)
    }

    private static func suffix(_ name: Span<UInt8>, after count: Int) -> String {
        var bytes: [UInt8] = []
        for index in count..<name.count { bytes.append(name[index]) }
        return String(decoding: bytes, as: UTF8.self)
    }

    func observe(_ handler: @escaping @Sendable (DirectoryEvent) -> Void) {
        state.withLock { $0.observers.append(handler) }
    }

    var names: [ServedName] {
        let records = state.withLock { $0.records }
        let aliases = plan.aliases.compactMap { alias, name -> ServedName? in
            guard records[alias] == nil, let served = records[name]?.served else { return nil }
            return ServedName(alias, type: served.type, description: "\(name): \(served.description)")
        }
        return (records.values.map(\.served) + aliases).sorted { $0.name < $1.name }
    }

    var largestCount: Int { state.withLock { Array($0.records.values) }.map(\.shape.count).max() ?? 1 }

    // MARK: - Following the site

    private func follow(_ event: TreeEvent) {
        switch event {
        case .deviceAdded(let name):
            guard let device = site.device(name) else { return }
            add(device)
        case .deviceRemoved(let name): remove(name)
        default: break  // members are the views' matter
        }
    }

    private func add(_ device: DeviceNode) {
        guard shows(device.name) else { return }
        let services = services()
        let views = plan.views(of: device, on: site) { [logger] problem in
            logger.error(
                "Names of a device are not served", ["device": .string(device.name), "reason": .string(problem)])
        }.map { ServedView($0.view, device: device.name, prefix: $0.prefix, services: services) }
        let isNew = state.withLock { state in
            guard !state.isClosed, state.views[device.name] == nil else { return false }
            state.views[device.name] = views
            return true
        }
        guard isNew else { return views.forEach { $0.close() } }
        for view in views {
            view.observe { [weak self, weak view] event in
                guard let self, let view else { return }
                self.follow(event, in: view)
            }
            insert(view.records(), of: view)
        }
        tell(.added)
    }

    private func remove(_ device: String) {
        let (views, gone) = state.withLock { state in
            let gone = state.records.values.filter { $0.device == device }
            for record in gone { state.records[record.name] = nil }
            return (state.views.removeValue(forKey: device) ?? [], gone)
        }
        for view in views { view.close() }
        for record in gone.sorted(by: { $0.name < $1.name }) {
            record.close()
            tell(.removed(record: record.name))
        }
    }

    private func insert(_ records: [Record], of view: ServedView) {
        for record in records {
            if let problem = PVName.recordProblem(record.name) {
                logger.warning(
                    "A name is not served as some clients cannot ask for it",
                    ["name": .string(record.name), "device": .string(view.description), "reason": .string(problem)])
                continue
            }
            let other = state.withLock { state -> Record? in
                if let other = state.records[record.name] { return other }
                state.records[record.name] = record
                return nil
            }
            guard let other, other.member !== record.member else { continue }
            logger.error(
                "Two members want one name; the first keeps it: choose another prefix",
                [
                    "name": .string(record.name), "kept": .string("\(other.device)/\(other.member.name)"),
                    "refused": .string("\(record.device)/\(record.member.name)"),
                ])
        }
    }

    private func follow(_ event: NameEvent, in view: ServedView) {
        switch event {
        case .added(let member):
            guard let member = view.member(member) else { return }
            insert([view.record(member)], of: view)
            tell(.added)
        case .removed(let member): removeMember(view.name(of: member), view.device)
        case .changed(let member): refresh(view.name(of: member))
        @unknown default: break
        }
    }

    private func removeMember(_ name: String, _ device: String) {
        let record = state.withLock { state -> Record? in
            guard state.records[name]?.device == device else { return nil }
            return state.records.removeValue(forKey: name)
        }
        guard let record else { return }
        record.close()
        tell(.removed(record: name))
    }

    private func refresh(_ name: String) {
        guard let record = record(name), record.refresh() else { return }
        tell(.replaced(record: name))
    }

    private func tell(_ event: DirectoryEvent) {
        for observer in state.withLock({ $0.observers }) { observer(event) }
    }

    private func services() -> RecordServices {
        RecordServices(
            rights: { [access] client, record, level in access.rights(of: client, record: record, level: level) },
            group: { [access] record in access.group(of: record) }, log: log,
            clamps: plan.clamps, outgrown: { [weak self] name in self?.refresh(name) },
            isAcquiring: { [site] device in site.acquisitions.active.contains { $0.device == device } },
            isConnected: { [site] device in site.device(device)?.deviceState == .connected })
    }
}

extension Record {
    /// The flag that a `sync` filter may ask for.
    func flag(_ name: String) -> (@Sendable () -> Bool)? {
        switch name {
        case "acquiring": { [services, device] in services.isAcquiring(device) }
        case "connected": { [services, device] in services.isConnected(device) }
        default: nil
        }
    }
}
