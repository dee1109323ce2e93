// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Foundation
import Testing

@Suite("The values of a good file")
struct GoodSiteTests {
    let site: SiteConfiguration

    init() throws { site = try FixtureTests.read("site.conf", in: "good") }

    @Test("sections") func sections() {
        #expect(site.site.name == "beamline 7")
        #expect(site.site.data == FileManager.default.currentDirectoryPath + "/data")
        #expect(site.site.state == "/var/lib/daqd")
        #expect(site.logging.level == "info")
        #expect(site.logging.levels == ["camera1": "debug", "web": "trace"])
        #expect(site.logging.format == "json")
        #expect(site.pluginPath.first == "/opt/site/plugins")
        #expect(site.allowDebugPlugins)
        #expect(site.plugins.map(\.file) == ["CameraPlugin", "/opt/site/libShutter.so", "WebFrontend"])
        #expect(site.plugins.map(\.required) == [false, false, true])
        #expect(site.plugins[1].place?.line == 9)
    }

    @Test("a device's settings as Swift types") func device() throws {
        let camera = try #require(site.component(.device, "camera1"))
        let settings = camera.settings
        #expect(camera.type == "camera")
        #expect(try settings["host"] == "127.0.0.1")
        #expect(try settings["port"] as Int == 8910)
        #expect(try settings["port"] as UInt16 == 8910)
        #expect(try settings["exposure"] == Duration.milliseconds(20))
        #expect(try settings["energy"] == 12400.0)
        #expect(try settings["gain"] == TestCatalog.Gain.high)
        #expect(try settings["verbose"] == false)
        #expect(try settings["tags"] == ["a", "b c", "5"])
        #expect(try settings["labels"] == ["place": "hutch 2", "price": "$5"])
        #expect((try settings["token"] as Secret).reveal() == "s3cret-t0ken")
        let limits: Settings = try settings["limits"]
        #expect(try limits["low"] == -5)
        #expect(try limits["high"] == 16)
        #expect(camera.stopTimeout == .seconds(90))
        #expect(camera.postOperations == ["check", "verify", "to_disk"])
        #expect(settings.isGiven("port"))
        #expect(!settings.isGiven("verbose"))
        #expect(settings.place("port")?.line == 23)
    }

    @Test("defaults, merge keys and relative paths") func defaults() throws {
        let camera = try #require(site.component(.device, "camera2"))
        #expect(try camera.settings["host"] == "camera.example")
        #expect(try camera.settings["exposure"] == Duration.milliseconds(500))
        #expect(try camera.settings["port"] == 5000)
        #expect(try camera.settings["token"] as Secret? == nil)
        let limits: Settings = try camera.settings["limits"]
        #expect(try limits["high"] == 10)
        #expect(camera.stopTimeout == .seconds(30))
        #expect(camera.autosave == AutosaveChoice(["marked"]))
        #expect(camera.dataDirectory == FileManager.default.currentDirectoryPath + "/../camera2")
    }

    @Test("post-operations, also one that only a device names") func postOperations() throws {
        #expect(site.postOperations.map(\.name) == ["check", "to_disk", "verify"])
        let check = PostOperationRules(try #require(site.component(.postOperation, "check")))
        #expect(check.wait == true)
        #expect(check.retries == 0)
        let copy = PostOperationRules(try #require(site.component(.postOperation, "to_disk")))
        #expect(copy.onFailure == .continue)
        #expect(copy.timeout == .seconds(3600))
        #expect(copy.backoff == .seconds(2))
        #expect(copy.wait == nil)
        #expect(PostOperationRules(try #require(site.component(.postOperation, "verify"))) == PostOperationRules())
    }

    @Test("settings per device") func deviceMap() throws {
        let names = try #require(site.component(.frontend, "names"))
        let prefixes: [String: Settings] = try names.settings["prefixes"]
        #expect(try prefixes["camera2"]?["prefix"] == "CAM2:")
    }

    @Test("a wrong read names the setting and its place") func wrongRead() throws {
        let settings = try #require(site.component(.device, "camera1")).settings
        let error = try TestCatalog.complaint { let _: Int = try settings["host"] }
        let expected = "site.conf:22:11: devices.camera1.host is text where a whole number is needed"
        #expect(error == expected)
        let small = try TestCatalog.complaint { let _: UInt8 = try settings["port"] }
        #expect(small.hasSuffix("a whole number from 0 to 255 is needed"))
        let missing = try TestCatalog.complaint { let _: Int = try settings["prot"] }
        #expect(missing == "site.conf:20:3: devices.camera1.prot is missing")
        #expect("\(settings.error("is in use", at: "port"))" == "site.conf:23:11: devices.camera1.port is in use")
    }

    @Test("nothing prints a secret") func secrets() throws {
        let camera = try #require(site.component(.device, "camera1"))
        var dumped = ""
        dump(camera.settings, to: &dumped)
        let texts = [
            "\(camera.settings)", String(reflecting: camera.settings), dumped, site.snapshot.text, "\(camera)",
        ]
        for text in texts { #expect(!text.contains("s3cret-t0ken")) }
        #expect(site.snapshot["devices"]?["camera1"]?["token"]?.string == "(secret)")
        #expect(site.snapshot["devices"]?["camera1"]?["stop_timeout"]?.string == "90 s")
    }
}
