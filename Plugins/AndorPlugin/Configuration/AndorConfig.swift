// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// The JSON configuration of the Python driver (`AndorConfig.json`), read unchanged.
///
/// Keys that it lacks keep the values that hold; keys that nobody knows are kept and reported once. Source: bllovetx/andor-ot.
struct AndorConfig: Sendable, Equatable {
    /// The whole object, for the keys that cannot change while running.
    let json: JSON
    var setup: CameraSetup
    var watchesTemperature = true
    var tolerance = 5.0
    var setTemperatureTimeout = 1800.0
    var dataWait = 0.2
    var temperatureWait = 30.0
    /// What was not understood, in sentences.
    var remarks: [String] = []

    /// Keys that hold from the start of the daemon to its end.
    static let immutable = ["dllPath", "iniPath", "productModel", "serialNumber"]

    /// All keys that the driver's files have.
    static let known: Set<String> = [
        "dllPath", "iniPath", "productModel", "serialNumber", "fanMode", "coolerOn", "targetTemperature",
        "watchTemperature", "tempTolerance", "setTempTimeOut", "emGainMode", "emAdvanced", "emGain", "readoutMode",
        "readoutParameters", "setShutterParameters", "acquisitionMode", "acquisitionParameters", "triggerMode",
        "triggerParameters", "setHSSpeedParameters", "setVSSpeedParameters", "dataWatcherWaitTime",
        "tempWatcherWaitTime", "countConvertMode", "countConvertModeList", "countConvertWavelength",
    ]

    /// - Parameters:
    ///   - setup: What holds where the file says nothing.
    ///   - old: The file as it was read before, for what the camera never sees.
    /// - Throws: ``DeviceError/Code/badArguments`` with the key, what it must be and what it is.
    init(_ json: JSON, over setup: CameraSetup, after old: AndorConfig? = nil) throws(DeviceError) {
        guard case .object(let members) = json else {
            throw DeviceError(.badArguments, "the configuration must be an object with keys, not \(json.kind)")
        }
        self.json = json
        self.setup = setup
        if let old {
            (watchesTemperature, tolerance) = (old.watchesTemperature, old.tolerance)
            (setTemperatureTimeout, temperatureWait) = (old.setTemperatureTimeout, old.temperatureWait)
            dataWait = old.dataWait
        }
        let unknown = members.map(\.0).filter { !Self.known.contains($0) }
        if !unknown.isEmpty { remarks.append("unknown keys: \(unknown.joined(separator: ", "))") }
        try readCooling()
        try readGain()
        try readReadout()
        try readAcquisition()
        try readChain()
        try readRest()
    }

    /// Reads a file of at most a megabyte.
    static func load(_ path: String, over setup: CameraSetup) throws -> AndorConfig {
        let bytes = try ConfigFile.read(path)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw DeviceError(.badArguments, "\(path) is not UTF-8 text")
        }
        do {
            return try AndorConfig(JSON(parsing: text), over: setup)
        } catch let error as DeviceError {
            throw DeviceError(error.code, "\(path): \(error.message)")
        } catch {
            throw DeviceError(.badArguments, "\(path) is not JSON: \(error)")
        }
    }

    /// The serial number that is asked for; 0: the first camera.
    var serialNumber: Int { Int(json["serialNumber"]?.integer ?? 0) }

    // MARK: - Sections

    private mutating func readCooling() throws(DeviceError) {
        setup.fan = try choice("fanMode", setup.fan)
        setup.cooler = try bool(json, "coolerOn") ?? setup.cooler
        setup.target = try int(json, "targetTemperature", -200...100) ?? setup.target
        watchesTemperature = try bool(json, "watchTemperature") ?? watchesTemperature
        tolerance = try number(json, "tempTolerance", 0...1000) ?? tolerance
        setTemperatureTimeout = try number(json, "setTempTimeOut", 0...1e6) ?? setTemperatureTimeout
        dataWait = try number(json, "dataWatcherWaitTime", 0...3600) ?? dataWait
        temperatureWait = try number(json, "tempWatcherWaitTime", 0...86400) ?? temperatureWait
    }

    private mutating func readGain() throws(DeviceError) {
        setup.emMode = try choice("emGainMode", setup.emMode)
        setup.emAdvanced = try bool(json, "emAdvanced") ?? setup.emAdvanced
        setup.emGain = try int(json, "emGain", 0...100_000) ?? setup.emGain
    }

    private mutating func readReadout() throws(DeviceError) {
        if let words = try text("readoutMode") {
            guard let mode = ReadMode.allCases.first(where: { $0.words.contains(words) }) else {
                throw Self.wrong("readoutMode", "“\(words)” is none of \(ReadMode.allCases.flatMap(\.words))")
            }
            setup.readMode = mode
        }
        let parameters = try object("readoutParameters") ?? .object([])
        if let single = parameters["singleTrack"], setup.readMode == .singleTrack {
            setup.trackCentre = try int(single, "singleTrackCenter", 1...100_000) ?? setup.trackCentre
            setup.trackHeight = try int(single, "singleTrackHeight", 1...100_000) ?? setup.trackHeight
        }
        if let multi = parameters["multiTrack"], setup.readMode == .multiTrack {
            setup.trackNumber = try int(multi, "multiTrackNumber", 1...100_000) ?? setup.trackNumber
            setup.trackHeight = try int(multi, "multiTrackHeight", 1...100_000) ?? setup.trackHeight
            setup.trackOffset = try int(multi, "multiTrackOffset", -100_000...100_000) ?? setup.trackOffset
        }
        if let random = parameters["randomTrack"], setup.readMode == .randomTrack {
            setup.trackRows = try rows(random) ?? setup.trackRows
        }
        if let region = parameters["image"]?["setImageParameters"] { try readRegion(region) }
    }

    private func rows(_ random: JSON) throws(DeviceError) -> [Int]? {
        guard let list = random["randomTrackPositionList"] else { return nil }
        var rows: [Int] = []
        for item in list.array ?? [] {
            guard let row = item.integer, (1...100_000).contains(row) else {
                throw Self.wrong("randomTrackPositionList", "must hold rows from 1")
            }
            rows.append(Int(row))
        }
        let wanted = try int(random, "randomTrackNumber", 1...100_000) ?? rows.count / 2
        guard rows.count >= 2 * wanted, wanted > 0 else {
            throw Self.wrong("randomTrackPositionList", "must hold first and last row of \(wanted) tracks")
        }
        return Array(rows.prefix(2 * wanted))
    }

    private mutating func readRegion(_ json: JSON) throws(DeviceError) {
        let sizes = 1...100_000
        setup.region.hbin = try int(json, "hbin", sizes) ?? setup.region.hbin
        setup.region.vbin = try int(json, "vbin", sizes) ?? setup.region.vbin
        setup.region.hstart = try int(json, "hstart", sizes) ?? setup.region.hstart
        setup.region.hend = try int(json, "hend", sizes) ?? setup.region.hend
        setup.region.vstart = try int(json, "vstart", sizes) ?? setup.region.vstart
        setup.region.vend = try int(json, "vend", sizes) ?? setup.region.vend
    }

    private mutating func readAcquisition() throws(DeviceError) {
        if let words = try text("acquisitionMode") {
            guard let mode = AcquisitionMode.allCases.first(where: { $0.words == words }) else {
                throw Self.wrong("acquisitionMode", "“\(words)” is none of \(AcquisitionMode.allCases.map(\.words))")
            }
            setup.mode = mode
        }
        let keys: [AcquisitionMode: String] = [
            .singleScan: "singleScan", .accumulate: "accumulate", .kinetic: "kineticSeries",
            .runTillAbort: "runTillAbort", .fastKinetics: "fastKinetics",
        ]
        let times = 0.0...1e6
        if let section = try object("acquisitionParameters")?[keys[setup.mode] ?? ""] {
            setup.exposure = try number(section, "exposureTime", times) ?? setup.exposure
            setup.accumulations = try int(section, "numberOfAccumulations", 1...1_000_000) ?? 1
            setup.accumulateCycle = try number(section, "accumulateCycleTime", times) ?? 0
            setup.frames = try int(section, "numberInKineticSeries", 1...Int(Int32.max)) ?? setup.frames
            setup.kineticCycle = try number(section, "kineticCycleTime", times) ?? 0
        }
        if let words = try text("triggerMode") {
            guard let mode = TriggerMode.allCases.first(where: { $0.words == words }) else {
                throw Self.wrong("triggerMode", "“\(words)” is none of \(TriggerMode.allCases.map(\.words))")
            }
            setup.trigger = mode
        }
    }

    private mutating func readChain() throws(DeviceError) {
        if let section = try object("setHSSpeedParameters") {
            setup.amplifier = try int(section, "typ", 0...3) ?? setup.amplifier
            setup.hsSpeed = try int(section, "index", 0...100) ?? setup.hsSpeed
            setup.preAmpGain = try int(section, "preAmpGain", 0...100) ?? setup.preAmpGain
        }
        if let section = try object("setVSSpeedParameters") {
            setup.vsAmplitude = try int(section, "vsAmp", 0...4) ?? setup.vsAmplitude
            setup.vsSpeed = try int(section, "index", 0...100) ?? setup.vsSpeed
        }
    }

    private mutating func readRest() throws(DeviceError) {
        // Taken from the object when the camera is opened; a wrong one must not open another camera.
        _ = try int(json, "serialNumber", 0...Int(Int32.max))
        _ = try text("iniPath")
        _ = try text("productModel")
        if let section = try object("setShutterParameters") {
            setup.shutter.type = try choice(section, "typ", setup.shutter.type)
            setup.shutter.mode = try choice(section, "mode", setup.shutter.mode)
            setup.shutter.closing = try int(section, "closingTime", 0...100_000) ?? setup.shutter.closing
            setup.shutter.opening = try int(section, "openingTime", 0...100_000) ?? setup.shutter.opening
        }
        setup.countConvert = try choice("countConvertMode", setup.countConvert)
        setup.wavelength = try number(json, "countConvertWavelength", 1...1e6) ?? setup.wavelength
        if let library = try text("dllPath"), library.lowercased().hasSuffix(".dll") {
            remarks.append("dllPath names the Windows library \(library): the SDK is looked for as without it")
        }
    }

    // MARK: - Values

    private static func wrong(_ key: String, _ what: String) -> DeviceError {
        DeviceError(.badArguments, "\(key) \(what)")
    }

    private func int(_ json: JSON, _ key: String, _ range: ClosedRange<Int>) throws(DeviceError) -> Int? {
        guard let value = json[key] else { return nil }
        guard let number = value.integer, range.contains(Int(number)) else {
            throw Self.wrong(key, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return Int(number)
    }

    private func number(_ json: JSON, _ key: String, _ range: ClosedRange<Double>) throws(DeviceError) -> Double? {
        guard let value = json[key] else { return nil }
        guard let number = value.double, range.contains(number) else {
            throw Self.wrong(key, "must be a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    private func bool(_ json: JSON, _ key: String) throws(DeviceError) -> Bool? {
        guard let value = json[key] else { return nil }
        if let truth = value.bool { return truth }
        if let number = value.integer, number == 0 || number == 1 { return number == 1 }
        throw Self.wrong(key, "must be true or false, not \(value.kind)")
    }

    private func text(_ key: String) throws(DeviceError) -> String? {
        guard let value = json[key] else { return nil }
        guard let text = value.string else { throw Self.wrong(key, "must be a text, not \(value.kind)") }
        return text
    }

    private func object(_ key: String) throws(DeviceError) -> JSON? {
        guard let value = json[key] else { return nil }
        guard case .object = value else { throw Self.wrong(key, "must be an object, not \(value.kind)") }
        return value
    }

    private func choice<Value: SDKChoice>(_ key: String, _ present: Value) throws(DeviceError) -> Value {
        try choice(json, key, present)
    }

    private func choice<Value: SDKChoice>(_ json: JSON, _ key: String, _ present: Value) throws(DeviceError) -> Value {
        guard let value = json[key] else { return present }
        guard let number = value.integer.flatMap({ Int(exactly: $0) }), let found = Value(number: number) else {
            let numbers = Value.allCases.map { "\($0.number)" }.joined(separator: ", ")
            throw Self.wrong(key, "must be one of \(numbers)")
        }
        return found
    }
}
