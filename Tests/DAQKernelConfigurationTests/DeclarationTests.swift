// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Testing

@Suite("Declared settings")
struct DeclarationTests {
    @Test("a sound declaration has no problem") func sound() {
        for type in TestCatalog.types { #expect(type.kind.problems(in: type.settings).isEmpty) }
    }

    @Test("what cannot be given is found when the factory is added") func problems() {
        let settings: [Setting] = [
            .string("Host", "x"), .integer("port", "x", default: 0, in: 1...2), .integer("port", "x"),
            .choice("mode", "x", [], default: "a"), .bool("autosave", "x"), .string("type", "x"),
            .map("nested", "x", [.string("bad-name", "x")]), .list("items", "x", of: .integer, default: ["a"]),
        ]
        #expect(
            ComponentKind.device.problems(in: settings) == [
                "the setting autosave is reserved for every device",
                "the setting type is reserved for every device",
                "the setting name Host is not snake_case",
                "the default of port is 0, not a whole number from 1 to 2",
                "the setting port is declared twice",
                "the default of mode is a, not one of ",
                "in mode: there is no choice",
                "in nested: the setting name bad-name is not snake_case",
                "the default of items is [a], not a list, each a whole number",
            ])
    }

    @Test(
        "durations",
        arguments: [
            ("5", Duration.seconds(5)), ("0.5", .milliseconds(500)), ("5 s", .seconds(5)),
            ("500ms", .milliseconds(500)),
            ("1 min 30 s", .seconds(90)), ("1h30m", .seconds(5400)), ("2 us", .microseconds(2)),
            ("2 µs", .microseconds(2)),
            ("7 ns", .nanoseconds(7)), ("1 d", .seconds(86400)), ("0", .zero), ("1e1", .seconds(10)),
        ])
    func durations(text: String, expected: Duration) throws {
        let setting = Setting.duration("wait", "Wait")
        #expect(try decode(text, setting) == .duration(expected))
    }

    @Test(
        "what is no duration",
        arguments: ["5 parsec", "-1", "s", "5 s s", "''", "1e20", ".inf", ".nan", "0x10", "5 s,", "1..5 s"])
    func noDurations(text: String) {
        #expect(throws: ConfigurationError.self) { try decode(text, .duration("wait", "Wait")) }
    }

    @Test(
        "numbers in a unit",
        arguments: [
            ("12.4 keV", 12400.0), ("8000", 8000), ("8000 eV", 8000), ("5 meV", 0.005), ("1e3eV", 1000), ("-2", -2),
        ])
    func numbers(text: String, expected: Double) throws {
        #expect(try decode(text, .number("energy", "Energy", unit: "eV")) == .number(expected))
    }

    @Test("what is no number", arguments: ["5 s", "5 xeV", "eV", "'5'", "1_000", ".nan", ".inf", "5 5 eV", "true"])
    func noNumbers(text: String) {
        #expect(throws: ConfigurationError.self) { try decode(text, .number("energy", "Energy", unit: "eV")) }
    }

    @Test(
        "what is no whole number", arguments: ["5.0", "'5'", "1e3", "9223372036854775808", "0x", "0x-5", "- 5", "5 "])
    func noIntegers(text: String) throws {
        if text == "5 " {
            return #expect(try decode(text, .integer("n", "N")) == .integer(5), "YAML trims a plain text")
        }
        #expect(throws: ConfigurationError.self) { try decode(text, .integer("n", "N")) }
    }

    @Test("least values") func leastValues() {
        #expect(throws: ConfigurationError.self) { try decode("-1", .integer("n", "N", in: 0...)) }
        #expect(throws: ConfigurationError.self) { try decode("0.5", .number("n", "N", in: 1.0...)) }
        #expect(throws: ConfigurationError.self) {
            try decode("5 s", .duration("n", "N", in: .seconds(6) ... .seconds(7)))
        }
    }

    private func decode(_ text: String, _ setting: Setting) throws -> SettingValue? {
        let type = ComponentType(.frontend, "one", summary: "One setting", settings: [setting])
        let site = try TestCatalog.resolve(
            "frontends:\n  a:\n    type: one\n    \(setting.name): \(text)\n", catalog: ComponentCatalog([type]))
        return site.frontends[0].settings.value(setting.name)
    }

    @Test("components of a refused plugin stay nameable, with the reason") func refusedPlugin() throws {
        let text = """
            devices: {camera1: {type: camera, host: a, anything: 1, post_operations: [verify], stop_timeout: 5 s}}
            frontends: {web: {type: web, devices: [camera1]}}
            post_operations: {disk: {type: copy}}
            """
        let site = try TestCatalog.resolve(text, catalog: TestCatalog.refused)
        let camera = try #require(site.component(.device, "camera1"))
        #expect(camera.unavailable == "no loaded plugin brings the device type camera; refused were CameraPlugin")
        #expect(camera.stopTimeout == .seconds(5))
        #expect(site.components.count == 3)
        #expect(site.warnings.count == 4)
        #expect(site.warnings.allSatisfy { $0.severity == .warning })
        let wrong = "devices: {camera1: {type: camera, stop_timeout: x}}"
        #expect(throws: ConfigurationError.self) { try TestCatalog.resolve(wrong, catalog: TestCatalog.refused) }
    }
}

@Suite("Settings from a text, for the tests of plugins")
struct SettingsParsingTests {
    @Test("defaults are filled in, errors are all reported") func parsing() throws {
        let settings = try Settings(parsing: "{host: a, gain: high}", as: TestCatalog.camera.settings)
        #expect(try settings["host"] == "a")
        #expect(try settings["port"] == 5000)
        #expect(try settings["gain"] == TestCatalog.Gain.high)
        let complaint = try TestCatalog.complaint {
            try Settings(parsing: "{prot: 1}", as: TestCatalog.camera.settings)
        }
        #expect(
            complaint == """
                settings:1:1: settings needs host: Controller address, a text
                settings:1:2: settings: prot is not a setting; did you mean port?
                """)
        #expect(try Settings(parsing: "", as: [.bool("on", "On", default: true)])["on"] == true)
        #expect(throws: ConfigurationError.self) { try Settings(parsing: "{a: [", as: []) }
        #expect(throws: ConfigurationError.self) { try Settings(parsing: "- a", as: []) }
    }
}

@Suite("The catalog of a registry")
struct CatalogTests {
    struct Nothing: Error {}

    @Test("holds what was registered, with its settings") func catalog() {
        let registry = Registry()
        registry.add(
            DeviceFactory("camera", summary: "A camera", settings: TestCatalog.camera.settings) { _, _ in
                throw Nothing()
            })
        registry.add(FrontendFactory("web", summary: "Pages") { _, _ in throw Nothing() })
        let catalog = registry.catalog(refusedPlugins: ["Other"])
        #expect(catalog.types(.device).map(\.name) == ["camera"])
        #expect(catalog.type(.device, "camera")?.settings.count == TestCatalog.camera.settings.count)
        #expect(catalog.type(.frontend, "web")?.summary == "Pages")
        #expect(catalog.types(.simulator).isEmpty)
        #expect(catalog.refusedPlugins == ["Other"])
    }

    @Test("settings of a frontend that do not go together are told with their place, among all else that is wrong")
    func judged() throws {
        let registry = Registry()
        let settings: [Setting] = [.integer("low", "", default: 0), .integer("high", "", default: 9)]
        registry.add(
            FrontendFactory("web", summary: "Pages", settings: settings) { _, _ in throw Nothing() }
                .judging { settings, site, devices in
                    let (low, high): (Int, Int) = (try settings["low"], try settings["high"])
                    if low > high { throw settings.error("is above high at \(site)", at: "low") }
                    if low == high { throw Nothing() }
                    if low == 5 { throw settings.error("knows \(devices)", at: "low") }
                })
        func errors(_ text: String) -> [String] {
            TestCatalog.errors(
                "site: {name: lab}\nfrontends:\n  w:\n    type: web\n" + text, catalog: registry.catalog())
        }
        #expect(errors("    low: 3\n") == [])
        #expect(
            errors("    low: 10\n  v: {type: wep}\n").map { $0.contains("frontends.w.low is above high at lab") } == [
                true, false,
            ])
        #expect(errors("    low: 9\n").first?.contains("frontends.w cannot be used: Nothing()") == true)
        // Also devices that cannot be made.
        #expect(
            errors("    low: 5\ndevices: {b: {type: x}, a: {type: x}}\n").contains { $0.contains(#"knows ["b", "a"]"#) }
        )
        // Nothing is judged that could not be decoded.
        #expect(errors("    low: ten\n").count == 1)
    }
}
