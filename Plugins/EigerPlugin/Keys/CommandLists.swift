// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Synchronization

/// The commands that the detector lists, by module.
final class CommandLists: Sendable {
    private let lists = Mutex<[SIMPLONKey.Module: Set<String>]>([:])

    private let offered = Mutex<Set<String>>([])

    /// Whether a command becomes a member of the device now: once.
    func offer(_ path: String) -> Bool { offered.withLock { $0.insert(path).inserted } }

    /// Asks every module; one without a list is unknown.
    func read(_ client: SIMPLONClient) async {
        var found: [SIMPLONKey.Module: Set<String>] = [:]
        for module in SIMPLONKey.Module.allCases {
            guard let names = try? await client.commands(of: module) else { continue }
            found[module] = Set(names.prefix(1000).filter { SIMPLONKey.isName($0) && !$0.contains("/") })
        }
        let result = found
        lists.withLock { $0 = result }
    }

    /// Whether the detector is known to have a command.
    func lists(_ name: String, of module: SIMPLONKey.Module) -> Bool {
        lists.withLock { $0[module]?.contains(name) ?? false }
    }

    /// Refuses a command that the detector is known not to have.
    func require(_ name: String, of module: SIMPLONKey.Module, device: String) throws(DeviceError) {
        let known = lists.withLock { $0[module] }
        if let known, !known.contains(name) {
            throw DeviceError(.notFound, "\(device) has no command \(module.rawValue)/command/\(name)")
        }
    }

    /// All of them, in order.
    var all: [(SIMPLONKey.Module, String)] {
        lists.withLock { lists in lists.flatMap { module, names in names.map { (module, $0) } } }
            .sorted { ($0.0.rawValue, $0.1) < ($1.0.rawValue, $1.1) }
    }
}
