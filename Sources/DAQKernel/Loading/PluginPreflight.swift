// Part of daqd
// SPDX-License-Identifier: MIT

internal import Glibc

/// Everything that can be judged from a plugin's file, without running any of its code.
struct PluginPreflight {
    /// A file that passed.
    struct Passed {
        /// What is known of it; its stamp is set.
        var candidate: PluginCandidate
        /// What it says about itself.
        var stamp: PluginStamp
        /// The open file; kept until it is loaded.
        var file: PluginFile
        /// What is odd, but allowed.
        var warnings: [PluginWarning]
        /// Names of daqd's own libraries that it needs and that are not loaded yet.
        var ownLibraries: [String]
    }

    /// What the site allows.
    var policy: PluginPolicy
    /// What the plugin must fit.
    var host: HostIdentity

    /// The kinds of factories that this kernel knows.
    static let kinds: Set<String> = ["device", "transport", "frontend", "postop", "simulator"]

    /// A file that did not pass, with what is known of it.
    struct Failure: Error {
        /// Why.
        var refusal: PluginRefusal
        /// What is known of it.
        var candidate: PluginCandidate
    }

    /// Steps 1 to 3 of the handshake for the plugin that the configuration calls `name`.
    func check(_ name: String) throws(Failure) -> Passed {
        var candidate = PluginCandidate(name: name, host: host)
        do { return try check(name, &candidate) } catch { throw Failure(refusal: error, candidate: candidate) }
    }

    private func check(_ name: String, _ candidate: inout PluginCandidate) throws(PluginRefusal) -> Passed {
        let file = try find(name, &candidate)
        try checkPolicy(file, byName: !name.utf8.contains(UInt8(ascii: "/")), candidate)
        let image = try read(file, &candidate)
        let stamp = try readStamp(image, &candidate)
        let warnings = try compare(stamp, candidate)
        try checkSymbols(image, stamp, candidate)
        let own = try checkLibraries(image, candidate)
        return Passed(candidate: candidate, stamp: stamp, file: file, warnings: warnings, ownLibraries: own)
    }
}

// MARK: - Step 1: the path

extension PluginPreflight {
    private func find(_ name: String, _ candidate: inout PluginCandidate) throws(PluginRefusal) -> PluginFile {
        let paths = policy.search.candidates(for: name)
        for path in paths {
            do {
                let file = try PluginFile(opening: path)
                candidate.path = file.path
                return file
            } catch {
                if !name.utf8.contains(UInt8(ascii: "/")), error.number == ENOENT || error.number == ENOTDIR {
                    continue
                }
                candidate.path = path
                throw candidate.refusal(
                    .unreadable, "file cannot be read", reason: ["\(path): \(SystemText.error(error.number))"],
                    fix: ["build or install the plugin, or correct its entry under `plugins:`"])
            }
        }
        throw candidate.refusal(
            .unreadable, "file not found",
            reason: ["there is no \(Self.fileName(paths)) in any plugin directory; looked in"]
                + paths.map { "  " + PluginSearchPath.parent(of: $0) },
            fix: [
                "install it in one of these, add its directory to `plugin_path:` or DAQD_PLUGIN_PATH, or give its path"
            ])
    }

    private static func fileName(_ paths: [String]) -> String {
        paths.first.map { String($0[($0.lastIndex(of: "/").map($0.index(after:)) ?? $0.startIndex)...]) } ?? "file"
    }

    private func checkPolicy(_ file: PluginFile, byName: Bool, _ candidate: PluginCandidate) throws(PluginRefusal) {
        func refuse(_ reason: String, _ fix: String) -> PluginRefusal {
            candidate.refusal(.unsafeFile, "unsafe file", reason: [reason], fix: [fix])
        }
        guard file.isRegular else {
            throw refuse("it is no regular file", "give the path of the shared object itself")
        }
        if byName, !policy.search.contains(file.path) {
            throw refuse(
                "a plugin given by name must lie in a plugin directory, and the link found there leads out of it",
                "give its path under `plugins:`, or add its directory to `plugin_path:`")
        }
        let user = geteuid()
        guard file.owner == 0 || file.owner == user else {
            throw refuse(
                "its owner is \(SystemText.user(file.owner)); only root and \(SystemText.user(user)), who runs daqd, may own it",
                "chown root '\(file.path)'")
        }
        guard file.mode & (S_IWGRP | S_IWOTH) == 0 else {
            let mode = String(file.mode & 0o7777, radix: 8)
            throw refuse(
                "its mode is 0\(mode): others than its owner may write to it", "chmod go-w '\(file.path)'")
        }
    }
}

// MARK: - Step 2: the file

extension PluginPreflight {
    private func read(_ file: PluginFile, _ candidate: inout PluginCandidate) throws(PluginRefusal) -> ELFImage {
        do {
            let image = try ELFImage(file)
            candidate.buildID = try image.buildID()
            return image
        } catch { throw Self.notSharedObject(error, candidate) }
    }

    private static func notSharedObject(_ error: ELFError, _ candidate: PluginCandidate) -> PluginRefusal {
        candidate.refusal(
            .notSharedObject, "not a shared object for this machine", reason: ["\(error)"],
            fix: ["build the plugin on this kind of machine (`swift build`) and copy the whole file"])
    }

    private func readStamp(_ image: ELFImage, _ candidate: inout PluginCandidate) throws(PluginRefusal) -> PluginStamp {
        let stamp: PluginStamp
        do {
            guard let section = image.section(named: ".daqd.plugin") else { throw Self.noStamp(image, candidate) }
            stamp = try PluginStamp(decoding: image.content(of: section, limit: ELFImage.Limit.smallSection))
        } catch let error as PluginRefusal {
            throw error
        } catch let error as ELFError {
            throw Self.notSharedObject(error, candidate)
        } catch {
            throw candidate.refusal(
                .noStamp, "unusable stamp", reason: ["\(error)"],
                fix: ["correct the plugin's DAQD_PLUGIN(…), see docs/plugins.md, and rebuild it with `swift build`"])
        }
        candidate.stamp = stamp
        return stamp
    }

    private static func noStamp(_ image: ELFImage, _ candidate: PluginCandidate) -> PluginRefusal {
        let symbols = (try? image.definedSymbols(withPrefix: ["daqd_"])) ?? []
        return candidate.refusal(
            .noStamp, "no stamp",
            reason: ["not a daqd plugin, or built without the kit: it has no section .daqd.plugin"]
                + (symbols.isEmpty ? [] : ["it exports \(symbols.prefix(8).joined(separator: ", "))"]),
            fix: [
                "add the C file with DAQD_PLUGIN(…) to the plugin's package, see docs/plugins.md, and rebuild it",
                "with `swift build`",
            ])
    }
}

// MARK: - Step 3: the comparison

extension PluginPreflight {
    private func compare(_ stamp: PluginStamp, _ candidate: PluginCandidate) throws(PluginRefusal) -> [PluginWarning] {
        guard stamp.doors.contains(.swift) else {
            throw candidate.refusal(
                .cMajor, "no Swift door",
                differences: [.init(name: "C ABI", plugin: "\(stamp.cABI)", host: "none")],
                fix: [
                    "this daqd enters plugins through Swift; build the plugin with the Swift kit, see docs/plugins.md"
                ])
        }
        try compareKernel(stamp, candidate)
        let unknown = stamp.kinds.filter { !Self.kinds.contains($0) }
        guard unknown.isEmpty else {
            throw candidate.refusal(
                .noStamp, "unknown kind",
                differences: [
                    .init(
                        name: "kinds", plugin: unknown.joined(separator: ", "),
                        host: Self.kinds.sorted().joined(separator: ", "))
                ],
                fix: ["correct .kinds in the plugin's DAQD_PLUGIN(…), or install a daqd that knows the kind"])
        }
        let warnings = try compareCompiler(stamp, candidate)
        guard !stamp.flags.contains(.debugBuild) || host.isDebug || policy.allowsDebugPlugins else {
            throw candidate.refusal(
                .debugBuild, "debug build in production",
                differences: [.init(name: "build", plugin: "debug", host: "release")],
                fix: ["rebuild it with `swift build -c release`, or set `allow_debug_plugins: true`"])
        }
        return warnings
    }

    private func compareKernel(_ stamp: PluginStamp, _ candidate: PluginCandidate) throws(PluginRefusal) {
        var differences: [PluginRefusal.Difference] = []
        if stamp.kernelInterface != host.kernelInterface {
            differences.append(
                .init(
                    name: "kernel interface", plugin: Hexadecimal.text(stamp.kernelInterface.prefix(6)),
                    host: Hexadecimal.text(host.kernelInterface.prefix(6))))
        }
        guard stamp.kernelABI.major == host.kernelABI.major else {
            differences.insert(
                .init(
                    name: "kernel ABI major", plugin: "\(stamp.kernelABI.major)", host: "\(host.kernelABI.major)"),
                at: 0)
            throw candidate.refusal(
                .kernelMajor, "kernel ABI mismatch", differences: differences,
                fix: [
                    "rebuild it with `swift build` against DAQKernel \(host.kernelABI.major), or install a release of it",
                    "for this daqd",
                ])
        }
        guard stamp.kernelABI.minor <= host.kernelABI.minor else {
            differences.insert(
                .init(name: "kernel ABI", plugin: "\(stamp.kernelABI)", host: "\(host.kernelABI)"), at: 0)
            throw candidate.refusal(
                .kernelMinor, "kernel too old for the plugin", differences: differences,
                fix: [
                    "install a daqd whose kernel ABI is \(stamp.kernelABI) or newer, or rebuild the plugin with `swift build`",
                    "against this daqd's DAQKernel",
                ])
        }
    }

    private func compareCompiler(
        _ stamp: PluginStamp, _ candidate: PluginCandidate
    ) throws(PluginRefusal) -> [PluginWarning] {
        let ours = host.swiftCompiler
        let theirs = stamp.swiftCompiler
        let commit = CompilerText.commit(of: host.compiler)
        // A compiler that names no commit is known by all that it says.
        let isSame =
            commit == nil ? stamp.compiler == host.compiler : CompilerText.commit(of: stamp.compiler) == commit
        if isSame, theirs == ours || theirs == 0 || ours == 0 { return [] }
        if ours > 0, theirs > 0, ours != theirs, ours / 100 == theirs / 100 {
            return [
                PluginWarning(
                    code: "W502",
                    text: "the plugin \(stamp.id) was built by \(CompilerText(theirs, stamp.compiler)), daqd by "
                        + "\(CompilerText(ours, host.compiler)); rebuild it with `swift build` of the same release")
            ]
        }
        throw candidate.refusal(
            .compiler, "Swift compiler differs",
            reason: ["Swift's ABI on Linux is that of one compiler; daqd loads only plugins of its own"],
            differences: [
                .init(
                    name: "compiler", plugin: CompilerText.long(theirs, stamp.compiler),
                    host: CompilerText.long(ours, host.compiler))
            ],
            fix: [
                "rebuild the plugin with `swift build` of \(CompilerText(ours, host.compiler)), and without CC in the "
                    + "environment,", "which would compile its stamp with another compiler",
            ])
    }
}

// MARK: - What the file holds and needs

extension PluginPreflight {
    /// Symbols that only the kernel itself defines.
    private static let kernelMarkers = ["$s9DAQKernel8RegistryVMn", "$s9DAQKernel6DeviceMp"]

    /// A symbol that only the Swift runtime itself defines: the descriptor of `String`.
    private static let runtimeMarker = "$sSSMn"

    private func checkSymbols(
        _ image: ELFImage, _ stamp: PluginStamp, _ candidate: PluginCandidate
    ) throws(PluginRefusal) {
        do {
            let defined = try image.definedSymbols(
                withPrefix: ["daqd_register_", Self.runtimeMarker] + Self.kernelMarkers)
            let copies = defined.contains { Self.kernelMarkers.contains($0) }
            if try copies || !image.dynamic().needed.contains(where: LoadedImages.isKernel) {
                throw candidate.refusal(
                    .ownKernel, "contains its own copy of the kernel",
                    reason: [
                        copies
                            ? "it defines the symbols of DAQKernel: the kernel was linked statically"
                            : "it does not need libDAQKernel.so: the kernel was linked statically, or not at all"
                    ],
                    fix: [
                        "depend on the product: .product(name: \"DAQKernel\", package: \"DAQKernel\"), not on the target,",
                        "from a package of your own, and rebuild it with `swift build`",
                    ])
            }
            guard !defined.contains(Self.runtimeMarker) else {
                throw Self.secondRuntime(
                    ["it defines the symbols of libswiftCore: the runtime was linked statically"], candidate)
            }
            guard defined.contains(stamp.entryPoint) else {
                let others = defined.filter { $0.hasPrefix("daqd_register_") }
                throw candidate.refusal(
                    .disagreement, "entry point missing",
                    reason: ["its stamp's name is \(stamp.name), but it does not export \(stamp.entryPoint)"]
                        + (others.isEmpty ? [] : ["it exports \(others.prefix(8).joined(separator: ", "))"]),
                    fix: [
                        "write @c(\(stamp.entryPoint)) before the plugin's register function, or correct .name in its",
                        "DAQD_PLUGIN(…), and rebuild it with `swift build`",
                    ])
            }
        } catch let error as PluginRefusal {
            throw error
        } catch let error as ELFError {
            throw Self.notSharedObject(error, candidate)
        } catch {
            throw candidate.refusal(.notSharedObject, "unreadable", reason: ["\(error)"], fix: ["rebuild the plugin"])
        }
    }

    private func checkLibraries(_ image: ELFImage, _ candidate: PluginCandidate) throws(PluginRefusal) -> [String] {
        let findings: LibraryResolver.Findings
        do { findings = try LibraryResolver().resolve(image, at: candidate.path) } catch {
            throw Self.notSharedObject(error, candidate)
        }
        guard findings.missing.isEmpty else {
            throw candidate.refusal(
                .missingLibrary, "needed library absent",
                reason: findings.missing.map { missing in
                    missing.neededBy == candidate.path
                        ? "\(missing.name) was not found"
                        : "\(missing.name), which \(missing.neededBy) needs, was not found"
                },
                fix: [
                    "install what provides it, or put it beside the plugin (its RUNPATH has $ORIGIN when built as in",
                    "docs/plugins.md), or set LD_LIBRARY_PATH before daqd starts",
                ])
        }
        for path in findings.additional {
            if let first = LoadedImages.current().conflict(with: path) {
                throw Self.secondRuntime([first, path], candidate)
            }
        }
        return findings.own
    }

    /// The refusal of a plugin that brings a second kernel or Swift runtime.
    static func secondRuntime(_ paths: [String], _ candidate: PluginCandidate) -> PluginRefusal {
        candidate.refusal(
            .secondRuntime, "second kernel or Swift runtime", reason: paths,
            fix: [
                "build the plugin so that it needs libDAQKernel.so and libswiftCore.so by these names, and link nothing of",
                "them statically (no -static-stdlib)",
            ])
    }
}
