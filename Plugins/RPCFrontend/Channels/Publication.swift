// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// How another plugin publishes structures and broadcasts of its own, with types of the kernel alone.
///
/// A plugin contributes a ``Receiver`` under a name, and a site writes the name into `publications`. The frontend then calls the
/// receiver with a function that takes a name and a change: a dictionary as sync_struct has it (`action` is `init`, `setitem`, `delitem`,
/// `append`, `insert` or `pop`), or `{"action": "broadcast", "x": …}` for the broadcast channel of that name.
enum Publication {
    typealias Publish = @Sendable (String, DataValue) -> Void
    typealias Receiver = @Sendable (@escaping Publish) -> Void

    /// Publishes a change; one that is malformed is left out.
    static func publish(_ name: String, _ change: DataValue, publisher: StatePublisher, broadcaster: Broadcaster) {
        if change.entry("action") == .string("broadcast") {
            broadcaster.broadcast(name, change.entry("x") ?? .null)
        } else {
            publisher.notifier(made: name).apply(change)
        }
    }
}

extension Notifier {
    /// Makes a change that is given as sync_struct writes it.
    func apply(_ change: DataValue) {
        guard case .string(let action)? = change.entry("action") else { return }
        var path: [DataValue] = []
        if case .list(let keys)? = change.entry("path") { path = keys }
        let (key, value) = (change.entry("key") ?? .null, change.entry("value") ?? .null)
        switch action {
        case "init": replace(change.entry("struct") ?? .null)
        case "setitem": setItem(key, value, in: path)
        case "delitem": deleteItem(key, in: path)
        case "append": append(change.entry("x") ?? .null, in: path)
        case "insert": insert(change.entry("x") ?? .null, at: Int(change.entry("i")?.integer ?? 0), in: path)
        case "pop": pop(change.entry("i") ?? .integer(-1), in: path)
        default: return
        }
    }
}
