// Part of daqd
// SPDX-License-Identifier: MIT

import Foundation

/// Packages that are built as a site builds them: by a `swift build` of their own.
enum OutOfTreeBuild {
    /// Why a build did not work.
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// The repository.
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    /// Where such builds keep their files, so that the next run has little to do.
    static let directory = root.appending(path: ".build/out-of-tree")

    /// Suites run at the same time, compilers should not.
    private static let oneAtATime = NSLock()

    /// Builds the package at `package` in debug and returns the directory of its products.
    static func build(_ package: URL, scratch: String) async throws -> URL {
        try await withCheckedThrowingContinuation { continuation in
            // A thread of its own: the few that run tasks must stay free for the other tests.
            Thread.detachNewThread {
                continuation.resume(with: Result { try buildOnThisThread(package, scratch: scratch) })
            }
        }
    }

    private static func buildOnThisThread(_ package: URL, scratch: String) throws -> URL {
        oneAtATime.lock()
        defer { oneAtATime.unlock() }
        let scratchPath = directory.appending(path: scratch)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        // SwiftPM would go on with its old plan although a file was added to a package that this one depends on.
        try? FileManager.default.removeItem(at: scratchPath.appending(path: "debug.yaml"))
        let arguments = ["build", "--package-path", package.path, "--scratch-path", scratchPath.path, "-j", "2"]
        umask(0o022)  // daqd refuses plugins that others could have written
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["swift"] + arguments
        process.currentDirectoryURL = package
        let log = directory.appending(path: "\(scratch).log")
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        let output = try FileHandle(forWritingTo: log)
        process.standardOutput = output
        process.standardError = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let watchdog = DispatchWorkItem { process.terminate() }
        DispatchQueue.global().asyncAfter(deadline: .now() + 380, execute: watchdog)
        process.waitUntilExit()
        watchdog.cancel()
        guard process.terminationReason == .exit, process.terminationStatus == 0 else {
            let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
            throw Failure(description: "swift \(arguments.joined(separator: " ")) failed:\n\(text.suffix(4000))")
        }
        return scratchPath.appending(path: "debug")
    }

    /// Makes `target` a copy of `source`; what is equal keeps its date, so that little is built again.
    static func mirror(
        _ source: URL, to target: URL, changing change: (String, String) throws -> String = { _, text in text }
    ) throws {
        let manager = FileManager.default
        var kept: Set<String> = []
        for file in try files(below: source) {
            kept.insert(file)
            let text = try String(contentsOf: source.appending(path: file), encoding: .utf8)
            let changed = try change(file, text)
            let destination = target.appending(path: file)
            if let present = try? String(contentsOf: destination, encoding: .utf8), present == changed { continue }
            try manager.createDirectory(
                at: destination.deletingLastPathComponent(), withIntermediateDirectories: true)
            try changed.write(to: destination, atomically: true, encoding: .utf8)
        }
        for file in try files(below: target) where !kept.contains(file) {
            try manager.removeItem(at: target.appending(path: file))
        }
    }

    private static func files(below directory: URL) throws -> [String] {
        guard let walker = FileManager.default.enumerator(atPath: directory.path) else { return [] }
        var files: [String] = []
        for case let file as String in walker where !file.hasPrefix(".") {
            var isDirectory: ObjCBool = false
            _ = FileManager.default.fileExists(
                atPath: directory.appending(path: file).path, isDirectory: &isDirectory)
            if !isDirectory.boolValue { files.append(file) }
        }
        return files
    }
}
