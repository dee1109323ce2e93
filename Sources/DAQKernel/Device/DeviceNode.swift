// Part of daqd
// SPDX-License-Identifier: MIT
internal import Synchronization

/// A device as frontends see it: its members by path, its state, its name sets.
///
/// Safe from any thread; events reach observers after the change, outside every lock.
public final class DeviceNode: Sendable {
    /// The configured name.
    public let name: String
    /// The configured type: `eiger`.
    public let type: String
    /// One sentence of its factory.
    public let summary: String

    private struct State {
        var parameters: [String: AnyParameter] = [:]
        var commands: [String: AnyCommand] = [:]
        var state = DeviceState.starting
        var nameSets: [NameSet] = []
        var frames: [String: FrameSource] = [:]
        var tellsItself = false
    }

    private let state = Mutex(State())
    private let owner: ParameterOwner
    private let gate: CommandGate
    private let emit: @Sendable (TreeEvent) -> Void

    init(
        name: String, type: String, summary: String, emit: @escaping @Sendable (TreeEvent) -> Void,
        writes: WriteObservers = WriteObservers(),
        didStart: @escaping @Sendable (Operation) -> Void
    ) {
        self.name = name
        self.type = type
        self.summary = summary
        self.emit = emit
        let firstWord = FirstWord()
        owner = ParameterOwner(
            device: name, writes: writes,
            onMetadata: { parameter, typeChanged in
                emit(typeChanged ? .typeChanged(name, parameter.name) : .metadataChanged(name, parameter.name))
            }, onFirstWord: { firstWord.node?.set(.connected) })
        gate = CommandGate(started: didStart)
        firstWord.node = self
    }

    /// Leads from a parameter's owner back to its node.
    private final class FirstWord: @unchecked Sendable {  // sound: written once, before the node is shared
        weak var node: DeviceNode?
    }

    // MARK: - Looking

    /// Parameters, by path in alphabetical order.
    public var parameters: [AnyParameter] {
        state.withLock { Array($0.parameters.values) }.sorted { $0.name < $1.name }
    }

    /// Commands, by path in alphabetical order.
    public var commands: [AnyCommand] { state.withLock { Array($0.commands.values) }.sorted { $0.name < $1.name } }

    /// The parameter of a path.
    public func parameter(_ path: String) -> AnyParameter? { state.withLock { $0.parameters[path] } }

    /// The command of a path.
    public func command(_ path: String) -> AnyCommand? { state.withLock { $0.commands[path] } }

    /// How the device is.
    public var deviceState: DeviceState { state.withLock { $0.state } }

    /// Named views for frontends.
    public var nameSets: [NameSet] { state.withLock { $0.nameSets } }

    /// Sources of frames, by channel: `threshold_1`, `monitor`.
    public var frameSources: [String: FrameSource] { state.withLock { $0.frames } }

    /// The alarm over every parameter.
    public var connectionAlarm: Alarm { owner.overlay }

    // MARK: - Changing

    func set(nameSets: [NameSet]) { state.withLock { $0.nameSets = nameSets } }

    func add(_ source: FrameSource) { state.withLock { $0.frames[source.channel] = source } }

    func add(_ parameter: AnyParameter) throws(DeviceError) {
        try claim(parameter.name) { $0.parameters[parameter.name] = parameter }
        parameter.lock.withLock { parameter.owner = owner }
        if owner.hasOverlay { parameter.repost(.alarm) }
        emit(.memberAdded(name, parameter.name))
    }

    func add(_ command: AnyCommand) throws(DeviceError) {
        try claim(command.name) { $0.commands[command.name] = command }
        command.join(device: name, gate: gate)
        emit(.memberAdded(name, command.name))
    }

    func remove(_ path: String) {
        let existed = state.withLock { state in
            let parameter = state.parameters.removeValue(forKey: path)
            let command = state.commands.removeValue(forKey: path)
            return parameter != nil || command != nil
        }
        if existed { emit(.memberRemoved(name, path)) }
    }

    /// Lets go of every member; a device that is gone would otherwise hold itself through the bodies of its commands.
    func clear() {
        state.withLock { state in
            state.parameters = [:]
            state.commands = [:]
            state.frames = [:]
        }
    }

    /// A path is a parameter, a command or a group, and only one of them.
    private func claim(_ path: String, _ insert: (inout sending State) -> Void) throws(DeviceError) {
        guard Self.isPath(path) else {
            throw DeviceError(
                .failed, "\(name) cannot have a member “\(path)”: use words of letters, digits, _ . - + separated by /")
        }
        let isFree = state.withLock { state in
            guard state.parameters[path] == nil, state.commands[path] == nil else { return false }
            insert(&state)
            return true
        }
        guard isFree else { throw DeviceError(.failed, "\(name) has two members named “\(path)”") }
    }

    static func isPath(_ path: String) -> Bool {
        !path.isEmpty
            && path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { word in
                !word.isEmpty && word != "." && word != ".."
                    && word.utf8.allSatisfy { byte in
                        switch byte {
                        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."),
                            UInt8(ascii: "-"), UInt8(ascii: "+"):
                            true
                        default: false
                        }
                    }
            }
    }

    /// The device's `run` failed: it counts as away until it publishes something, unless it tells by itself.
    func fail(_ reason: String) {
        set(.disconnected(reason))
        owner.awaitsFirstWord = !state.withLock { $0.tellsItself }
    }

    /// From now on the device says itself when it is connected.
    func tellsItself() { state.withLock { $0.tellsItself = true } }

    /// Refuses commands from now on, those that interrupt excepted.
    func close(_ reason: String) { gate.close(reason) }

    /// A device that is stopped stays so, whatever is left of it says.
    func set(_ newState: DeviceState) {
        let changed = state.withLock { state in
            guard state.state != newState, state.state != .stopped else { return false }
            state.state = newState
            return true
        }
        owner.awaitsFirstWord = false
        guard changed else { return }
        if newState == .stopped {
            gate.end(newState.message)
            owner.end()
        }
        let alarm: Alarm =
            switch newState {
            case .starting, .connected: .none
            case .disconnected(let reason): Alarm(.invalid, .communication, reason)
            case .stopped: Alarm(.invalid, .communication, newState.message)
            case .unavailable(let reason): Alarm(.invalid, .configuration, reason)
            }
        set(alarm)
        emit(.deviceState(name, newState))
    }

    private func set(_ alarm: Alarm) {
        guard alarm != owner.overlay else { return }
        owner.overlay = alarm
        for parameter in state.withLock({ Array($0.parameters.values) }) { parameter.repost(.alarm) }
    }
}
