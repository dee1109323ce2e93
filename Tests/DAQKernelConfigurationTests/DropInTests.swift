// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Foundation
import Testing

@Suite("Drop-in files")
struct DropInTests {
    /// Writes a main file and drop-ins to a directory of their own, and hands over the main file's path.
    private func withSite(_ main: String, _ dropIns: [String: String], _ body: (String) throws -> Void) throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "daqd-conf-\(UUID().uuidString)")
        let folder = directory.appending(path: "plugins.conf.d")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        try Data(main.utf8).write(to: directory.appending(path: "plugins.conf"))
        for (name, text) in dropIns { try Data(text.utf8).write(to: folder.appending(path: name)) }
        try body(directory.appending(path: "plugins.conf").path)
    }

    static let main = """
        plugins: [CameraPlugin, {file: WebFrontend}]
        devices:
          camera1: {type: camera, host: a, labels: {place: hutch, owner: me}, tags: [x, y]}
        """

    @Test("components are added, single keys overridden, in the order of the names") func merge() throws {
        let dropIns = [
            "20-last.conf": "devices: {camera1: {port: 3, labels: {owner: you}, tags: [z]}}",
            "10-first.conf": "devices: {camera1: {port: 2}, camera2: {type: camera, host: b, data: ./here}}",
            "plugins.conf": "plugins: [{file: WebFrontend, required: true}, ShutterPlugin]",
            "notes.txt": "no: [yaml", ".hidden.conf": "no: [yaml",
        ]
        try withSite(Self.main, dropIns) { path in
            let site = try ConfigurationDraft.read(path).resolve(TestCatalog.all)
            #expect(site.devices.map(\.name) == ["camera1", "camera2"])
            let settings = site.devices[0].settings
            #expect(try settings["host"] == "a")
            #expect(try settings["port"] == 3)
            #expect(try settings["labels"] == ["place": "hutch", "owner": "you"])
            #expect(try settings["tags"] == ["z"])
            #expect(site.plugins.map(\.file) == ["CameraPlugin", "WebFrontend", "ShutterPlugin"])
            #expect(site.plugins.map(\.required) == [false, true, false])
            #expect(
                site.files.map { URL(filePath: $0).lastPathComponent }
                    == ["plugins.conf", "10-first.conf", "20-last.conf", "plugins.conf"])
            #expect(site.devices[1].dataDirectory == path + ".d/here", "a path starts at the file that names it")
            #expect(settings.place("port")?.file == path + ".d/20-last.conf")
        }
    }

    @Test("each message names the file its value came from") func messages() throws {
        let dropIns = [
            "a.conf": "devices: {camera1: {port: none}}\n", "b.conf": "devices:\n  camera1: {prot: 1}\n",
            "c.conf": "devices: {camera3: {type: camera}}",
        ]
        try withSite(Self.main + "\n  camera4: {type: camera}", dropIns) { path in
            let error = try TestCatalog.complaint { try ConfigurationDraft.read(path).resolve(TestCatalog.all) }
            let lines = error.split(separator: "\n").map { $0.replacing(path, with: "") }
            #expect(lines.count == 4)
            #expect(lines.contains { $0.hasPrefix(":4:3: devices.camera4 needs host") })
            #expect(lines.contains { $0.hasPrefix(".d/a.conf:1:27: devices.camera1.port must be") }, "\(lines)")
            #expect(lines.contains { $0.hasPrefix(".d/b.conf:2:13: devices.camera1: prot is not") })
            #expect(lines.contains { $0.hasPrefix(".d/c.conf:1:11: devices.camera3 needs host") })
        }
    }

    @Test("every file that is not YAML is named") func syntax() throws {
        try withSite("a: [", ["a.conf": "b: {", "b.conf": "site: {}", "c.conf": "\u{0}"]) { path in
            let error = try #require(throws: ConfigurationError.self) { try ConfigurationDraft.read(path) }
            let files = error.diagnostics.compactMap { $0.place?.file.replacing(path, with: "") }
            #expect(files == ["", ".d/a.conf", ".d/c.conf"])
        }
    }

    @Test("a file that is absent, or a directory, is named with the reason") func unreadable() throws {
        let absent = try TestCatalog.complaint {
            try ConfigurationDraft.read("/nonexistent/plugins.conf")
        }
        let expected = "/nonexistent/plugins.conf: the file cannot be opened: No such file or directory"
        #expect(absent == expected)
        let directory = try TestCatalog.complaint { try ConfigurationDraft.read("/") }
        #expect(directory == "/: the file cannot be read: Is a directory")
    }
}
