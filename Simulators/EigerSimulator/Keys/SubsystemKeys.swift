// Part of daqd
// SPDX-License-Identifier: MIT

internal import DAQKernel

/// A SIMPLON module that has keys and commands.
enum Subsystem: String, Sendable, CaseIterable {
    case detector, filewriter, monitor, stream, system

    /// What `…/<version>/keys` lists.
    var tasks: [String] {
        switch self {
        case .detector, .filewriter, .monitor, .stream: ["command", "config", "status"]
        case .system: ["command"]
        }
    }

    /// The commands it takes in a tree of the API, in alphabetical order.
    func commands(_ version: APIVersion) -> [String] {
        switch self {
        case .detector:
            DetectorCommand.allCases.filter { version == .v16 ? $0.isEarly : $0 != .statusUpdate }.map(\.rawValue)
                .sorted()
        case .filewriter, .monitor: ["clear", "initialize"]
        case .stream: ["initialize"]
        case .system:
            version == .v16 ? ["restart"] : ["create_log_tarball", "delete_logs", "reboot", "restart", "shutdown"]
        }
    }

    /// Its configuration keys for a model.
    func configuration(of model: DetectorModel, _ firmware: APIVersion = .v18) -> [Key] {
        switch self {
        case .detector: DetectorKeys.all(of: model, firmware)
        case .filewriter: Self.fileWriterKeys
        case .monitor: Self.monitorKeys
        case .stream: Self.streamKeys
        case .system: []
        }
    }

    private static let fileWriterKeys: [Key] = [
        .flag("compression_enabled", true),
        .text("format", FileLayout.legacy.rawValue, of: FileLayout.allCases.map(\.rawValue)).only(.v18),
        .count("image_nr_start", 1, in: 0...2_000_000_000), .text("mode", "disabled", of: ["enabled", "disabled"]),
        .text("name_pattern", "series_$id"), .count("nimages_per_file", 1000, in: 0...2_000_000_000),
        .text("transfer_mode", "HTTP", of: nil, .read).only(.v16),
    ]

    private static let monitorKeys: [Key] = [
        .count("buffer_size", 100, in: 1...100_000), .flag("discard_new", true).only(.v18),
        .text("mode", "disabled", of: ["enabled", "disabled"]),
    ]

    /// This simulator sends no stream yet, so the only mode it offers is `disabled`.
    private static let streamKeys: [Key] = [
        .text("format", "legacy", of: ["legacy", "cbor"]).only(.v18), .text("header_appendix", ""),
        .text("header_detail", "basic", of: ["none", "basic", "all"], early: ["all", "basic", "none"]),
        .text("image_appendix", ""), .text("mode", "disabled", of: ["disabled"]),
    ]
}
