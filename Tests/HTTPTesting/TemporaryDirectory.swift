// Part of daqd
// SPDX-License-Identifier: MIT

import Foundation

/// A directory of a test's own, removed with the last reference to it.
public final class TemporaryDirectory: Sendable {
    /// Where it is.
    public let url: URL

    /// Makes a new one.
    public init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "daqd-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    /// The path of a file within.
    public func path(_ name: String) -> String { url.appending(path: name).path }

    deinit { try? FileManager.default.removeItem(at: url) }
}
