// Part of daqd
// SPDX-License-Identifier: MIT

import DaemonTesting
import Foundation
import Testing

@testable import DAQKernel

@Suite("The corpus of broken plugins in a running daqd", .tags(.loading))
struct DaemonCorpusTests {
    private let workshop: Workshop
    private let program = Workshop.kernelDirectory + "/daqd"

    init() throws { workshop = try Workshop() }

    /// A compiled plugin with the stamp that the kit gave it, changed by `change`.
    private func plugin(
        _ name: String, _ defines: [String] = [], _ flags: [String] = [],
        _ change: (inout PluginStamp) -> Void = { _ in }
    ) throws -> String {
        let path = try workshop.plugin("lib\(name).so", defines, flags)
        guard !defines.contains("NO_STAMP") else { return path }
        let image = try ELFImage(PluginFile(opening: path))
        let section = try #require(image.section(named: ".daqd.plugin"))
        var stamp = try PluginStamp(decoding: image.content(of: section, limit: 512))
        stamp.id = name.lowercased()
        change(&stamp)
        try workshop.restamp(path, stamp)
        return path
    }

    /// One plugin for each code, in the order of the configuration.
    private func corpus() throws -> [(code: String, file: String)] {
        let nothing = try workshop.write("int daqd_nothing;\n", to: "nothing.c")
        try workshop.sharedObject("libvendorsdk.so.3", from: nothing, ["-Wl,-soname,libvendorsdk.so.3"])
        try workshop.sharedObject("libDAQKernel.so.9", from: nothing, ["-Wl,-soname,libDAQKernel.so.9"])
        let sdk = try plugin("Sdk", [], [workshop.path("libvendorsdk.so.3")])
        try FileManager.default.removeItem(atPath: workshop.path("libvendorsdk.so.3"))
        let writable = try plugin("Writable")
        chmod(writable, 0o777)
        let twin = try workshop.copy("\(Workshop.kernelDirectory)/libProbePlugin.so", to: "libTwin.so")
        var corpus = [
            ("P001", "Absent"),
            ("P002", writable),
            ("P101", try workshop.write("#!/bin/sh\n", to: "libText.so")),
            ("P102", try plugin("Unstamped", ["NO_STAMP"])),
            ("P103", try plugin("Major") { $0.kernelABI.major += 1 }),
            ("P104", try plugin("Minor") { $0.kernelABI.minor += 1 }),
            ("P107", try plugin("Gcc") { ($0.swiftCompiler, $0.compiler) = (0, "GCC 12.2.0") }),
            ("P108", sdk),
            ("P109", try plugin("Copy", ["DEFINES_KERNEL"])),
            ("P301", try plugin("Symbol", ["WANTS_SYMBOL"])),
            (
                "P302",
                try plugin(
                    "Second", [], [workshop.path("libDAQKernel.so.9"), "-Wl,--enable-new-dtags,-rpath,$ORIGIN"])
            ),
            ("P303", try plugin("Entry", ["NO_ENTRY"])),
            ("P401", twin),
        ]
        // Only a release build of daqd refuses debug plugins.
        if !HostIdentity.current.isDebug { corpus.append(("P110", try plugin("Debug") { $0.flags = .debugBuild })) }
        #expect(!workshop.codeRan)
        return corpus
    }

    @Test("each is refused with its text, none of its code runs, and daqd serves")
    func lives() async throws {
        let corpus = try corpus()
        let daqd = try DaemonProcess(
            program: program,
            configuration: """
                site: {name: corpus, state: ./state, data: ./data}
                plugins: [ProbePlugin, RESTFrontend, \(corpus.map { "\"\($0.file)\"" }.joined(separator: ", "))]
                devices: {good: {type: probe}, away: {type: shutter}, failed: {type: probe, start: -1}}
                frontends: {rest: {type: rest, port: {port}}}
                """, directory: workshop.directory)
        try await daqd.waitUntilReady()
        let listed = try await daqd.request("GET", "/api/v1/plugins").object["plugins"] as? [[String: Any]] ?? []
        for (code, file) in corpus {
            let plugin = try #require(listed.first { $0["name"] as? String == file }, "\(file)")
            #expect((plugin["refusal"] as? [String: Any])?["code"] as? String == code, "\(file)")
            #expect(plugin["state"] as? String == "refused")
        }
        #expect(!workshop.codeRan)
        let good = try await daqd.request("GET", "/api/v1/devices/good/parameters/number")
        #expect(good.object["value"] as? Int == 7)
        for name in ["away", "failed"] {
            let device = try await daqd.request("GET", "/api/v1/devices/\(name)")
            #expect(device.status == 200)
            #expect(device.object["state"] as? String == "unavailable", "\(name)")
        }
        let failed = try await daqd.request("GET", "/api/v1/devices/failed")
        #expect((failed.object["message"] as? String)?.contains("P404") == true)
        #expect(try await daqd.stop() == 0)
        #expect(daqd.printed.contains("daqd: plugin refused  DAQD-P404  component could not be made"))
        #expect(daqd.printed.contains("effect   device failed is unavailable"))
        try expectTexts(daqd.printed)
    }

    private func expectTexts(_ printed: String) throws {
        // The refusals stand before everything that carries a time.
        let refusals = printed.split(separator: "\n", omittingEmptySubsequences: false).prefix {
            $0.hasPrefix("daqd: ") || $0.hasPrefix("  ")
        }
        let host = HostIdentity.current
        try Golden.expect(
            refusals.joined(separator: "\n"), HostIdentity.current.isDebug ? "daemon" : "daemon-release",
            [
                (workshop.directory, "{dir}"), (Workshop.kernelDirectory, "{build}"),
                (PluginSearchPath.parent(of: Workshop.kernelDirectory), "{above}"), (host.summary, "{daqd}"),
                (CompilerText.long(host.swiftCompiler, host.compiler), "{compiler and commit}"),
                (CompilerText(host.swiftCompiler, host.compiler).description, "{compiler}"),
                (PluginRefusalTexts.buildID(of: Workshop.kernelDirectory + "/libProbePlugin.so"), "{build-id}"),
            ])
    }

    @Test("a refused plugin that is required ends the start with status 78, and --check says the same")
    func required() throws {
        try workshop.write(
            "site: {name: x, state: ./state, data: ./data}\nplugins: [{file: Absent, required: true}]\n", to: "a.conf")
        for arguments in [["--config", workshop.path("a.conf")], ["--config", workshop.path("a.conf"), "--check"]] {
            let (text, status) = try DaemonProcess.run(program, arguments)
            #expect(status == 78)
            #expect(text.contains("daqd: plugin refused  DAQD-P001  file not found\n"))
            #expect(text.contains("daqd ends with status 78, because the plugin's entry says `required: true`"))
        }
    }

    @Test("daqd plugins lists what each registers")
    func table() throws {
        try workshop.write(
            "site: {name: x, state: ./state, data: ./data}\nplugins: [ProbePlugin, Absent]\n", to: "a.conf")
        let (text, status) = try DaemonProcess.run(program, ["plugins", "--config", workshop.path("a.conf")])
        #expect(status == 0)
        let lines = text.split(separator: "\n").map { $0.split(separator: " ", omittingEmptySubsequences: true) }
        #expect(lines[0] == ["PLUGIN", "VERSION", "ABI", "REGISTERS", "FILE"])
        let library = Workshop.kernelDirectory + "/libProbePlugin.so"
        #expect(lines[1] == ["probe", "0.1.0", "\(HostIdentity.current.kernelABI)", "device", "probe", "\(library)"])
        #expect(lines[2].prefix(4) == ["Absent", "-", "-", "refused:"])
    }
}

/// Parts of texts that differ from build to build.
private enum PluginRefusalTexts {
    static func buildID(of path: String) -> String {
        guard let file = try? PluginFile(opening: path), let image = try? ELFImage(file),
            let buildID = try? image.buildID()
        else { return "?" }
        return String(buildID.prefix(8))
    }
}
