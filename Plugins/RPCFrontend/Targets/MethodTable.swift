// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// The methods of a target by name, made from a device's names.
final class MethodTable: Sendable {
    let methods: [String: RPCMethod]
    /// Names that two members would have had; the first has it, the other a longer one.
    let clashes: [String]

    /// Names that clients of sipyco have for themselves: a method of that name could never be called.
    private static let reserved: Set<String> = [
        "select_rpc_target", "get_selected_target", "get_rpc_id", "get_local_host", "close_rpc", "get_rpc_method_list",
        "connect_rpc", "ping", "terminate",
    ]

    /// - Parameter own: Methods of the frontend; a declared name wins over them.
    init(_ members: [NamedMember], own: [RPCMethod]) {
        var methods: [String: RPCMethod] = [:]
        var clashes: [String] = []
        func add(_ name: String, _ longer: String, _ body: RPCMethod.Body) {
            var name = name
            if methods[name] != nil {
                clashes.append(name)
                name = longer
                while methods[name] != nil { name += "_" }
            }
            methods[name] = RPCMethod(name, body)
        }
        for member in members where member.isCommand {
            let name = Self.identifier(member.name, separator: "_")
            add(name, Self.identifier(member.name, separator: "__"), .command(member))
        }
        for method in own where methods[method.name] == nil { methods[method.name] = method }
        for member in members where !member.isCommand {
            let access = member.metadata.access
            for (prefix, body, isThere) in [
                ("get_", RPCMethod.Body.read(member), access != .write),
                ("set_", .write(member), access != .read),
            ] where isThere {
                let name = Self.identifier(prefix + member.name, separator: "_")
                // A declared command of that name is what the device's author wants called.
                if case .command? = methods[name]?.body { continue }
                add(name, Self.identifier(prefix + member.name, separator: "__"), body)
            }
        }
        self.methods = methods
        self.clashes = clashes
    }

    /// A path as a name of Python: what is no letter, digit or underscore becomes an underscore.
    static func identifier(_ path: String, separator: String) -> String {
        var name = ""
        for character in path.unicodeScalars {
            switch character {
            case "a"..."z", "A"..."Z", "0"..."9", "_": name.unicodeScalars.append(character)
            case "/": name += separator
            default: name += "_"
            }
        }
        if let first = name.unicodeScalars.first, first == "_" || ("0"..."9").contains(first) { name = "m" + name }
        return reserved.contains(name) ? name + "_" : name
    }
}

extension NamedMember {
    /// Whether the name stands for a command, also where its device does not have it yet.
    var isCommand: Bool {
        if case .command = entry.source { true } else { false }
    }
}
