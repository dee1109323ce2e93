// Part of daqd
// SPDX-License-Identifier: MIT

/// Why a configuration, or a part of it, cannot be used.
public struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Everything that is wrong, in the order of the file.
    public var diagnostics: [Diagnostic]

    /// An error of one sentence, with its place where it has one.
    public init(_ message: String, at place: SourcePlace?) {
        self.init([.error(message, at: place)])
    }

    /// An error of one sentence that stands in no file.
    public init(_ message: String) {
        self.init([.error(message, at: nil)])
    }

    /// An error made of all that was found.
    public init(_ diagnostics: [Diagnostic]) {
        self.diagnostics = diagnostics.inReadingOrder()
    }

    /// One line per diagnostic.
    public var description: String { diagnostics.map(\.description).joined(separator: "\n") }
}
