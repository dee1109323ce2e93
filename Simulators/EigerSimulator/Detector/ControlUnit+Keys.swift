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
    func requireInitialized(_ what: String) throws(Refusal) {
        switch machine.state {
        case .na: throw .missing("Parameter \(what)")
        case .initialize: throw .missing("Parameter \(what) (the detector is being initialized)")
        case .idle, .configure, .ready, .acquire, .error: break
        }
    }

    /// Whether the unit has the key in that tree.
    private func has(_ subsystem: Subsystem, _ name: String, _ version: APIVersion) -> Bool {
        if name == "nexpi", quirks.contains(.noNexpi) { return false }
        return keys(subsystem).has(name, version)
    }

    // MARK: - Reading

    /// Answers `GET …/config/<name>`.
    func getConfiguration(
        _ subsystem: Subsystem, _ name: String, _ version: APIVersion = .v18
    ) throws(Refusal) -> JSON {
        if subsystem == .detector { try requireInitialized(name) }
        let store = keys(subsystem)
        guard has(subsystem, name, version), let key = store.key(name) else { throw .missing("Parameter \(name)") }
        return key.envelope(store[name], version, quirks)
    }

    /// Answers `GET …/config/keys`.
    func configurationKeys(_ subsystem: Subsystem, _ version: APIVersion = .v18) -> JSON {
        let names = keys(subsystem).listedNames(version).filter { has(subsystem, $0, version) }
        return .array((names + arrayNames(subsystem, version)).map(JSON.string))
    }

    /// Answers `GET …/status/keys`.
    func statusKeys(_ subsystem: Subsystem, _ version: APIVersion = .v18) -> JSON {
        let keys = subsystem.status.filter { $0.versions.contains(version) && ($0.isListed || version == .v16) }
        return .array(keys.map { .string($0.name) })
    }

    /// Answers `GET …/status/<name>`.
    func getStatus(_ subsystem: Subsystem, _ name: String, _ version: APIVersion = .v18) throws(Refusal) -> JSON {
        guard let key = subsystem.status.first(where: { $0.name == name && $0.versions.contains(version) }) else {
            throw .missing("Parameter \(name)")
        }
        if subsystem == .detector, name != "state" { try requireInitialized(name) }
        return key.envelope(statusValue(subsystem, name, version), time: DateText.milliseconds())
    }

    private func statusValue(_ subsystem: Subsystem, _ name: String, _ version: APIVersion) -> JSON {
        switch (subsystem, name) {
        case (.detector, _): detectorStatus(name, version)
        case (.filewriter, "state"): .string(fileWriterState)
        case (.filewriter, "error"): .array(fileWriterErrors.map(JSON.string))
        // Kilobytes in the first generation, bytes in the second.
        case (.filewriter, "buffer_free"): .integer(Int64(version == .v16 ? freeBytes / 1024 : freeBytes))
        case (.filewriter, "files"):
            store.names.isEmpty && quirks.contains(.nullFiles) ? .null : .array(store.names.map(JSON.string))
        case (.filewriter, "time"): .string(DateText.seconds())
        case (.monitor, _): monitorStatus(name)
        case (.stream, "state"): "disabled"
        case (.stream, "dropped"): 0
        default: .array([])
        }
    }

    private func detectorStatus(_ name: String, _ version: APIVersion) -> JSON {
        switch name {
        case "state": .string(machine.state.rawValue)
        case "time": .string(DateText.seconds())
        case "error": version == .v16 ? .array([]) : ""
        case "temperature", "board_000/th0_temp": .number(climate(around: RecordedUnit.temperature, by: 0.2))
        case "humidity", "board_000/th0_humidity": .number(climate(around: RecordedUnit.humidity, by: 0.1))
        case "builder/dcu_buffer_free": .number(100 * Double(freeBytes) / Double(max(1, store.limit)))
        case "high_voltage/state": "READY"
        case "link_0", "link_1", "link_2", "link_3": "up"
        case "series_unique_id": .string(lastSeriesID)
        default: .null
        }
    }

    /// A slowly moving reading, the same in every run of the same clock; the first generation reads it only when told to.
    private func climate(around mean: Double, by reach: Double) -> Double {
        guard let time = firmware == .v16 ? statusTime : clock.now else { return mean }
        let phase = (time / .seconds(97) + 0.5).truncatingRemainder(dividingBy: 2)
        return mean + reach * (abs(phase - 1) * 2 - 1)
    }

    /// The file names, as `GET /filewriter/api/<version>/files` lists them.
    func fileNames() -> JSON { .array(store.names.map(JSON.string)) }

    // MARK: - Writing

    /// Answers `PUT …/config/<name>`: the names that changed; energies and thresholds take their time.
    func putConfiguration(
        _ subsystem: Subsystem, _ name: String, _ value: JSON, _ version: APIVersion = .v18
    ) async throws -> JSON {
        if subsystem == .detector { try requireInitialized(name) }
        let changed = try put(subsystem, name, value, version)
        if subsystem == .detector, let coupling = Coupling(of: name), coupling.recomputesFlatfield {
            customArrays = customArrays.filter { !$0.key.hasSuffix("flatfield") }
            await wait(seconds: options.flatfieldSeconds)
        }
        if name == "photon_energy", !hasAnsweredEnergy {
            hasAnsweredEnergy = true
            if quirks.contains(.nullAfterInitialize) { return .null }
        }
        return .array(changed.map(JSON.string))
    }

    /// Answers `PUT …/config` with several keys at once, in the order in which they stand.
    func putConfiguration(
        _ subsystem: Subsystem, _ members: [(String, JSON)], _ version: APIVersion = .v18
    ) async throws -> JSON {
        var changed: [String] = []
        for (name, member) in members {
            guard let value = member["value"] else {
                throw Refusal.badValue("Parameter \(name): expected an object with the member \"value\"")
            }
            if subsystem == .detector { try requireInitialized(name) }
            for name in try put(subsystem, name, value, version) where !changed.contains(name) { changed.append(name) }
        }
        return .array(changed.map(JSON.string))
    }

    private func put(
        _ subsystem: Subsystem, _ name: String, _ value: JSON, _ version: APIVersion
    ) throws(Refusal) -> [String] {
        if subsystem == .detector, arrayNames(subsystem, version).contains(name) {
            try requireQuiet(name)
            return try putArray(name, value, version)
        }
        guard has(subsystem, name, version) else { throw .missing("Parameter \(name)") }
        switch subsystem {
        case .detector:
            try requireQuiet(name)
            return try configuration.put(value, to: name).filter { isAnswered($0, version) }
        case .filewriter: return try putFileWriter(name, value)
        case .monitor:
            let value = try monitor.checked(value, for: name)
            if name == "mode", isArmed { return [] }
            monitor[name] = value
        case .stream: stream[name] = try stream.checked(value, for: name)
        case .system: throw .missing("Parameter \(name)")
        }
        return [name]
    }

    /// Refuses changes of the detector while it is at work.
    private func requireQuiet(_ name: String) throws(Refusal) {
        guard machine.state != .acquire, machine.state != .configure else {
            throw .forbidden("Parameter \(name) cannot be changed in state \(machine.state.rawValue)")
        }
    }

    /// Whether a list of changed names has this one in that tree.
    private func isAnswered(_ name: String, _ version: APIVersion) -> Bool {
        if name == "difference_mode" { return quirks.contains(.differenceMode) }
        return configuration.store.has(name, version) || arrayNames(.detector, version).contains(name)
    }

    /// Whether a series is armed or being armed, so that modes do not change.
    private var isArmed: Bool {
        machine.state == .ready || machine.state == .acquire || machine.state == .configure
    }

    /// The mode takes effect only while the detector is idle; otherwise the reply lists nothing as changed.
    private func putFileWriter(_ name: String, _ value: JSON) throws(Refusal) -> [String] {
        let value = try fileWriter.checked(value, for: name)
        if name == "name_pattern", let problem = FilePlan.problem(of: value.string ?? "") {
            throw .badValue("Parameter name_pattern: \(problem)")
        }
        if name == "mode", isArmed { return [] }
        fileWriter[name] = value
        return [name]
    }
}
