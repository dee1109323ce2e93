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
        patterns.contains { $0 == Self.marked ? isMarked : Self.matches(Array(path.utf8), Array($0.utf8)) }
    }

    private static func matches(_ path: [UInt8], _ pattern: [UInt8]) -> Bool {
        var (position, index) = (0, 0)
        var (star, resume) = (-1, 0)
        while position < path.count {
            if index < pattern.count, pattern[index] == UInt8(ascii: "*") {
                (star, resume) = (index, position)
                index += 1
            } else if index < pattern.count, pattern[index] == path[position] || pattern[index] == UInt8(ascii: "?") {
                position += 1
                index += 1
            } else if star >= 0 {
                resume += 1
                (position, index) = (resume, star + 1)
            } else {
                return false
            }
        }
        return pattern[index...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
