// Part of daqd
// SPDX-License-Identifier: MIT

/// The section `site`.
public struct SiteSection: Hashable, Sendable {
    /// What the site calls itself in logs and records.
    public var name = "daqd"
    /// Where devices put their files, absolute.
    public var data = ""
    /// Where the run log and other state live, absolute.
    public var state = ""

    static let settings: [Setting] = [
        .string("name", "What the site calls itself in logs and records", default: "daqd"),
        .path("data", "Where the files of acquisitions go, a directory per device", default: "./data"),
        .path("state", "Where the run log, saved values and queues live", default: "./state"),
    ]

    init(_ settings: Settings) {
        name = settings.given("name") ?? name
        data = settings.given("data") ?? data
        state = settings.given("state") ?? state
    }
}

/// The section `logging`.
public struct LoggingSection: Hashable, Sendable {
    /// The least level that is written: trace, debug, info, notice, warning or error.
    public var level = "notice"
    /// Levels of single components and plugins, by name.
    public var levels: [String: String] = [:]
    /// `text`, `json` or `artiq`; `nil` for text on a terminal and under systemd.
    public var format: String?

    static let levelNames = ["trace", "debug", "info", "notice", "warning", "error"]

    static let settings: [Setting] = [
        .choice("level", "The least level that is written", levelNames, default: "notice"),
        .dictionary("levels", "Levels of single components, by name", of: .choice(levelNames)),
        .choice(
            "format", "Text, one JSON object per line, or lines as ARTIQ's controller manager reads them",
            LogFormat.allCases.map(\.rawValue)
        ).optional,
    ]

    init(_ settings: Settings) {
        level = settings.given("level") ?? level
        levels = settings.given("levels") ?? levels
        format = settings.given("format")
    }
}

/// The section `storage`.
public struct StorageSection: Hashable, Sendable {
    /// The run log's database, absolute; `nil` for `runlog.sqlite` in the site's state.
    public var runLog: String?

    static let settings: [Setting] = [
        .path("run_log", "The run log's SQLite database; by default runlog.sqlite in the site's state").optional
    ]

    init(_ settings: Settings) {
        runLog = settings.given("run_log")
    }
}
