// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Synchronization

/// A named object that clients call: a device under its own paths, or under one of its name sets.
final class RPCTarget: Sendable {
    let name: String
    let node: DeviceNode
    let view: NameView
    /// Where calls wait for each other; nil where they run beside each other.
    let lane: SerialLane?
    /// The connection's place in the images; nil for a target that all connections share.
    private let cursor: ImageCursor?
    private let own: [RPCMethod]
    private let table = Mutex<MethodTable?>(nil)
    private let gone = Atomic<Bool>(false)
    private let changes = Atomic<Int>(0)

    init(
        _ name: String, _ node: DeviceNode, _ view: NameView, isSerial: Bool, own: [RPCMethod],
        _ cursor: ImageCursor? = nil
    ) {
        self.cursor = cursor
        self.name = name
        self.node = node
        self.view = view
        lane = isSerial ? SerialLane() : nil
        self.own =
            own + [
                RPCMethod(
                    "ping", .ping, RPCSignature(result: "bool"), text: "Answers true at once, whatever the device does."
                ),
                RPCMethod("terminate", .terminate, text: "Terminate the server."),
            ]
        _ = view.observe { [weak self] event in
            if case .changed = event, self?.hasSameMembers == true { return }
            self?.table.withLock { $0 = nil }
            self?.changes.add(1, ordering: .releasing)
        }
    }

    /// Whether its device was taken out of the site.
    var isGone: Bool { gone.load(ordering: .relaxed) }

    /// Rises whenever a name may have got another method.
    var version: Int { changes.load(ordering: .acquiring) }

    /// Whether it belongs to one connection, and ends with it.
    var isPerConnection: Bool { cursor != nil }

    /// Whether it shows the device's own paths.
    var isPlain: Bool { view.name.isEmpty }

    /// What a client calls by a name.
    func method(_ name: String) -> RPCMethod? { methods.methods[name] }

    /// All methods, as they are now.
    var methods: MethodTable {
        if let table = table.withLock({ $0 }) { return table }
        let made = MethodTable(view.members, own: own)
        table.withLock { $0 = made }
        return made
    }

    /// A change of metadata changes methods only where it changes who may write.
    private var hasSameMembers: Bool {
        guard let table = table.withLock({ $0 }) else { return true }
        return view.members.allSatisfy { member in
            member.isCommand
                || (table.methods[MethodTable.identifier("set_" + member.name, separator: "_")] != nil)
                    == (member.metadata.access != .read)
        }
    }

    /// The device is gone.
    func close() {
        gone.store(true, ordering: .relaxed)
        changes.add(1, ordering: .releasing)
        view.close()
        cursor?.close()
    }

    /// Documentation of the target and its methods; never fails as a whole.
    func methodList(terminate: Bool) -> DataValue {
        let all = methods.methods
        var entries = all.keys.sorted().filter { $0 != "terminate" }.compactMap { name in
            all[name].map { method in
                (name, DataValue.tuple([method.signature.value, Self.documentation(method.documentation)]))
            }
        }
        if terminate {
            let signature = DataValue.object([
                ("args", .strings(["self"])), ("defaults", .null), ("varargs", .null), ("varkw", .null),
                ("kwonlyargs", .list([])), ("kwonlydefaults", .list([])),
            ])
            entries.append(("terminate", .tuple([signature, .string("Terminate the server.")])))
        }
        return .object([("docstring", Self.documentation(node.summary)), ("methods", .object(entries))])
    }

    private static func documentation(_ text: String) -> DataValue { text.isEmpty ? .null : .string(text) }
}
