// Part of daqd
// SPDX-License-Identifier: MIT

/// Matches names against patterns in which `*` stands for any text, slashes included.
enum Glob {
    /// Whether the whole name fits the pattern; linear in the length of both for each star.
    static func matches(_ pattern: [UInt8], _ name: [UInt8]) -> Bool {
        var (p, n) = (0, 0)
        var star: (pattern: Int, name: Int)?
        while n < name.count {
            if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
                star = (p + 1, n)
                p += 1
            } else if p < pattern.count, pattern[p] == name[n] {
                p += 1
                n += 1
            } else if let back = star {
                p = back.pattern
                n = back.name + 1
                star = (back.pattern, n)
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
