// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Testing

@testable import EigerSimulator

/// Keys, their limits and what moves with them.
@Suite("Detector configuration")
struct ConfigurationTests {
    private static let model = DetectorModel.all[0]

    @Test("key names are unique and initial values pass their own checks", arguments: Subsystem.allCases)
    func tables(subsystem: Subsystem) throws {
        let keys = subsystem.configuration(of: Self.model)
        #expect(Set(keys.map(\.name)).count == keys.count)
        let store = KeyStore(keys)
        for key in keys where key.access == .readWrite && key.initial != "" {
            _ = try store.checked(key.initial, for: key.name)
        }
        #expect(Set(subsystem.status.map(\.name)).count == subsystem.status.count)
    }

    @Test("every coupling starts from keys that exist and lists keys that exist or are known oddities")
    func couplings() throws {
        for name in ["eiger-4m", "eiger2-1m", "pilatus4-1m"] {
            let model = try #require(DetectorModel.named(name))
            let configuration = DetectorConfiguration(model)
            for coupling in Coupling.allCases {
                for key in coupling.keys where configuration.store.key(key) != nil {
                    for name in coupling.changes(after: key, thresholds: model.thresholds)
                    where !name.hasSuffix("flatfield") && name != "difference_mode" {
                        #expect(configuration.store.key(name) != nil, "\(name)")
                    }
                }
            }
        }
        let store = DetectorConfiguration(try #require(DetectorModel.named("pilatus4-1m"))).store
        #expect(Coupling.allCases.flatMap(\.keys).allSatisfy { store.key($0) != nil })
    }

    @Test("a count time above the frame time raises it; a frame time below lowers the count time")
    func times() throws {
        var configuration = DetectorConfiguration(Self.model)
        _ = try configuration.put(0.5, to: "frame_time")
        let changed = try configuration.put(2, to: "count_time")
        #expect(
            changed == [
                "bit_depth_image", "bit_depth_readout", "count_time", "countrate_correction_count_cutoff",
                "frame_count_time", "frame_time",
            ])
        #expect(abs(configuration.store.number("frame_time") - 2.0000001) < 1e-12)
        _ = try configuration.put(0.1, to: "frame_time")
        #expect(abs(configuration.store.number("count_time") - 0.0999999) < 1e-12)
    }

    @Test("the bit depth follows the times")
    func bitDepth() throws {
        var configuration = DetectorConfiguration(Self.model)
        _ = try configuration.put(1.0, to: "count_time")
        #expect(configuration.store.count("bit_depth_image") == 32)
        _ = try configuration.put(0.005, to: "frame_time")
        #expect(configuration.store.count("bit_depth_image") == 16)
        _ = try configuration.put(0.00025, to: "frame_time")
        #expect(configuration.store.count("bit_depth_image") == 8)
    }

    @Test("an energy moves wavelength, element and thresholds, whichever key it came by")
    func energy() throws {
        var configuration = DetectorConfiguration(Self.model)
        _ = try configuration.put(12398.419843320026, to: "photon_energy")
        #expect(abs(configuration.store.number("wavelength") - 1) < 1e-12)
        #expect(configuration.store.text("element") == "")
        #expect(abs(configuration.store.number("threshold_energy") - 6199.2099) < 1e-3)
        #expect(abs(configuration.store.number("threshold/2/energy") - 17357.7878) < 1e-3)
        _ = try configuration.put("Cu", to: "element")
        #expect(configuration.store.number("photon_energy") == 8047.78)
        _ = try configuration.put(1.0, to: "wavelength")
        #expect(abs(configuration.store.number("incident_energy") - 12398.419843) < 1e-5)
        _ = try configuration.put(5000, to: "threshold_energy")
        #expect(configuration.store.number("threshold/1/energy") == 5000)
    }

    @Test("beam centre, distance and translation stay consistent")
    func geometry() throws {
        var configuration = DetectorConfiguration(Self.model)
        _ = try configuration.put(100, to: "beam_center_x")
        _ = try configuration.put(200, to: "beam_center_y")
        _ = try configuration.put(0.3, to: "detector_distance")
        let translation = configuration.store.numbers("detector_translation")
        #expect(abs(translation[0] - 100 * 7.5e-5) < 1e-12)
        #expect(abs(translation[1] - 200 * 7.5e-5) < 1e-12)
        #expect(translation[2] == 0.3)
        _ = try configuration.put(.array([0.015, 0.0075, 0.5]), to: "detector_translation")
        #expect(abs(configuration.store.number("beam_center_x") - 200) < 1e-9)
        #expect(abs(configuration.store.number("beam_center_y") - 100) < 1e-9)
        #expect(configuration.store.number("detector_distance") == 0.5)
    }

    @Test(
        "values of the wrong type, range or choice are refused with a text that names the key",
        arguments: [
            ("count_time", JSON.string("1"), "must be of type float"), ("count_time", .number(-5), "out of range"),
            ("count_time", .number(1e9), "out of range"), ("count_time", .null, "must be of type float"),
            ("nimages", .number(1.5), "must be of type uint"), ("nimages", .integer(0), "out of range"),
            ("nimages", .integer(-1), "must be of type uint"), ("auto_summation", .integer(1), "must be of type bool"),
            ("trigger_mode", .string("bogus"), "is not one of: ints, inte, exts, exte, extg, eies"),
            ("trigger_mode", .array([]), "must be of type string"),
            ("x_pixels_in_detector", .integer(5), "is read-only"), ("nosuch", .integer(5), "does not exist"),
            ("detector_translation", .array([0, 0]), "must be of type float[]"),
            ("detector_translation", .array([0, 0, "x"]), "must be of type float[]"),
            ("threshold/2/energy", .number(3000), "must be above threshold/1/energy"),
            ("threshold/difference/mode", .string("enabled"), "all thresholds must be enabled first"),
            ("element", .string("Xx"), "is not one of"),
        ])
    func refusals(name: String, value: JSON, text: String) throws {
        var configuration = DetectorConfiguration(Self.model)
        let refusal = #expect(throws: Refusal.self) { _ = try configuration.put(value, to: name) }
        let shown = try #require(refusal)
        #expect(shown.text.contains(name))
        #expect(shown.text.contains(text), "\(shown.text)")
        #expect(shown.status == (name == "nosuch" ? 404 : 400))
        #expect(configuration.store[name] == DetectorConfiguration(Self.model).store[name])
    }

    @Test("one image per trigger is enforced in both orders")
    func oneImagePerTrigger() throws {
        var configuration = DetectorConfiguration(Self.model)
        _ = try configuration.put(5, to: "nimages")
        #expect(throws: Refusal.self) { _ = try configuration.put("inte", to: "trigger_mode") }
        _ = try configuration.put(1, to: "nimages")
        _ = try configuration.put("inte", to: "trigger_mode")
        #expect(throws: Refusal.self) { _ = try configuration.put(2, to: "nimages") }
    }

    @Test("an envelope has unit, limits, access and type; whole limits are whole")
    func envelope() throws {
        let store = DetectorConfiguration(Self.model).store
        let time = try #require(store.key("count_time")).envelope(0.5)
        #expect(
            time.text
                == #"{"access_mode":"rw","max":3600.0,"min":1e-07,"unit":"s","value":0.5,"value_type":"float"}"#)
        let images = try #require(store.key("nimages")).envelope(1)
        #expect(images.text == #"{"access_mode":"rw","max":2000000000,"min":1,"value":1,"value_type":"uint"}"#)
        let mode = try #require(store.key("trigger_mode")).envelope("ints")
        #expect(mode["allowed_values"] == .array(["ints", "inte", "exts", "exte", "extg", "eies"]))
    }

    @Test("status values alarm outside their limits")
    func statusAlarm() throws {
        let temperature = try #require(Subsystem.detector.status.first { $0.name == "temperature" })
        #expect(temperature.envelope(25.0, time: "")["state"] == "normal")
        #expect(temperature.envelope(40.0, time: "")["state"] == "critical")
        let state = try #require(Subsystem.detector.status.first { $0.name == "state" })
        #expect(state.envelope("na", time: "")["state"] == "critical")
        #expect(state.envelope("idle", time: "")["state"] == "normal")
    }
}
