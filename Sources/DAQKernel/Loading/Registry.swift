// Part of daqd
// SPDX-License-Identifier: MIT
internal import Synchronization

/// The kinds of things a plugin brings.
public enum FactoryKind: String, Sendable, CaseIterable, Hashable {
    /// Detectors, cameras, stands.
    case device
    /// Ways to reach hardware.
    case transport
    /// Servers for clients.
    case frontend
    /// What happens with an acquisition's files.
    case postOperation = "postop"
    /// Hardware that is not there.
    case simulator
}

/// The table of factories that plugins fill and the configuration draws from.
///
/// A plugin makes one from the pointer that its entry gets: `unsafe Registry(host).add(Shutter.factory)`.
public struct Registry: Sendable {
    /// What a plugin registered: kind and type name.
    public struct Registration: Sendable, Hashable {
        /// The kind.
        public var kind: FactoryKind
        /// The type name.
        public var type: String
    }

    final class Storage: Sendable {
        struct State {
            var devices: [String: DeviceFactory] = [:]
            var transports: [String: TransportFactory] = [:]
            var postOperations: [String: PostOperationFactory] = [:]
            var frontends: [String: FrontendFactory] = [:]
            var simulators: [String: SimulatorFactory] = [:]
            var contributions: [String: any Sendable] = [:]
            var recent: [Registration] = []
            var problems: [String] = []
        }
        let state = Mutex(State())
    }

    let storage: Storage

    /// An empty table.
    public init() { storage = Storage() }

    /// The table that a plugin's entry was given.
    /// - Parameter host: The argument of `daqd_register_…`, valid during the call.
    @unsafe
    public init(_ host: UnsafeRawPointer) {
        storage = unsafe Self.borrowed(host)
    }

    // MARK: - Adding

    /// Adds a type of device; of two with one name the first stays and the plugin is told apart at loading.
    public func add(_ factory: DeviceFactory) {
        add(factory, .device, factory.type, factory.settings, \.devices)
    }
    /// Adds a type of transport.
    public func add(_ factory: TransportFactory) {
        add(factory, .transport, factory.type, factory.settings, \.transports)
    }
    /// Adds a type of frontend.
    public func add(_ factory: FrontendFactory) {
        add(factory, .frontend, factory.type, factory.settings, \.frontends)
    }
    /// Adds a type of post-operation.
    public func add(_ factory: PostOperationFactory) {
        add(factory, .postOperation, factory.type, factory.settings, \.postOperations)
    }
    /// Adds a type of simulator.
    public func add(_ factory: SimulatorFactory) {
        add(factory, .simulator, factory.type, factory.settings, \.simulators)
    }

    /// Offers something to other plugins under a name: HTTP routes to a REST frontend, for example.
    public func contribute<Value: Sendable>(_ name: String, _ value: Value) {
        storage.state.withLock { state in
            if state.contributions.updateValue(value, forKey: name) != nil {
                state.problems.append("contribution “\(name)” is offered twice")
            }
        }
    }

    private func add<Factory: Sendable>(
        _ factory: Factory, _ kind: FactoryKind, _ type: String, _ settings: [Setting],
        _ table: any WritableKeyPath<Storage.State, [String: Factory]> & Sendable
    ) {
        let unsound = kind.componentKind?.problems(in: settings) ?? Setting.problems(in: settings)
        storage.state.withLock { state in
            state.problems += unsound.map { "\(kind.rawValue) type “\(type)”: \($0)" }
            if state[keyPath: table][type] != nil {
                state.problems.append("\(kind.rawValue) type “\(type)” is registered already")
            } else {
                state[keyPath: table][type] = factory
                state.recent.append(Registration(kind: kind, type: type))
            }
        }
    }

    // MARK: - Looking

    /// The device type of that name.
    public func device(_ type: String) -> DeviceFactory? { storage.state.withLock { $0.devices[type] } }
    /// The transport type of that name.
    public func transport(_ type: String) -> TransportFactory? { storage.state.withLock { $0.transports[type] } }
    /// The frontend type of that name.
    public func frontend(_ type: String) -> FrontendFactory? { storage.state.withLock { $0.frontends[type] } }
    /// The post-operation type of that name.
    public func postOperation(_ type: String) -> PostOperationFactory? {
        storage.state.withLock { $0.postOperations[type] }
    }
    /// The simulator type of that name.
    public func simulator(_ type: String) -> SimulatorFactory? { storage.state.withLock { $0.simulators[type] } }

    /// What was offered under a name, if it is of that type.
    public func contribution<Value: Sendable>(_ name: String, as _: Value.Type = Value.self) -> Value? {
        storage.state.withLock { $0.contributions[name] as? Value }
    }

    /// Declared settings of a type; `nil` when there is no such type.
    public func settings(_ kind: FactoryKind, _ type: String) -> [Setting]? {
        switch kind {
        case .device: device(type)?.settings
        case .transport: transport(type)?.settings
        case .frontend: frontend(type)?.settings
        case .postOperation: postOperation(type)?.settings
        case .simulator: simulator(type)?.settings
        }
    }

    /// All types of a kind, in alphabetical order, with their summaries.
    public func types(_ kind: FactoryKind) -> [(type: String, summary: String)] {
        let types: [(type: String, summary: String)] = storage.state.withLock { state in
            switch kind {
            case .device: state.devices.values.map { ($0.type, $0.summary) }
            case .transport: state.transports.values.map { ($0.type, $0.summary) }
            case .frontend: state.frontends.values.map { ($0.type, $0.summary) }
            case .postOperation: state.postOperations.values.map { ($0.type, $0.summary) }
            case .simulator: state.simulators.values.map { ($0.type, $0.summary) }
            }
        }
        return types.sorted { $0.type < $1.type }
    }

    // MARK: - The loader's side

    /// Starts to note what one plugin registers.
    func beginPlugin() {
        storage.state.withLock { state in
            state.recent = []
            state.problems = []
        }
    }

    /// What was registered since ``beginPlugin()``, and what was wrong with it.
    func endPlugin() -> (registered: [Registration], problems: [String]) {
        storage.state.withLock { ($0.recent, $0.problems) }
    }

    /// Takes out what a refused plugin registered.
    func withdraw(_ registrations: [Registration]) {
        storage.state.withLock { state in
            for registration in registrations {
                switch registration.kind {
                case .device: state.devices[registration.type] = nil
                case .transport: state.transports[registration.type] = nil
                case .frontend: state.frontends[registration.type] = nil
                case .postOperation: state.postOperations[registration.type] = nil
                case .simulator: state.simulators[registration.type] = nil
                }
            }
        }
    }
}
