// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Synchronization

/// Publishes what the devices are doing, for status boards: `devices`, `status`, `parameters`, `runs`, `log`.
///
/// Only what every generation of subscribers reads: dictionaries with texts as keys, lists, texts, finite numbers.
final class StatePublisher: Sendable {
    private struct State {
        var notifiers: [String: Notifier] = [
            "devices": Notifier(.dictionary([])), "status": Notifier(.dictionary([])),
            "runs": Notifier(.dictionary([])), "log": Notifier(.list([])),
        ]
        var runs: [String] = []
        var lines = 0
        var board: StatusBoard?
        var isOpen = false
        var observation: AcquisitionObservation?
        var logObserver: Int?
    }

    /// Seconds between two looks at changed values.
    static let period = 0.1

    private let context: FrontendContext
    private let shows: @Sendable (String) -> Bool
    private let parameters: ParameterBoard
    private let state: Mutex<State>

    init(_ context: FrontendContext, shows: @escaping @Sendable (String) -> Bool) {
        self.context = context
        self.shows = shows
        let notifier = Notifier(.dictionary([]))
        parameters = ParameterBoard(context.site, shows: shows, notifier)
        var state = State()
        state.notifiers["parameters"] = notifier
        self.state = Mutex(state)
    }

    /// The structure of a name.
    func notifier(_ name: String) -> Notifier? { state.withLock { $0.notifiers[name] } }

    /// The structure of a name, made empty where there is none.
    func notifier(made name: String) -> Notifier {
        state.withLock { state in
            if let notifier = state.notifiers[name] { return notifier }
            let notifier = Notifier(.dictionary([]))
            state.notifiers[name] = notifier
            return notifier
        }
    }

    /// Publishes a structure of one's own.
    func add(_ notifier: Notifier, as name: String) { state.withLock { $0.notifiers[name] = notifier } }

    // MARK: - Life

    func open() {
        let observation = context.site.acquisitions.observe { [weak self] event in self?.acquisitionChanged(event) }
        let observer = context.logger.observe { [weak self] record in self?.logged(record) }
        state.withLock { state in
            state.observation = observation
            state.logObserver = observer
            state.isOpen = true
        }
        publishDevices()
    }

    func close() {
        let (board, observer) = state.withLock { state in
            state.isOpen = false
            state.observation = nil
            defer {
                state.board = nil
                state.logObserver = nil
            }
            return (state.board, state.logObserver)
        }
        board?.close()
        if let observer { context.logger.removeObserver(observer) }
    }

    /// Looks for changed values from now on.
    func begin(on loop: EventLoop) {
        loop.schedule(after: Self.period) { [weak self, weak loop] in
            guard let self, let loop else { return }
            state.withLock { $0.board }?.publish()
            parameters.publish()
            begin(on: loop)
        }
    }

    /// Values are followed only while somebody looks at them.
    func subscribersChanged() {
        let status = state.withLock { $0.notifiers["status"] }
        guard let status else { return }
        let old = state.withLock { state -> StatusBoard? in
            if status.channel.isEmpty || !state.isOpen {
                defer { state.board = nil }
                return state.board
            }
            if state.board == nil { state.board = StatusBoard(context.site, shows: shows, status) }
            return nil
        }
        old?.close()
        state.withLock { $0.board }?.publish()
        parameters.publish()
    }

    // MARK: - Devices

    func treeChanged(_ event: TreeEvent) {
        switch event {
        case .deviceAdded, .deviceRemoved, .deviceState: publishDevices()
        default: break
        }
        parameters.treeChanged(event)
        switch event {
        case .deviceState, .metadataChanged: return  // no other values
        default: state.withLock { $0.board }?.treeChanged()
        }
    }

    private func publishDevices() {
        guard let notifier = notifier("devices") else { return }
        let devices = context.site.devices.filter { shows($0.name) }
        for device in devices {
            let entry = DataValue.object([
                ("type", .string(device.type)), ("summary", .string(device.summary.basic)),
                ("state", .string(device.deviceState.name)), ("message", .string(device.deviceState.message.basic)),
            ])
            if notifier.value.entry(device.name) != entry { notifier.setItem(.string(device.name), entry) }
        }
        let names = Set(devices.map(\.name))
        for name in notifier.value.keys where !names.contains(name) { notifier.deleteItem(.string(name)) }
    }

    // MARK: - Runs and log

    private func acquisitionChanged(_ event: AcquisitionEvent) {
        guard let record = event.record, shows(record.device), let notifier = notifier("runs") else { return }
        let oldest = state.withLock { state -> String? in
            guard !state.runs.contains(record.id) else { return nil }
            state.runs.append(record.id)
            return state.runs.count > 20 ? state.runs.removeFirst() : nil
        }
        func number(_ value: Int64?) -> DataValue { value.map { .integer($0) } ?? .null }
        notifier.setItem(
            .string(record.id),
            .object([
                ("device", .string(record.device)), ("name", .string(record.name.basic)),
                ("state", .string(record.state.rawValue)), ("began", .float(record.began.seconds)),
                ("ended", record.ended.map { .float($0.seconds) } ?? .null),
                ("received", number(record.frames.received)),
                ("expected", number(record.frames.expected)), ("missing", number(record.frames.missing)),
                ("result", record.result.map { .string($0.basic) } ?? .null),
            ]))
        if let oldest { notifier.deleteItem(.string(oldest)) }
    }

    private func logged(_ record: LogRecord) {
        guard record.level >= .info, let notifier = notifier("log") else { return }
        let isFull = state.withLock { state in
            state.lines += 1
            return state.lines > 100
        }
        notifier.append(.string(record.text.basic))
        if isFull { notifier.pop(.integer(0)) }
    }
}

extension String {
    /// The text without characters beyond U+FFFF, which older subscribers cannot read, and not endless.
    var basic: String {
        let short = utf8.count > 4000 ? String(prefix(1000)) : self
        guard short.unicodeScalars.contains(where: { $0.value > 0xFFFF }) else { return short }
        var text = ""
        for scalar in short.unicodeScalars { text.unicodeScalars.append(scalar.value > 0xFFFF ? "\u{FFFD}" : scalar) }
        return text
    }
}

extension DataValue {
    /// The value of a text key of a dictionary.
    func entry(_ key: String) -> DataValue? {
        guard case .dictionary(let entries) = self else { return nil }
        return entries.first { $0.key == .string(key) }?.value
    }

    /// The text keys of a dictionary.
    var keys: [String] {
        guard case .dictionary(let entries) = self else { return [] }
        return entries.compactMap(\.key.string)
    }
}
