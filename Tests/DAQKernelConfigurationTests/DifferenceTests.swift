// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Testing

@Suite("The difference that a reload applies")
struct DifferenceTests {
    static let old = """
        site: {name: a}
        plugins: [CameraPlugin]
        devices:
          keep: {type: camera, host: a, port: 1, token: "${CAMERA_TOKEN}"}
          change: {type: camera, host: a}
          common: {type: camera, host: a}
          gone: {type: camera, host: a}
        frontends: {web: {type: web}}
        """

    @Test("places, order and defaults that are written out change nothing") func same() throws {
        let rewritten = """
            # A comment moves every line.
            frontends:
              web: {type: web, port: 8080}
            devices:
              gone: {host: a, type: camera}
              common: {host: a, type: camera, stop_timeout: 30 s}
              change: {type: camera, host: a}
              keep: {token: {env: CAMERA_TOKEN}, port: 0x1, host: 'a', type: camera}
            plugins: [CameraPlugin]
            site: {name: a}
            """
        let difference = ConfigurationDifference(
            from: try TestCatalog.resolve(Self.old), to: try TestCatalog.resolve(rewritten))
        #expect(difference.isEmpty)
        #expect(difference.untouched.count == 5)
    }

    @Test("what was added, removed and changed") func changes() throws {
        let new = """
            site: {name: b}
            plugins: [CameraPlugin, ShutterPlugin]
            logging: {level: debug}
            devices:
              keep: {type: camera, host: a, port: 1, token: "${CAMERA_TOKEN}"}
              change: {type: camera, host: b}
              common: {type: camera, host: a, post_operations: [verify]}
              new: {type: camera, host: a}
            frontends: {web: {type: web}}
            """
        let difference = ConfigurationDifference(
            from: try TestCatalog.resolve(Self.old), to: try TestCatalog.resolve(new))
        #expect(difference.added.map(\.description) == ["devices.new", "post_operations.verify"])
        #expect(difference.removed.map(\.description) == ["devices.gone"])
        #expect(difference.untouched.map(\.description) == ["devices.keep", "frontends.web"])
        #expect(difference.changed.map(\.identity.name) == ["change", "common"])
        #expect(difference.changed.map(\.needsRestart) == [true, false])
        #expect(difference.addedPlugins.map(\.file) == ["ShutterPlugin"])
        #expect(difference.loggingChanged)
        #expect(difference.restartSections == ["site"])
    }

    @Test("a changed secret is a change") func secret() throws {
        let text = "devices: {a: {type: camera, host: a, token: \"${T}\"}}"
        let old = try TestCatalog.resolve(text, environment: Environment(["T": "1"]))
        let new = try TestCatalog.resolve(text, environment: Environment(["T": "2"]))
        #expect(ConfigurationDifference(from: old, to: new).changed.count == 1)
    }
}
