// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Synchronization

/// Who may read and write what: the site's rules, an access security file as IOCs use it, and a switch for everybody.
///
/// User and host are claims of the client unless the rules speak of addresses; they protect against mistakes.
final class AccessControl: Sendable {
    private struct State {
        var file = AccessFile.open
        var values: [String: Double?] = [:]
        var isReadOnly = false
        var observers: [@Sendable () -> Void] = []
        var inputs: Subscription?
        var inputNames: [String] = []
        var stamp: FileStamp?
    }

    private let rules: AccessRules
    private let path: String?
    private let logger: Logger
    private let state = Mutex(State())

    init(_ rules: AccessRules = AccessRules(), file path: String? = nil, logger: Logger) throws {
        self.rules = rules
        self.path = path
        self.logger = logger
        guard let path else { return }
        let stamp = FileStamp(path)
        let file = try AccessFile.read(path)
        state.withLock { state in
            state.file = file
            state.stamp = stamp
        }
    }

    // MARK: - Asking

    /// What a client may do with a field of that level of a record.
    func rights(of client: ClientIdentity, record: String, level: AccessLevel) -> AccessRights {
        var rights = rules.rights(of: client, record: record)
        let (file, values, isReadOnly) = state.withLock { ($0.file, $0.values, $0.isReadOnly) }
        if path != nil {
            rights.formIntersection(
                file.rights(of: client, group: group(of: record), level: level) { name in values[name] ?? nil })
        }
        if isReadOnly { rights.remove(.write) }
        return rights
    }

    /// The access group of a record.
    func group(of record: String) -> String { rules.group(of: record) }

    // MARK: - Changing

    /// Takes the right to write from everybody, or gives it back.
    var isReadOnly: Bool {
        get { state.withLock { $0.isReadOnly } }
        set {
            let changed = state.withLock { state in
                defer { state.isReadOnly = newValue }
                return state.isReadOnly != newValue
            }
            if changed { tell() }
        }
    }

    /// Reads the file again if it changed; one with an error leaves the old rules in force.
    func check(_ directory: PVDirectory?) {
        guard let path else { return }
        let stamp = FileStamp(path)
        let isNew = state.withLock { state in
            defer { state.stamp = stamp }
            return stamp != nil && state.stamp != stamp
        }
        guard isNew else { return }
        do {
            let file = try AccessFile.read(path)
            state.withLock { $0.file = file }
            logger.notice("The access rules were read again", ["file": .string(path)])
            if let directory { open(on: directory) }
            tell()
        } catch {
            logger.error(
                "The new access rules are wrong; the old ones stay in force",
                ["reason": .string(String(describing: error))])
        }
    }

    /// Calls `handler` after rights may have changed.
    func observe(_ handler: @escaping @Sendable () -> Void) { state.withLock { $0.observers.append(handler) } }

    private func tell() { for observer in state.withLock({ $0.observers }) { observer() } }

    // MARK: - Inputs of rules

    /// Follows the variables that rules of the file ask for.
    func open(on directory: PVDirectory) {
        let names = Set(state.withLock { $0.file.inputs })
        let found = names.sorted().compactMap { name in directory.record(name).map { (name, $0.member.source) } }
        for name in names where !found.contains(where: { $0.0 == name }) {
            logger.warning("An input of an access rule is no name of this server", ["name": .string(name)])
        }
        let subscription = found.isEmpty ? nil : Subscription(capacity: 64) { [weak self] in self?.drain() }
        let old = state.withLock { state in
            defer {
                state.inputs = subscription
                state.inputNames = found.map(\.0)
                state.values = [:]
            }
            return state.inputs
        }
        old?.cancel()
        for (_, source) in found { subscription?.add(source) }
        drain()
    }

    private func drain() {
        let (subscription, names) = state.withLock { ($0.inputs, $0.inputNames) }
        var isChanged = false
        subscription?.drain { update in
            guard names.indices.contains(update.slot) else { return }
            let sample = update.sample
            let value = sample.alarm.severity == .invalid ? nil : sample.value.double
            state.withLock { state in
                if state.values[names[update.slot]] != .some(value) { isChanged = true }
                state.values[names[update.slot]] = .some(value)
            }
        }
        if isChanged { tell() }
    }

    func close() {
        let inputs = state.withLock { state in
            defer {
                state.inputs = nil
                state.observers = []
            }
            return state.inputs
        }
        inputs?.cancel()
    }
}
