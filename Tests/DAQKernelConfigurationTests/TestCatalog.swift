// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Testing

/// A catalog with every kind of setting, for the fixtures.
enum TestCatalog {
    enum Gain: String, CaseIterable, SettingConvertible { case low, high }

    static let camera = ComponentType(
        .device, "camera", summary: "A camera of the tests",
        settings: [
            .string("host", "Controller address"),
            .integer("port", "Controller port", default: 5000, in: 1...65535),
            .duration("exposure", "Exposure", default: .milliseconds(100), in: .milliseconds(1) ... .seconds(3600)),
            .number("energy", "Photon energy", unit: "eV", default: 8000, in: 1000...100_000),
            .choice("gain", "Amplifier gain", of: Gain.self, default: .low),
            .bool("verbose", "Whether it talks", default: false),
            .dictionary("labels", "Labels of the site", of: .string),
            .map(
                "limits", "Alarm limits",
                [.integer("low", "Low", default: 0), .integer("high", "High", unit: "counts", default: 10, in: 5...)]),
            .secret("token", "Access token").optional,
            .list("tags", "Tags", of: .string, default: []),
        ])

    static let types: [ComponentType] = [
        camera,
        ComponentType(
            .simulator, "camera-sim", summary: "Plays the camera", settings: [.integer("port", "Port", in: 0...65535)]),
        ComponentType(
            .frontend, "web", summary: "Pages",
            settings: [
                .integer("port", "Port", default: 8080, in: 0...65535), .devices("devices", "Devices to show"),
                .device("main", "The device of the first page").optional,
            ]),
        ComponentType(
            .frontend, "names", summary: "Names",
            settings: [.deviceMap("prefixes", "Prefix per device", [.string("prefix", "Prefix")])]),
        ComponentType(.postOperation, "verify", summary: "Checks files", settings: []),
        ComponentType(
            .postOperation, "copy", summary: "Copies files", settings: [.path("to", "Directory to copy to")]),
    ]

    static let all = ComponentCatalog(types)
    static let refused = ComponentCatalog([], refusedPlugins: ["CameraPlugin"])

    static let environment = Environment([
        "CAMERA_TOKEN": "s3cret-t0ken", "CAMERA_HOST": "camera.example", "SECRET_TOKEN": "s3cret-t0ken",
    ])

    /// Decodes a text as the main file `plugins.conf` of the directory `/site`.
    static func resolve(
        _ text: String, catalog: ComponentCatalog = all, environment: Environment = environment
    ) throws -> SiteConfiguration {
        let document = try ConfigurationDocument.parse(
            Array(text.utf8), file: "/site/plugins.conf", environment: environment)
        return try ConfigurationDraft(document, environment: environment).resolve(catalog)
    }

    /// What the `ConfigurationError` says that the body must throw.
    static func complaint<Result>(_ body: () throws -> Result) throws -> String {
        "\(try #require(throws: ConfigurationError.self) { _ = try body() })"
    }

    /// What is wrong with a text, one line each.
    static func errors(_ text: String, catalog: ComponentCatalog = all) -> [String] {
        do {
            _ = try resolve(text, catalog: catalog)
            return []
        } catch let error as ConfigurationError {
            return error.diagnostics.map { "\($0)".replacing("/site/plugins.conf", with: "") }
        } catch {
            return ["\(error)"]
        }
    }
}
