// Part of daqd
// SPDX-License-Identifier: MIT

internal import Glibc

/// Where a plugin's name is looked up.
public struct PluginSearchPath: Sendable, Equatable {
    /// The directories, in order, absolute or relative to the working directory.
    public var directories: [String]

    /// Exactly these directories.
    public init(directories: [String]) {
        self.directories = directories
    }

    /// The order of the manual: the configuration's `plugin_path`, `DAQD_PLUGIN_PATH`, the installed directory, and the directory
    /// of the program, which is the build directory of a fresh checkout.
    public init(configured: [String], environment: String?, executable: String) {
        let programs = Self.parent(of: executable)
        directories =
            configured
            + (environment?.split(separator: ":").map(String.init) ?? [])
            + ["\(Self.parent(of: programs))/lib/daqd", programs]
    }

    /// The order of the manual for this process.
    public static func standard(configured: [String]) -> PluginSearchPath {
        let environment = unsafe getenv("DAQD_PLUGIN_PATH").map { unsafe String(cString: $0) }
        return PluginSearchPath(configured: configured, environment: environment, executable: ownExecutable())
    }

    /// The files that `name` may mean, in order: itself when it has a slash, else `lib<name>.so` in each directory.
    func candidates(for name: String) -> [String] {
        if name.utf8.contains(UInt8(ascii: "/")) { return [name] }
        let file = name.hasSuffix(".so") ? name : "lib\(name).so"
        return directories.map { $0.hasSuffix("/") ? $0 + file : "\($0)/\(file)" }
    }

    /// Whether the canonical path `file` lies below one of the directories.
    func contains(_ file: String) -> Bool {
        directories.contains { directory in
            guard let canonical = Self.canonical(directory) else { return false }
            return file.hasPrefix(canonical.hasSuffix("/") ? canonical : canonical + "/")
        }
    }

    /// The path without symbolic links; nil where nothing is.
    static func canonical(_ path: String) -> String? {
        guard let resolved = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }

    /// The directory that holds `path`.
    static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func ownExecutable() -> String {
        canonical("/proc/self/exe") ?? "/usr/bin/daqd"
    }
}
