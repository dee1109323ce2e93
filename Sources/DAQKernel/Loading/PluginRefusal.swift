// Part of daqd
// SPDX-License-Identifier: MIT

/// Why a plugin is not used: one event, shown as lines of text, as a JSON object in the log and over REST.
public struct PluginRefusal: Error, Sendable, Equatable {
    /// Which check refused; docs/plugins.md has a paragraph for each.
    public struct Code: Hashable, Sendable {
        /// The number in the manual, such as `P103`.
        public let name: String

        /// The file is absent or cannot be read.
        public static let unreadable = Code(name: "P001")
        /// The file is outside the plugin directories, or others may change it.
        public static let unsafeFile = Code(name: "P002")
        /// Not an ELF shared object for this machine.
        public static let notSharedObject = Code(name: "P101")
        /// No stamp, or one that makes no sense.
        public static let noStamp = Code(name: "P102")
        /// Built for another major version of the kernel.
        public static let kernelMajor = Code(name: "P103")
        /// Built for a newer minor version of the kernel.
        public static let kernelMinor = Code(name: "P104")
        /// Built for another major version of the C interface.
        public static let cMajor = Code(name: "P105")
        /// Built by another Swift compiler.
        public static let compiler = Code(name: "P107")
        /// A library that it needs is absent.
        public static let missingLibrary = Code(name: "P108")
        /// It contains a copy of the kernel.
        public static let ownKernel = Code(name: "P109")
        /// A debug build, loaded by a release build of daqd.
        public static let debugBuild = Code(name: "P110")
        /// The dynamic linker refused.
        public static let linker = Code(name: "P301")
        /// A second kernel or Swift runtime came with it.
        public static let secondRuntime = Code(name: "P302")
        /// Its entry point is missing, or it registered something else than its stamp says.
        public static let disagreement = Code(name: "P303")
        /// It registered an object that is not of this kernel's types.
        public static let foreignObject = Code(name: "P304")
        /// A plugin of the same id is loaded.
        public static let duplicate = Code(name: "P401")
        /// Its component's settings are wrong.
        public static let settings = Code(name: "P403")
        /// Its factory could not make the component.
        public static let makeFailed = Code(name: "P404")
    }

    /// A field in which plugin and daqd differ.
    public struct Difference: Sendable, Equatable {
        /// What is compared.
        public var name: String
        /// The plugin's value.
        public var plugin: String
        /// daqd's value.
        public var host: String
    }

    /// Which check refused.
    public var code: Code
    /// The refusal in three or four words: `kernel ABI mismatch`.
    public var title: String
    /// The plugin as its stamp describes it, or as the configuration names it when no stamp was read.
    public var plugin: String
    /// The file, canonical where it exists; empty where none was found.
    public var file: String
    /// The linker's build-id, if there is one.
    public var buildID: String?
    /// This daqd: release, kernel ABI, compiler.
    public var host: String
    /// What is wrong, as lines of text.
    public var reason: [String]
    /// The fields that differ.
    public var differences: [Difference]
    /// What to do, as lines of text.
    public var fix: [String]
    /// What this means for the site, as lines of text; the daemon knows it only after all plugins were loaded.
    public var effect: [String] = ["its devices, frontends and operations are unavailable; daqd goes on without them"]

    /// The text for a terminal or the journal, without a newline at its end.
    public var text: String {
        var lines = ["daqd: plugin refused  DAQD-\(code.name)  \(title)"]
        var subject = plugin
        if !file.isEmpty, file != plugin { subject += "  \(file)" }
        if let buildID { subject += "  build-id \(buildID.prefix(8))" }
        lines += Self.block("plugin", [subject])
        lines += Self.block("daqd", [host])
        lines += Self.block("reason", reason)
        lines += Self.block("differs", differences.map { "\($0.name): plugin \($0.plugin), daqd \($0.host)" })
        lines += Self.block("fix", fix)
        lines += Self.block("effect", effect)
        return lines.joined(separator: "\n")
    }

    /// The object for the structured log and for REST.
    public var json: JSON {
        .object([
            ("code", .string(code.name)),
            ("title", .string(title)),
            ("plugin", .string(plugin)),
            ("file", .string(file)),
            ("build_id", buildID.map(JSON.string) ?? .null),
            ("host", .string(host)),
            ("reason", .string(reason.map { $0.drop { $0 == " " } }.joined(separator: " "))),
            (
                "differences",
                .array(
                    differences.map {
                        .object([
                            ("name", .string($0.name)), ("plugin", .string($0.plugin)), ("host", .string($0.host)),
                        ])
                    })
            ),
            ("fix", .string(fix.joined(separator: " "))),
            ("effect", .string(effect.joined(separator: " "))),
        ])
    }

    private static func block(_ label: String, _ lines: [String]) -> [String] {
        lines.enumerated().map { index, line in
            let head = index == 0 ? label : ""
            return "  " + head + String(repeating: " ", count: 9 - head.utf8.count) + line
        }
    }
}
