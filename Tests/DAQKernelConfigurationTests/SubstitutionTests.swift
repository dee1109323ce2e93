// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Testing

@Suite("Values from the environment")
struct SubstitutionTests {
    static let environment = Environment(["NAME": "gamma", "EMPTY": "", "PORT": "81", "TRICK": "${NAME}: [x"])

    @Test(
        "forms",
        arguments: [
            ("${NAME}", "gamma"), ("a ${NAME} b", "a gamma b"), ("${NONE:-delta}", "delta"),
            ("${EMPTY:-delta}", "delta"),
            ("${NAME:-delta}", "gamma"), ("'${NONE:-}'", ""), ("$$", "$"), ("$${NAME}", "${NAME}"), ("$$$$", "$$"),
            ("5$", "5$"), ("$NAME", "$NAME"), ("$$$NAME", "$$NAME"), ("${TRICK}", "${NAME}: [x"),
            ("\"${NAME}\"", "gamma"),
            ("${NAME}${PORT}", "gamma81"), ("${NONE:-a:-b}", "a:-b"),
        ])
    func forms(text: String, expected: String) throws {
        let site = try TestCatalog.resolve("site:\n  name: \(text)", environment: Self.environment)
        #expect(site.site.name == expected)
    }

    @Test("a number may come from the environment, also in quotes", arguments: ["${PORT}", "'${PORT}'", "8${NONE:-1}"])
    func number(text: String) throws {
        let site = try TestCatalog.resolve(
            "frontends: {web: {type: web, port: \"\(text.filter { $0 != "'" })\"}}",
            environment: Self.environment)
        #expect(try site.frontends[0].settings["port"] == 81)
    }

    @Test("a wrong value from the environment is not printed")
    func wrong() throws {
        let error = try TestCatalog.complaint {
            try TestCatalog.resolve("frontends: {web: {type: web, port: \"${NAME}\"}}", environment: Self.environment)
        }
        let text = error
        #expect(text.contains("not what ${NAME} stands for"))
        #expect(!text.contains("gamma"))
    }

    @Test("keys are left alone") func keys() {
        #expect(TestCatalog.errors("${NAME}: 1").first?.contains("${NAME} is not a section") == true)
    }
}
