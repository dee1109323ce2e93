// Part of daqd
// SPDX-License-Identifier: MIT
internal import Synchronization

/// A device under one of its name sets, or under its own paths: what a frontend serves.
///
/// Bound to parameters and commands, it follows the device's tree: a key that is discovered later, or that changes its type,
/// is told to the observers. Safe from any thread. It lives until ``close()``.
public final class NameView: Sendable {
    private struct State {
        var members: [NamedMember] = []
        var byName: [String: NamedMember] = [:]
        var observers: [Int: @Sendable (NameEvent) -> Void] = [:]
        var next = 0
        var faces: [String: CommandFace] = [:]
        var siteObserver: Int?
        /// What the tree told while the members were made; nil afterwards.
        var early: [TreeEvent]? = []

        /// The next of the early events, in order; after the last one events are followed as they come.
        mutating func nextEarlyEvent() -> TreeEvent? {
            if early?.isEmpty == true { early = nil }
            return early?.removeFirst()
        }
    }

    /// Name of the set; empty for the plain view.
    public let name: String
    private let isPlain: Bool
    private let node: DeviceNode
    private let site: Site
    private let acquisition: AcquisitionFace
    private let state = Mutex(State())

    /// A device under one of its name sets.
    public convenience init(_ set: NameSet, of node: DeviceNode, on site: Site) {
        self.init(set.name, isPlain: false, node, site) { set.entries }
    }

    /// A device under its own paths; parameters and commands that come and go are followed.
    public convenience init(plain node: DeviceNode, on site: Site) {
        self.init("", isPlain: true, node, site) {
            (node.parameters.map { Self.plainEntry(parameter: $0.name) }
                + node.commands.map { Self.plainEntry(command: $0.name) }).sorted { $0.name < $1.name }
        }
    }

    /// Observes the tree before it looks at it, so that nothing comes or goes unseen between the two.
    private init(
        _ name: String, isPlain: Bool, _ node: DeviceNode, _ site: Site, entries: () -> [NameEntry]
    ) {
        self.name = name
        self.isPlain = isPlain
        self.node = node
        self.site = site
        acquisition = AcquisitionFace(node, on: site)
        let observer = site.observe { [weak self] event in self?.hear(event) }
        state.withLock { $0.siteObserver = observer }
        for entry in entries() { insert(entry) }
        while let event = state.withLock({ $0.nextEarlyEvent() }) { follow(event) }
    }

    private static func plainEntry(parameter path: String) -> NameEntry { NameEntry(path, .parameter(path)) }

    private static func plainEntry(command path: String) -> NameEntry {
        NameEntry(path, .command(path)) { $0.completion = .operation }
    }

    // MARK: - Looking

    /// The names, in the order of the set; alphabetical in the plain view.
    public var members: [NamedMember] {
        let members = state.withLock { $0.members }
        return isPlain ? members.sorted { $0.name < $1.name } : members
    }

    /// The member of a name.
    public func member(_ name: String) -> NamedMember? { state.withLock { $0.byName[name] } }

    /// Calls `handler` after every change, on the thread of the change: it must not block.
    /// - Returns: A number for ``removeObserver(_:)``.
    public func observe(_ handler: @escaping @Sendable (NameEvent) -> Void) -> Int {
        state.withLock { state in
            state.next += 1
            state.observers[state.next] = handler
            return state.next
        }
    }

    /// Ends what ``observe(_:)`` began.
    public func removeObserver(_ number: Int) { state.withLock { $0.observers[number] = nil } }

    /// Ends every subscription and observation of the view.
    public func close() {
        let (observer, faces) = state.withLock { state in
            defer {
                state.observers = [:]
                state.faces = [:]
                state.siteObserver = nil
            }
            return (state.siteObserver, Array(state.faces.values))
        }
        if let observer { site.removeObserver(observer) }
        for face in faces { face.close() }
        acquisition.close()
    }

    // MARK: - Following the tree

    private func hear(_ event: TreeEvent) {
        let isEarly = state.withLock { state in
            state.early?.append(event)
            return state.early != nil
        }
        if !isEarly { follow(event) }
    }

    private func follow(_ event: TreeEvent) {
        switch event {
        case .memberAdded(node.name, let path):
            if isPlain { addPlain(path) } else { rebind(path) }
        case .memberRemoved(node.name, let path):
            if isPlain { removePlain(path) } else { rebind(path) }
        case .metadataChanged(node.name, let path), .typeChanged(node.name, let path):
            for member in members(on: path) { tell(.changed(member.name)) }
        default: break
        }
    }

    private func members(on path: String) -> [NamedMember] {
        state.withLock { $0.members }.filter { $0.entry.source.path == path || $0.entry.off == path }
    }

    private func rebind(_ path: String) {
        for member in members(on: path) {
            member.bind(target(member.entry))
            tell(.changed(member.name))
        }
    }

    private func addPlain(_ path: String) {
        let entry =
            node.parameter(path) != nil ? Self.plainEntry(parameter: path) : Self.plainEntry(command: path)
        if insert(entry) { tell(.added(path)) }
    }

    private func removePlain(_ path: String) {
        let existed = state.withLock { state in
            state.members.removeAll { $0.name == path }
            return state.byName.removeValue(forKey: path) != nil
        }
        if existed { tell(.removed(path)) }
    }

    @discardableResult
    private func insert(_ entry: NameEntry) -> Bool {
        let member = NamedMember(entry, target(entry))
        return state.withLock { state in
            guard state.byName[entry.name] == nil else { return false }
            state.byName[entry.name] = member
            state.members.append(member)
            return true
        }
    }

    private func tell(_ event: NameEvent) {
        for observer in state.withLock({ Array($0.observers.values) }) { observer(event) }
    }

    // MARK: - Binding

    private func target(_ entry: NameEntry) -> NameTarget {
        switch entry.source {
        case .parameter(let path): bound(node.parameter(path), path)
        case .busy(let path): bound(node.command(path)?.busy, path)
        case .progress(let path): bound(node.command(path)?.progress, path)
        case .acquisition(let field): bound(acquisition.parameter(field), "acquisition field \(field)")
        case .constant(let value): NameTarget(device: node.name, source: own(entry, value, entry.name, access: .read))
        case .stored(let value): kept(entry, value)
        case .name(let name): bound(member(name)?.source, "name \(name)")
        case .command(let path): command(entry, path)
        }
    }

    private func bound(_ parameter: AnyParameter?, _ what: String) -> NameTarget {
        parameter.map { NameTarget(device: node.name, source: $0) } ?? missing(what)
    }

    private func missing(_ what: String) -> NameTarget {
        let reason = "\(node.name) has no \(what) at present"
        let metadata = ParameterMetadata(reason, type: .string(capacity: 0))
        let parameter = Parameter<DataValue>(ParameterSpec(what, metadata))
        parameter.publish(.string(""), alarm: Alarm(.invalid, .undefined, reason), at: .never)
        return NameTarget(device: node.name, source: parameter, missing: reason)
    }

    /// A stored value keeps its parameter when the name is bound again.
    private func kept(_ entry: NameEntry, _ value: DataValue) -> NameTarget {
        if let known = member(entry.name) { return NameTarget(device: node.name, source: known.source) }
        // Saved as a parameter of the device, under a path that no member of it has.
        let parameter = own(entry, value, "names/\(name)/\(entry.name)", access: .readWrite)
        parameter.owner = site.ownerOfValues(on: node.name)
        if let saved = site.saved(parameter),
            let checked = try? parameter.metadata.check(DataValue(saved), outOfRange: .refuse)
        {
            try? parameter.store(checked)
        }
        return NameTarget(device: node.name, source: parameter)
    }

    private func own(_ entry: NameEntry, _ value: DataValue, _ path: String, access: Access) -> AnyParameter {
        var metadata = ParameterMetadata(entry.description ?? entry.name, type: Self.type(of: value))
        metadata.access = access
        metadata.autosave = access == .readWrite
        if case .enumeration(let labels) = entry.type {
            metadata.type = .enumeration
            metadata.choices = labels
        }
        return Parameter<DataValue>(ParameterSpec(path, metadata), initial: value)
    }

    private static func type(of value: DataValue) -> ValueType {
        switch value {
        case .bool: .bool
        case .integer, .unsigned: .number(.int64)
        case .float: .number(.float64)
        case .string: .string(capacity: 0)
        case .bytes: .bytes(capacity: 0)
        case .strings: .strings(capacity: 0)
        case .array(let array): .array(array.elementType, capacity: array.shape)
        default: .any
        }
    }

    private func command(_ entry: NameEntry, _ path: String) -> NameTarget {
        guard let command = node.command(path) else { return missing(path) }
        let face = face(entry, command)
        var target = NameTarget(device: node.name, source: face.parameter, command: command, face: face)
        target.off = entry.off.flatMap { node.command($0) }
        target.isAcquiring = { [site, name = node.name] in
            site.acquisitions.active.contains { $0.device == name && !$0.isResumed }
        }
        return target
    }

    private func face(_ entry: NameEntry, _ command: AnyCommand) -> CommandFace {
        let (face, old) = state.withLock { state -> (CommandFace, CommandFace?) in
            if let known = state.faces[entry.name], known.belongs(to: command) { return (known, nil) }
            let face = CommandFace(command, dwellSeconds: entry.dwellSeconds)
            defer { state.faces[entry.name] = face }
            return (face, state.faces[entry.name])
        }
        old?.close()
        return face
    }
}

extension NameSource {
    /// The path of the member behind it, where there is one.
    var path: String? {
        switch self {
        case .parameter(let path), .command(let path), .busy(let path), .progress(let path): path
        case .acquisition, .constant, .stored, .name: nil
        }
    }
}
