// Part of daqd
// SPDX-License-Identifier: MIT

internal import DAQKernel

/// The detector's keys together with the rules that tie them to each other; no clock, no lock, no socket.
struct DetectorConfiguration: Sendable {
    private(set) var store: KeyStore
    private let model: DetectorModel

    init(_ model: DetectorModel, _ firmware: APIVersion = .v18) {
        self.model = model
        store = KeyStore(Subsystem.detector.configuration(of: model, firmware))
        followTiming()
    }

    /// Puts everything back to what the detector starts with.
    mutating func reset() {
        store.reset()
        followTiming()
    }

    /// Notes how many pixels the mask leaves out.
    mutating func setExcludedPixels(_ count: Int) {
        for key in store.keys.map(\.name) where key.hasSuffix("number_of_excluded_pixels") {
            store[key] = .integer(Int64(count))
        }
    }

    /// Notes when the series was armed.
    mutating func setCollectionDate(_ date: String) { store["data_collection_date"] = .string(date) }

    /// Sets one key and what follows from it.
    ///
    /// - Returns: The names that changed or may have changed, as the reply lists them.
    mutating func put(_ value: JSON, to name: String) throws(Refusal) -> [String] {
        let value = try store.checked(value, for: name)
        try checkRules(name, value)
        store[name] = value
        guard let coupling = Coupling(of: name) else { return [name] }
        follow(coupling, from: name)
        return coupling.changes(after: name, thresholds: model.thresholds)
    }

    /// Rules that look at more than one key.
    private func checkRules(_ name: String, _ value: JSON) throws(Refusal) {
        switch name {
        case "trigger_mode":
            guard let mode = value.string.flatMap(TriggerMode.init), mode.takesOneImagePerTrigger,
                store.count("nimages") != 1
            else { return }
            throw .forbidden("Parameter trigger_mode: nimages must be 1 for mode \(mode.rawValue)")
        case "nimages":
            guard let mode = TriggerMode(rawValue: store.text("trigger_mode")), mode.takesOneImagePerTrigger,
                value.integer != 1
            else { return }
            throw .badValue("Parameter nimages: must be 1 in trigger_mode \(mode.rawValue)")
        case let name where Coupling(of: name) == .furtherThreshold:
            let below =
                "threshold/\((name.split(separator: "/").dropFirst().first.flatMap { Int($0) } ?? 2) - 1)/energy"
            guard let energy = value.double, energy <= store.number(below) else { return }
            throw .badValue("Parameter \(name): must be above \(below)")
        case "threshold/difference/mode":
            let all = (1...model.thresholds).allSatisfy { store.text("threshold/\($0)/mode") == "enabled" }
            guard value.string == "enabled", !all else { return }
            throw .forbidden("Parameter threshold/difference/mode: all thresholds must be enabled first")
        default: return
        }
    }

    private mutating func follow(_ coupling: Coupling, from name: String) {
        switch coupling {
        case .energy: followEnergy(from: name)
        case .firstThreshold:
            let energy = store[name]
            store["threshold_energy"] = energy
            store["threshold/1/energy"] = energy
        case .furtherThreshold: break
        case .countTime:
            let least = store.number("count_time") + store.number("detector_readout_time")
            if least > store.number("frame_time") { store.clamp("frame_time", least) }
            followTiming()
        case .frameTime:
            let most = store.number("frame_time") - store.number("detector_readout_time")
            if store.number("count_time") > most { store.clamp("count_time", most) }
            followTiming()
        case .roi:
            for key in ["count_time", "frame_time"] { store[key] = store.key(key)?.initial ?? .null }
            followTiming()
        case .autoSummation: followTiming()
        case .geometry: followGeometry(from: name)
        case .thresholdMode:
            store["threshold/difference/mode"] = "disabled"
        case .differenceMode: break
        }
    }

    private mutating func followEnergy(from name: String) {
        let energy: Double
        switch name {
        case "element": energy = ElementTable.energy(of: store.text("element")) ?? store.number("photon_energy")
        case "wavelength": energy = ElementTable.electronVoltAngstrom / store.number("wavelength")
        default: energy = store.number(name)
        }
        if name != "element" { store["element"] = "" }
        store.clamp("photon_energy", energy)
        store.clamp("incident_energy", energy)
        if name != "wavelength" { store.clamp("wavelength", ElementTable.electronVoltAngstrom / energy) }
        for number in 1...model.thresholds {
            store.clamp("threshold/\(number)/energy", energy * DetectorKeys.thresholdPart(number))
        }
        store["threshold_energy"] = store["threshold/1/energy"]
    }

    /// The bit depths follow from the times, as does the length of one readout.
    private mutating func followTiming() {
        let frame = store.number("frame_time")
        let count = store.number("count_time")
        let isFast = model.shortestFrameSeconds8Bit < model.shortestFrameSeconds && frame < model.shortestFrameSeconds
        let sums = store.isOn("auto_summation") && count > DetectorKeys.longestSubframeSeconds
        store["bit_depth_readout"] = isFast ? 8 : .integer(model.family.readoutBits)
        store["bit_depth_image"] = isFast ? 8 : sums ? 32 : 16
        let parts = sums ? (count / DetectorKeys.longestSubframeSeconds).rounded(.up) : 1
        store["frame_count_time"] = .number(count / max(parts, 1))
    }

    /// Beam centre and distance against the detector's translation, for the present orientation.
    private mutating func followGeometry(from name: String) {
        let rotation = store.numbers("detector_orientation")
        guard rotation.count == 6 else { return }
        let (r00, r10, r20) = (rotation[0], rotation[1], rotation[2])
        let (r01, r11, r21) = (rotation[3], rotation[4], rotation[5])
        let pixel = (store.number("x_pixel_size"), store.number("y_pixel_size"))
        guard name.hasPrefix("detector_translation") || name.hasPrefix("detector_orientation") else {
            let c0 = store.number("beam_center_x") * pixel.0
            let c1 = store.number("beam_center_y") * pixel.1
            let translation = [
                -r00 * c0 - r01 * c1, -r10 * c0 - r11 * c1,
                store.number("detector_distance") - r20 * c0 - r21 * c1,
            ]
            store["detector_translation"] = .array(translation.map(JSON.number))
            return
        }
        let translation = store.numbers("detector_translation")
        let determinant = r00 * r11 - r01 * r10
        guard translation.count == 3, determinant != 0 else { return }
        let c0 = (r01 * translation[1] - r11 * translation[0]) / determinant
        let c1 = (r10 * translation[0] - r00 * translation[1]) / determinant
        store["beam_center_x"] = .number(c0 / pixel.0)
        store["beam_center_y"] = .number(c1 / pixel.1)
        store["detector_distance"] = .number(translation[2] + r20 * c0 + r21 * c1)
    }
}
