// Part of daqd
// SPDX-License-Identifier: MIT

internal import CDAQPlugin

/// What a plugin says about itself in the 512 bytes of its ELF section `.daqd.plugin`, before any of its code runs.
///
/// Source: docs/plugins.md, "The stamp"; the C side is `daqd_plugin_stamp.h`.
struct PluginStamp: Equatable, Sendable {
    /// The ways into a plugin.
    struct Doors: OptionSet, Sendable {
        let rawValue: UInt16
        /// Entered through a table of C functions.
        static let c = Doors(rawValue: UInt16(DAQD_DOOR_C))
        /// Entered with a Swift registry.
        static let swift = Doors(rawValue: UInt16(DAQD_DOOR_SWIFT))
        /// Runs in a process of its own.
        static let process = Doors(rawValue: UInt16(DAQD_DOOR_PROCESS))
    }

    /// What a plugin says about how it was built and what it needs.
    struct Flags: OptionSet, Sendable {
        let rawValue: UInt16
        /// Wants a process of its own.
        static let ownProcess = Flags(rawValue: UInt16(DAQD_FLAG_OWN_PROCESS))
        /// May be called by several threads at once.
        static let concurrent = Flags(rawValue: UInt16(DAQD_FLAG_CONCURRENT))
        /// Contains a simulator.
        static let simulator = Flags(rawValue: UInt16(DAQD_FLAG_SIMULATOR))
        /// Not yet meant for production.
        static let experimental = Flags(rawValue: UInt16(DAQD_FLAG_EXPERIMENTAL))
        /// Compiled without optimisation.
        static let debugBuild = Flags(rawValue: UInt16(DAQD_FLAG_DEBUG_BUILD))
    }

    /// A pair of numbers of which the first decides and the second only grows.
    struct Version: Equatable, Sendable, CustomStringConvertible {
        /// Differs: does not fit.
        var major: UInt16
        /// Grows with each addition.
        var minor: UInt16

        var description: String { "\(major).\(minor)" }
    }

    /// Bytes of the record; a newer one may be longer.
    static let size = Int(DAQD_STAMP_SIZE)

    /// The layout's number.
    var recordVersion = UInt16(DAQD_STAMP_VERSION)
    /// The ways into the plugin.
    var doors: Doors = .swift
    /// What it says about its build.
    var flags: Flags = []
    /// The C interface it was built with; 0.0 without a C door.
    var cABI = Version(major: 0, minor: 0)
    /// The least minor number of the C interface that it can live with.
    var cMinorNeeded: UInt16 = 0
    /// Size of its C table.
    var cPluginSize: UInt32 = 0
    /// Size of the host's C table that it expects.
    var cHostSize: UInt32 = 0
    /// The kernel interface it was built with.
    var kernelABI = Version(major: UInt16(DAQD_KERNEL_ABI_MAJOR), minor: UInt16(DAQD_KERNEL_ABI_MINOR))
    /// Swift's compiler as major × 10000 + minor × 100 + patch; 0 when it is known by its commit alone.
    var swiftCompiler: UInt32 = 0
    /// SHA-256 of the kernel's public interface that it was compiled against.
    var kernelInterface = [UInt8](repeating: 0, count: 32)
    /// Its short name, unique among the loaded ones: `eiger`.
    var id = ""
    /// Its own version: `1.4.2`.
    var version = ""
    /// What it registers, as written: `device,simulator`.
    var kinds: [String] = []
    /// The compiler's version and commit.
    var compiler = ""
    /// Who made it.
    var vendor = ""
    /// Its licence's SPDX name.
    var licence = ""
    /// The end of its entry point's name, `daqd_register_<Name>`.
    var name = ""

    /// The C symbol that the loader calls.
    var entryPoint: String { "daqd_register_\(name)" }
}

/// Why a stamp's bytes are no stamp.
enum PluginStampError: Error, Equatable {
    /// Fewer bytes than a record has.
    case truncated(count: Int)
    /// The first eight bytes are something else.
    case wrongMagic
    /// The record says that it is shorter than 512 bytes, or its version is 0.
    case wrongSize(version: UInt16, size: UInt16)
    /// Built for another pointer size.
    case pointerSize(UInt16)
    /// No door at all.
    case noDoor
    /// A text without an end, not UTF-8, or with characters that are not allowed there.
    case badText(field: String, rule: String)
}

extension PluginStampError: CustomStringConvertible {
    /// One clause for the refusal's text.
    var description: String {
        switch self {
        case .truncated(let count): "its section .daqd.plugin has \(count) bytes, a stamp has \(PluginStamp.size)"
        case .wrongMagic: "its section .daqd.plugin does not begin with DAQDPLG1"
        case .wrongSize(let version, let size): "its stamp has version \(version) and size \(size)"
        case .pointerSize(let size): "its stamp says that pointers have \(size) bytes, here they have 8"
        case .noDoor: "its stamp offers no way into the plugin"
        case .badText(let field, let rule): "its stamp's \(field) \(rule)"
        }
    }
}
