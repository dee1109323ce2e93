// Part of daqd
// SPDX-License-Identifier: MIT

import Foundation

/// A program that a test runs.
enum Tool {
    /// Why a program did not do what the test needs.
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// Runs `name` from the search path and returns what it printed; a non-zero exit is an error.
    @discardableResult
    static func run(_ name: String, _ arguments: [String], environment: [String: String] = [:]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [name] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(description: "\(name) \(arguments.joined(separator: " ")) failed:\n\(text)")
        }
        return text
    }
}
