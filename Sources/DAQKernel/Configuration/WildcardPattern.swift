// Part of daqd
// SPDX-License-Identifier: MIT

/// Names with `*` for any characters, none among them, and `?` for one byte of UTF-8.
public enum WildcardPattern {
    /// Whether a whole name fits; takes at most the product of both lengths in steps, whatever the pattern.
    public static func matches(_ name: String, _ pattern: String) -> Bool {
        let (name, pattern) = (Array(name.utf8), Array(pattern.utf8))
        var (position, index) = (0, 0)
        var (star, resume) = (-1, 0)
        while position < name.count {
            if index < pattern.count, pattern[index] == UInt8(ascii: "*") {
                (star, resume) = (index, position)
                index += 1
            } else if index < pattern.count, pattern[index] == name[position] || pattern[index] == UInt8(ascii: "?") {
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
