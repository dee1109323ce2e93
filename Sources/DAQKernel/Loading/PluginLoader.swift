// Part of daqd
// SPDX-License-Identifier: MIT

internal import CLoader

/// Brings plugins into the process: checks the file, loads it, calls its entry point, checks what it registered.
///
/// Whatever is wrong with a plugin ends in its record, never in an error or a trap. One call at a time.
public final class PluginLoader {
    /// Every plugin that was asked for, in order.
    public private(set) var records: [PluginRecord] = []
    private let registry: Registry
    private let preflight: PluginPreflight

    /// A loader that fills `registry` with what `policy` allows.
    public convenience init(registry: Registry, policy: PluginPolicy) {
        self.init(registry: registry, preflight: PluginPreflight(policy: policy, host: .current))
    }

    init(registry: Registry, preflight: PluginPreflight) {
        self.registry = registry
        self.preflight = preflight
    }

    /// Loads the plugins of the site's configuration, in order.
    public func load(_ entries: [PluginEntry]) -> [PluginRecord] {
        entries.map(load)
    }

    /// Loads one plugin.
    @discardableResult
    public func load(_ entry: PluginEntry) -> PluginRecord {
        let record = attempt(entry)
        records.append(record)
        return record
    }

    /// The plugin that registered `type`; nil when none did.
    public func record(for kind: FactoryKind, type: String) -> PluginRecord? {
        records.first { $0.registered.contains(Registry.Registration(kind: kind, type: type)) }
    }

    private func attempt(_ entry: PluginEntry) -> PluginRecord {
        let passed: PluginPreflight.Passed
        do { passed = try preflight.check(entry.file) } catch {
            return PluginRecord(entry: entry, refusal: error.refusal, candidate: error.candidate)
        }
        var record = PluginRecord(entry: entry, warnings: passed.warnings, candidate: passed.candidate)
        do {
            try checkUnique(passed)
            let before = LoadedImages.current()
            let handle = unsafe try open(passed)
            record.warnings += try checkImages(since: before, passed.candidate)
            record.registered = unsafe try enter(handle, passed)
        } catch {
            record.refusal = error
        }
        return record
    }
}

// MARK: - Step 5: loading

extension PluginLoader {
    private func checkUnique(_ passed: PluginPreflight.Passed) throws(PluginRefusal) {
        guard let other = records.first(where: { $0.refusal == nil && $0.id == passed.stamp.id }) else { return }
        throw passed.candidate.refusal(
            .duplicate, "id loaded already",
            reason: ["\(other.id ?? "") \(other.version ?? "") is loaded from \(other.file)"],
            fix: [
                "remove one of the two from `plugins:`, or give them different ids; after an update of a plugin",
                "restart daqd",
            ])
    }

    private func open(_ passed: PluginPreflight.Passed) throws(PluginRefusal) -> UnsafeMutableRawPointer {
        guard passed.file.isUnchanged else {
            throw passed.candidate.refusal(
                .unsafeFile, "file changed while it was checked", reason: ["another content is at its path now"],
                fix: ["install plugins by renaming a complete file to its final name"])
        }
        // By their bare names, so that the plugin's own search finds them loaded; they belong to daqd, not to the plugin.
        for name in passed.ownLibraries { unsafe daqd_load_own_library(name) }
        var message: UnsafeMutablePointer<CChar>?
        if let handle = unsafe daqd_load_plugin(passed.file.path, &message) { return unsafe handle }
        defer { unsafe daqd_loader_free(message) }
        let text = unsafe message.map { unsafe String(cString: $0) } ?? "no reason given"
        throw passed.candidate.refusal(
            .linker, "dynamic linker refused", reason: Self.explained(text, path: passed.file.path),
            fix: [
                "rebuild it with `swift build` against this daqd's DAQKernel and the libraries of this machine"
            ])
    }

    /// The dynamic linker's words without the file's path, and what Swift's mangled names in them mean.
    static func explained(_ message: String, path: String) -> [String] {
        let text = message.hasPrefix(path + ": ") ? String(message.dropFirst(path.utf8.count + 2)) : message
        let names = text.split { $0 == " " || $0 == "," }.filter { $0.hasPrefix("$s") }
        return [text] + names.compactMap { SystemText.demangled(String($0)).map { "that is \($0)" } }
    }

    private func checkImages(
        since before: LoadedImages, _ candidate: PluginCandidate
    ) throws(PluginRefusal) -> [PluginWarning] {
        let images = LoadedImages.current()
        if let paths = images.secondRuntime { throw PluginPreflight.secondRuntime(paths, candidate) }
        return images.doubled(since: before).map { double in
            PluginWarning(
                code: "W501",
                text:
                    "with the plugin \(candidate.stamp?.id ?? candidate.name) a second \(double.name) came into the process: "
                    + "\(double.first) and \(double.second); build it against the one that daqd uses")
        }
    }
}

// MARK: - Step 6: the entry point

extension PluginLoader {
    private typealias Entry = @convention(c) (UnsafeRawPointer) -> Void

    private func enter(
        _ handle: UnsafeMutableRawPointer, _ passed: PluginPreflight.Passed
    ) throws(PluginRefusal) -> [Registry.Registration] {
        guard let symbol = unsafe daqd_find_symbol(handle, passed.stamp.entryPoint) else {
            throw passed.candidate.refusal(
                .disagreement, "entry point missing", reason: ["it does not export \(passed.stamp.entryPoint)"],
                fix: ["write @c(\(passed.stamp.entryPoint)) before its register function, and rebuild it"])
        }
        let entry = unsafe unsafeBitCast(symbol, to: Entry.self)
        registry.beginPlugin()
        let visit = unsafe registry.lend { unsafe entry($0) }
        let (registered, problems) = registry.endPlugin()
        do {
            try judge(visit, registered, problems, passed)
            return registered
        } catch {
            registry.withdraw(registered)
            throw error
        }
    }

    private func judge(
        _ visit: Registry.Visit, _ registered: [Registry.Registration], _ problems: [String],
        _ passed: PluginPreflight.Passed
    ) throws(PluginRefusal) {
        guard visit != .foreign else {
            throw passed.candidate.refusal(
                .foreignObject, "not this kernel's types",
                reason: ["its entry point made the Registry of another DAQKernel than daqd's"],
                fix: [
                    "the usual causes are a kernel or a Swift runtime linked statically: depend on the product",
                    ".product(name: \"DAQKernel\", package: \"DAQKernel\"), build without -static-stdlib",
                ])
        }
        guard problems.isEmpty else {
            throw passed.candidate.refusal(
                .duplicate, "type registered already", reason: problems,
                fix: ["remove one of the two plugins from `plugins:`, or rename the type"])
        }
        let found = Set(registered.map(\.kind.rawValue))
        guard found == Set(passed.stamp.kinds) else {
            let names = registered.map { "\($0.kind.rawValue) \($0.type)" }.joined(separator: ", ")
            throw passed.candidate.refusal(
                .disagreement, "registered something else than its stamp says",
                reason: [
                    "its stamp says \(Self.list(passed.stamp.kinds)), it registered \(names.isEmpty ? "nothing" : names)"
                ],
                fix: [
                    "correct .kinds in the plugin's DAQD_PLUGIN(…) or its register function, and rebuild it with",
                    "`swift build`",
                ])
        }
    }

    private static func list(_ kinds: [String]) -> String { kinds.isEmpty ? "nothing" : kinds.joined(separator: ", ") }
}
