// Part of daqd
// SPDX-License-Identifier: MIT

/// One key of the SIMPLON API: a configuration or status value of a module.
struct SIMPLONKey: Hashable, Sendable, CustomStringConvertible {
    /// The parts of the detector control unit that have keys.
    enum Module: String, Sendable, CaseIterable {
        case detector, filewriter, monitor, stream, system

        /// What it has keys for.
        var tasks: [Task] { self == .system ? [.config] : Task.allCases }
    }

    /// What a key belongs to.
    enum Task: String, Sendable, CaseIterable {
        case config, status
    }

    var module: Module
    var task: Task
    /// Words separated by slashes: `threshold/1/energy`.
    var name: String

    init(_ module: Module, _ task: Task, _ name: String) {
        self.module = module
        self.task = task
        self.name = name
    }

    /// From a parameter's path: `detector/config/count_time`.
    init?(path: String) {
        let words = path.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        guard words.count == 3, let module = Module(rawValue: String(words[0])),
            let task = Task(rawValue: String(words[1])),
            Self.isName(String(words[2]))
        else { return nil }
        self.init(module, task, String(words[2]))
    }

    static func detector(_ name: String) -> Self { Self(.detector, .config, name) }
    static func filewriter(_ name: String) -> Self { Self(.filewriter, .config, name) }

    /// The path of its parameter in the device's tree.
    var description: String { "\(module.rawValue)/\(task.rawValue)/\(name)" }

    /// Whether a name from a detector's list can be a path here and part of an address.
    static func isName(_ name: String) -> Bool {
        guard !name.isEmpty, name.utf8.count <= 200 else { return false }
        return name.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { word in
            !word.isEmpty && word != "." && word != ".."
                && word.utf8.allSatisfy { byte in
                    switch byte {
                    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x2D, 0x2E: true
                    default: false
                    }
                }
        }
    }
}
