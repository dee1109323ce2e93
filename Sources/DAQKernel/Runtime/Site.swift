// Part of daqd
// SPDX-License-Identifier: MIT
internal import Synchronization

/// Everything that frontends can show: devices, operations, acquisitions, plugins, the daemon itself.
///
/// Safe from any thread.
public final class Site: Sendable {
    /// Name of the site, from the configuration.
    public let name: String
    /// Operations of all devices.
    public let operations = OperationTable()
    /// Acquisitions as they run, and the run log that keeps them.
    public let acquisitions: AcquisitionCoordinator
    /// Factories and contributions.
    public let registry: Registry

    private struct State {
        var devices: [String: DeviceNode] = [:]
        var observers: [Int: @Sendable (TreeEvent) -> Void] = [:]
        var next = 0
        var plugins: [JSON] = []
        var hasStarted = false
        var expected: Set<String> = []
        var names: [String: @Sendable () -> [ServedName]] = [:]
        var saved: (@Sendable (AnyParameter) -> JSON?)?
    }

    /// Who hears of writes by clients.
    let writes = WriteObservers()

    private let state = Mutex(State())
    private let daemonBox = Mutex<DaemonDevice?>(nil)

    /// Acquisitions, artifacts and the queue of post-operations, for queries.
    public var runLog: RunLog { acquisitions.log }

    /// A site without devices; the runtime fills it, tests may.
    public init(name: String, registry: Registry, acquisitions: AcquisitionCoordinator) {
        self.name = name
        self.registry = registry
        self.acquisitions = acquisitions
        add(daemon.node)
    }

    /// The device `daqd`.
    public var daemon: DaemonDevice {
        daemonBox.withLock { box in
            if let device = box { return device }
            let device = DaemonDevice(node: makeNode(name: "daqd", type: "daqd", summary: "The daemon itself"))
            box = device
            return device
        }
    }

    // MARK: - Devices

    /// All devices, by name in alphabetical order; `daqd` is one of them.
    public var devices: [DeviceNode] { state.withLock { Array($0.devices.values) }.sorted { $0.name < $1.name } }

    /// The device of a name.
    public func device(_ name: String) -> DeviceNode? { state.withLock { $0.devices[name] } }

    /// Calls `handler` after every change of the tree, on the thread of the change: it must not block.
    /// - Returns: A number for ``removeObserver(_:)``.
    public func observe(_ handler: @escaping @Sendable (TreeEvent) -> Void) -> Int {
        state.withLock { state in
            state.next += 1
            state.observers[state.next] = handler
            return state.next
        }
    }

    /// Ends what ``observe(_:)`` began.
    public func removeObserver(_ number: Int) { _ = state.withLock { $0.observers.removeValue(forKey: number) } }

    /// Makes a node whose events, writes and operations this site follows; it is shown after `add`.
    func makeNode(name: String, type: String, summary: String) -> DeviceNode {
        DeviceNode(
            name: name, type: type, summary: summary,
            emit: { [weak self] event in self?.emit(event) },
            writes: writes,
            didStart: { [operations] operation in operations.add(operation) })
    }

    func add(_ node: DeviceNode) {
        state.withLock { $0.devices[node.name] = node }
        if node.name != "daqd" { daemon.watch(node) }
        emit(.deviceAdded(node.name))
    }

    func remove(_ name: String) {
        let existed = state.withLock { $0.devices.removeValue(forKey: name) != nil }
        guard existed else { return }
        daemon.forget(name)
        emit(.deviceRemoved(name))
    }

    private func emit(_ event: TreeEvent) {
        if case .deviceState(let name, _) = event, name != "daqd", let device = device(name) { daemon.update(device) }
        for observer in state.withLock({ Array($0.observers.values) }) { observer(event) }
    }

    /// Hears of every write by a client, after it succeeded: autosave and put logs.
    public func observeWrites(_ handler: @escaping @Sendable (AnyParameter, DataValue, Origin) -> Void) {
        writes.add(handler)
    }

    /// Says where saved values are.
    func restore(from saved: @escaping @Sendable (AnyParameter) -> JSON?) { state.withLock { $0.saved = saved } }

    /// The value of a parameter before the restart; `nil` when none was saved, or it is not one that is.
    func saved(_ parameter: AnyParameter) -> JSON? { state.withLock { $0.saved }?(parameter) }

    /// For values that belong to a device but not to its hardware: writes are told, its connection does not touch them.
    func ownerOfValues(on device: String) -> ParameterOwner {
        let owner = ParameterOwner(
            device: device, writes: writes, onMetadata: { _, _ in }, onFirstWord: {})
        owner.awaitsFirstWord = false
        return owner
    }

    // MARK: - The daemon

    /// Loaded and refused plugins, as JSON objects.
    public var plugins: [JSON] {
        get { state.withLock { $0.plugins } }
        set { state.withLock { $0.plugins = newValue } }
    }

    /// Whether all frontends listen; devices may be absent.
    public var isReady: Bool {
        state.withLock { state in state.hasStarted && state.expected.isSubset(of: state.names.keys) }
    }

    /// Everything that is configured was started once.
    func started() { state.withLock { $0.hasStarted = true } }

    /// The stop has begun.
    func ended() { state.withLock { $0.hasStarted = false } }

    /// A frontend is configured, so readiness waits for it; or is not any more.
    func expect(_ frontend: String, _ isConfigured: Bool = true) {
        state.withLock { state in
            if isConfigured {
                state.expected.insert(frontend)
            } else {
                state.expected.remove(frontend)
            }
        }
    }

    /// Every name that a frontend serves; `nil` when there is no such frontend.
    public func names(frontend: String) -> [ServedName]? { state.withLock { $0.names[frontend] }?() }

    /// The frontends that run, in alphabetical order.
    public var frontends: [String] { state.withLock { $0.names.keys.sorted() } }

    func set(names: (@Sendable () -> [ServedName])?, frontend: String) {
        state.withLock { $0.names[frontend] = names }
    }
}
