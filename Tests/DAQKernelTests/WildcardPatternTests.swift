// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Testing

@Suite("Patterns of names")
struct WildcardPatternTests {
    @Test(
        "what fits and what does not",
        arguments: [
            ("*", "", true), ("*", "abc", true), ("a*c", "abbc", true), ("a*c", "abcd", false), ("a?c", "abc", true),
            ("a?c", "ac", false), ("**a**", "bab", true), ("", "", true), ("", "a", false), ("abc", "abc", true),
        ])
    func patterns(pattern: String, name: String, fits: Bool) {
        #expect(WildcardPattern.matches(name, pattern) == fits)
    }

    @Test("a pattern of many stars takes no time") func stars() {
        let name = String(repeating: "a", count: 400)
        #expect(!WildcardPattern.matches(name, String(repeating: "a*", count: 200) + "b"))
    }
}
