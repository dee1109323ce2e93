// Part of daqd
// SPDX-License-Identifier: MIT

/// Which parameters of a device are saved when they are written and restored at a restart.
public struct AutosaveChoice: Sendable, Equatable {
    /// Stands for the parameters that the device marks.
    public static let marked = "marked"

    /// Paths with `*` for any characters and `?` for one; ``marked`` among them.
    public var patterns: [String]

    /// A choice from the words of the configuration.
    public init(_ patterns: [String]) { self.patterns = patterns }

    /// Whether a parameter of a path is chosen.
    public func includes(_ path: String, isMarked: Bool) -> Bool {
        patterns.contains { $0 == Self.marked ? isMarked : WildcardPattern.matches(path, $0) }
    }
}
