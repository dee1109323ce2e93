// Part of daqd
// SPDX-License-Identifier: MIT

import Foundation
import Testing

@testable import DAQKernel

/// A directory of its own in which a test compiles shared objects; removed at the end.
final class Workshop {
    /// The directory's canonical path.
    let directory: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "daqd-loading-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        directory = try #require(PluginSearchPath.canonical(url.path))
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    /// The path of `name` in the directory.
    func path(_ name: String) -> String { "\(directory)/\(name)" }

    /// Whether there is a file called `name`.
    func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

    /// Writes `text` to the file `name` and returns its path.
    @discardableResult
    func write(_ text: String, to name: String) throws -> String {
        try Data(text.utf8).write(to: URL(filePath: path(name)))
        return path(name)
    }

    /// Compiles `source` into the shared object `name` and returns its path.
    @discardableResult
    func sharedObject(_ name: String, from source: String, _ flags: [String] = []) throws -> String {
        let output = path(name)
        try Tool.run(
            "clang", ["-shared", "-fPIC", "-o", output, "-Wl,--no-as-needed", "-I", Self.header, source] + flags)
        chmod(output, 0o755)
        return output
    }

    /// Compiles the corpus' plugin, which needs this process' kernel; `defines` break it.
    @discardableResult
    func plugin(_ name: String = "libCorpus.so", _ defines: [String] = [], _ flags: [String] = []) throws -> String {
        try sharedObject(
            name, from: Self.corpus + "/plugin.c",
            ["-DWITNESS=\"\(path("witness"))\""] + defines.map { "-D\($0)" }
                + ["-L", Self.kernelDirectory, "-lDAQKernel", "-Wl,--build-id=0x0123456789abcdef"] + flags)
    }

    /// Copies `source` to the file `name` and returns its path.
    func copy(_ source: String, to name: String) throws -> String {
        try FileManager.default.copyItem(atPath: source, toPath: path(name))
        chmod(path(name), 0o755)
        return path(name)
    }

    /// Replaces the stamp in the file at `path`.
    func restamp(_ path: String, _ stamp: PluginStamp) throws {
        try restamp(path, bytes: stamp.encoded())
    }

    /// Replaces the stamp's bytes in the file at `path`.
    func restamp(_ path: String, bytes: [UInt8]) throws {
        let image = try ELFImage(PluginFile(opening: path))
        let section = try #require(image.section(named: ".daqd.plugin"))
        let handle = try FileHandle(forUpdating: URL(filePath: path))
        try handle.seek(toOffset: section.offset)
        try handle.write(contentsOf: bytes)
        try handle.close()
    }

    /// Whether code of a compiled plugin ran.
    var codeRan: Bool { has("witness") || has("witness.registered") }

    /// The repository's directory of tests.
    static let tests = PluginSearchPath.parent(of: PluginSearchPath.parent(of: #filePath))
    /// Sources of broken plugins.
    static let corpus = tests + "/Fixtures/BrokenPlugins"
    /// The directory with the stamp's header.
    static let header = PluginSearchPath.parent(of: tests) + "/Sources/DAQKernel/CLibraries/CDAQPlugin/include"
    /// Where this process' libDAQKernel.so is.
    static let kernelDirectory =
        LoadedImages.current().paths.first(where: LoadedImages.isKernel).map(PluginSearchPath.parent(of:)) ?? "."
}
