// Part of daqd
// SPDX-License-Identifier: MIT

internal import DAQKernel

extension ControlUnit {
    /// The configuration keys of a subsystem with their present values.
    private func keys(_ subsystem: Subsystem) -> KeyStore {
        switch subsystem {
        case .detector: configuration.store
        case .filewriter: fileWriter
        case .monitor: monitor
        case .stream: stream
        case .system: KeyStore([])
        }
    }

    /// Refuses what the detector does not answer before it is initialized: everything but `state`.
    private func requireInitialized(_ what: String) throws(Refusal) {
        switch machine.state {
        case .na: throw .missing("Parameter \(what)")
        case .initialize: throw .missing("Parameter \(what) (the detector is being initialized)")
        case .idle, .configure, .ready, .acquire, .error: break
        }
    }

    // MARK: - Reading

    /// Answers `GET …/config/<name>`.
    func getConfiguration(_ subsystem: Subsystem, _ name: String) throws(Refusal) -> JSON {
        if subsystem == .detector { try requireInitialized(name) }
        let store = keys(subsystem)
        guard let key = store.key(name) else { throw .missing("Parameter \(name)") }
        return key.envelope(store[name])
    }

    /// Answers `GET …/config/keys`.
    func configurationKeys(_ subsystem: Subsystem) -> JSON {
        .array(keys(subsystem).listedNames.map(JSON.string) + arrayNames(subsystem).map(JSON.string))
    }

    /// Answers `GET …/status/keys`.
    func statusKeys(_ subsystem: Subsystem) -> JSON {
        .array(subsystem.status.filter(\.isListed).map { .string($0.name) })
    }

    /// Answers `GET …/status/<name>`.
    func getStatus(_ subsystem: Subsystem, _ name: String) throws(Refusal) -> JSON {
        guard let key = subsystem.status.first(where: { $0.name == name }) else {
            throw .missing("Parameter \(name)")
        }
        if subsystem == .detector, name != "state" { try requireInitialized(name) }
        return key.envelope(statusValue(subsystem, name), time: DateText.milliseconds())
    }

    private func statusValue(_ subsystem: Subsystem, _ name: String) -> JSON {
        switch (subsystem, name) {
        case (.detector, "state"): .string(machine.state.rawValue)
        case (.detector, "time"): .string(DateText.seconds())
        case (.detector, "error"): ""
        case (.detector, "temperature"), (.detector, "board_000/th0_temp"): .number(climate(around: 24.9, by: 0.2))
        case (.detector, "humidity"), (.detector, "board_000/th0_humidity"): .number(climate(around: 3.5, by: 0.1))
        case (.detector, "builder/dcu_buffer_free"):
            .number(100 * Double(freeBytes) / Double(max(1, store.limit)))
        case (.detector, "high_voltage/state"): "READY"
        case (.detector, "link_0"), (.detector, "link_1"): "up"
        case (.detector, "series_unique_id"): .string(lastSeriesID)
        case (.filewriter, "state"): .string(fileWriterState)
        case (.filewriter, "error"): .array(fileWriterErrors.map(JSON.string))
        case (.filewriter, "buffer_free"): .integer(Int64(freeBytes))
        case (.filewriter, "files"): .array(store.names.map(JSON.string))
        case (.monitor, "state"): "normal"
        case (.monitor, "buffer_fill_level"): .array([0, keys(.monitor)["buffer_size"]])
        case (.monitor, "buffer_free"): .integer(1 << 30)
        case (.stream, "state"): "disabled"
        case (.monitor, "dropped"), (.stream, "dropped"): 0
        case (_, "error"): .array([])
        default: .null
        }
    }

    /// A slowly moving reading, the same in every run of the same clock.
    private func climate(around mean: Double, by reach: Double) -> Double {
        let phase = (clock.now / .seconds(97)).truncatingRemainder(dividingBy: 2)
        return mean + reach * (abs(phase - 1) * 2 - 1)
    }

    /// The file names, as `GET /filewriter/api/<version>/files` lists them.
    func fileNames() -> JSON { .array(store.names.map(JSON.string)) }

    // MARK: - Writing

    /// Answers `PUT …/config/<name>`.
    func putConfiguration(_ subsystem: Subsystem, _ name: String, _ value: JSON) async throws -> JSON {
        if subsystem == .detector { try requireInitialized(name) }
        let changed = try put(subsystem, name, value)
        if subsystem == .detector, let coupling = Coupling(of: name), coupling.recomputesFlatfield {
            await wait(seconds: options.flatfieldSeconds)
        }
        return .array(changed.map(JSON.string))
    }

    /// Answers `PUT …/config` with several keys at once, in the order in which they stand.
    func putConfiguration(_ subsystem: Subsystem, _ members: [(String, JSON)]) async throws -> JSON {
        var changed: [String] = []
        for (name, member) in members {
            guard let value = member["value"] else {
                throw Refusal.badValue("Parameter \(name): expected an object with the member \"value\"")
            }
            if subsystem == .detector { try requireInitialized(name) }
            for name in try put(subsystem, name, value) where !changed.contains(name) { changed.append(name) }
        }
        return .array(changed.map(JSON.string))
    }

    private func put(_ subsystem: Subsystem, _ name: String, _ value: JSON) throws(Refusal) -> [String] {
        switch subsystem {
        case .detector:
            guard machine.state != .acquire, machine.state != .configure else {
                throw .forbidden("Parameter \(name) cannot be changed in state \(machine.state.rawValue)")
            }
            guard !arrayNames(.detector).contains(name) else {
                throw .forbidden("Parameter \(name): this simulator takes no custom arrays")
            }
            return try configuration.put(value, to: name)
        case .filewriter: return try putFileWriter(name, value)
        case .monitor: monitor[name] = try monitor.checked(value, for: name)
        case .stream: stream[name] = try stream.checked(value, for: name)
        case .system: throw .missing("Parameter \(name)")
        }
        return [name]
    }

    /// The mode takes effect only while the detector is idle; otherwise the reply lists nothing as changed.
    private func putFileWriter(_ name: String, _ value: JSON) throws(Refusal) -> [String] {
        let value = try fileWriter.checked(value, for: name)
        if name == "name_pattern", let problem = FilePlan.problem(of: value.string ?? "") {
            throw .badValue("Parameter name_pattern: \(problem)")
        }
        if name == "mode", machine.state == .ready || machine.state == .acquire || machine.state == .configure {
            return []
        }
        fileWriter[name] = value
        return [name]
    }

    // MARK: - Arrays

    /// Keys that hold an image-sized array.
    private func arrayNames(_ subsystem: Subsystem) -> [String] {
        guard subsystem == .detector else { return [] }
        return ["flatfield", "pixel_mask"]
            + (1...model.thresholds).flatMap { ["threshold/\($0)/flatfield", "threshold/\($0)/pixel_mask"] }
    }

    /// The elements of an array key, row by row: `<f4` or `<u4`; `nil` when the name is none.
    func array(_ subsystem: Subsystem, _ name: String) async throws(Refusal) -> (type: String, bytes: [UInt8])? {
        guard arrayNames(subsystem).contains(name) else { return nil }
        try requireInitialized(name)
        if name.hasSuffix("flatfield") {
            let ones = [Float](repeating: 1, count: model.pixels)
            return ("<f4", unsafe ones.withUnsafeBytes { unsafe [UInt8]($0) })
        }
        let mask = await framePattern().mask
        return ("<u4", unsafe mask.withUnsafeBytes { unsafe [UInt8]($0) })
    }
}
