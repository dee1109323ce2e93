// Part of daqd
// SPDX-License-Identifier: MIT

import Foundation
import Testing

@testable import DAQKernel

/// Expected texts, each in a file of its own.
enum Golden {
    /// Compares `text` with the file `name`, after `replacements` put placeholders where a run differs from the next.
    ///
    /// With `DAQD_UPDATE_GOLDEN=1` in the environment the file is written instead.
    static func expect(
        _ text: String, _ name: String, _ replacements: [(String, String)],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let file = "\(Workshop.tests)/Fixtures/Refusals/\(name).txt"
        let stable = replacements.reduce(text) { $0.replacingOccurrences(of: $1.0, with: $1.1) } + "\n"
        if ProcessInfo.processInfo.environment["DAQD_UPDATE_GOLDEN"] == "1" {
            try Data(stable.utf8).write(to: URL(filePath: file))
        }
        let expected = try String(contentsOfFile: file, encoding: .utf8)
        #expect(stable == expected, "differs from \(name).txt", sourceLocation: sourceLocation)
    }
}
