// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Testing

@Suite("Hostile configuration files")
struct HostileTests {
    private func message(_ text: String) -> String {
        let errors = TestCatalog.errors(text)
        #expect(!errors.isEmpty)
        return errors.first ?? ""
    }

    @Test("aliases that multiply are stopped before they cost anything")
    func billionLaughs() {
        var text = "x-0: &x0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"
        for level in 1...12 {
            let aliases = Array(repeating: "*x\(level - 1)", count: 10).joined(separator: ", ")
            text += "x-\(level): &x\(level) [\(aliases)]\n"
        }
        #expect(message(text).contains("more than 100000 values, aliases followed"))
    }

    @Test("merge keys that multiply are stopped too")
    func mergeLaughs() {
        var text = "x-0: &x0 {a0: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]}\n"
        for level in 1...12 {
            text += "x-\(level): &x\(level) {a: *x\(level - 1), b: *x\(level - 1), c: *x\(level - 1), "
            text += "d: *x\(level - 1), e: *x\(level - 1)}\n"
        }
        #expect(message(text).contains("more than 100000 values, aliases followed"))
    }

    @Test("aliases that nest deeper with each line are stopped")
    func deepAliases() {
        var text = "x-0: &x0 [a]\n"
        for level in 1...200 { text += "x-\(level): &x\(level) [*x\(level - 1)]\n" }
        #expect(message(text).contains("nested deeper than 64 levels"))
    }

    @Test("deep nesting is refused", arguments: [("[", ""), ("{a: ", ""), ("- ", "\n")])
    func deepNesting(opening: String, end: String) {
        let text = "x-deep:\n  " + String(repeating: opening, count: 100_000) + end
        #expect(message(text).contains("nested deeper than 64 levels"))
    }

    @Test("a file of more than a megabyte is refused")
    func hugeFile() {
        let text = "site: {name: a}\n" + String(repeating: "# comment\n", count: 110_000)
        #expect(message(text) == ": the file is larger than 1048576 bytes; split it into drop-ins")
    }

    @Test("a text of more than 64 KiB is refused, in a value and in a key")
    func hugeScalar() {
        let long = String(repeating: "x", count: 70_000)
        #expect(message("site: {name: \(long)}") == ":1:14: this text is longer than 65536 bytes")
        let key = String(repeating: "k", count: 300)
        #expect(message("\(key): 1") == ":1:1: a key is longer than 256 bytes")
    }

    @Test("a text that grows by the environment is refused")
    func hugeSubstitution() throws {
        let environment = Environment(["LONG": String(repeating: "x", count: 40_000)])
        let error = try TestCatalog.complaint {
            try TestCatalog.resolve("site: {name: \"${LONG}${LONG}\"}", environment: environment)
        }
        #expect(error.contains("longer than 65536 bytes"))
    }

    @Test("many errors are reported up to a limit, the rest is counted")
    func manyErrors() {
        let devices = (0..<500).map { "  d\($0): {type: nothing}\n" }.joined()
        let errors = TestCatalog.errors("devices:\n\(devices)")
        #expect(errors.count == 101)
        #expect(errors.last == "400 more errors follow; mend these first")
    }

    @Test("control characters of a value do not reach a message")
    func controlCharacters() {
        let text = message("devices: {a: {type: \"x\\e[2J\\n\\0\"}}")
        #expect(text.allSatisfy { !$0.isNewline && $0 != "\u{1B}" && $0 != "\0" })
    }

    @Test(
        "a key may not be a list, a mapping or an alias",
        arguments: ["? [a]\n: b", "? {a: b}\n: c", "x-a: &a b\n*a : c"])
    func keys(text: String) {
        #expect(message(text).contains("a key must be a plain text"))
    }

    @Test("an empty key is unknown, not a crash")
    func emptyKey() {
        #expect(message("\"\": 1").contains("is not a section"))
    }

    @Test("a truncated file is an error or a shorter configuration, at each length")
    func truncations() throws {
        let whole = try FixtureText.goodSite()
        for length in stride(from: 0, to: whole.count, by: 7) { FixtureText.judge(Array(whole.prefix(length))) }
    }
}
