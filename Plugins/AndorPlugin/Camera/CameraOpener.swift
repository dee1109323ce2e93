// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Synchronization

/// Which cameras of a library are taken by which device; part of the gate, touched on its thread.
final class CameraRegister: Sendable {
    private let state = Mutex<(owners: [Int: String], serials: [Int: Int], lost: [String: Int])>(([:], [:], [:]))

    func owner(of handle: Int) -> String? { state.withLock { $0.owners[handle] } }
    func serial(of handle: Int) -> Int? { state.withLock { $0.serials[handle] } }
    func note(_ serial: Int, of handle: Int) { state.withLock { $0.serials[handle] = serial } }
    func take(_ handle: Int, for device: String) { state.withLock { $0.owners[handle] = device } }
    func release(_ device: String) {
        state.withLock { state in
            state.owners = state.owners.filter { $0.value != device }
            state.lost[device] = nil
        }
    }
    /// Lets go of a camera that did not close: the device waits for this one, and takes no other in its place.
    func lose(_ device: String) {
        state.withLock { state in
            if let handle = state.owners.first(where: { $0.value == device })?.key {
                state.lost[device] = state.serials[handle]
                state.owners[handle] = nil
            }
        }
    }
    /// The serial number of the camera that a device lost.
    func lost(_ device: String) -> Int? { state.withLock { $0.lost[device] } }
}

/// Finds a camera by its serial number, initialises it and reads what it is.
struct CameraOpener: Sendable {
    let device: String
    let serialNumber: Int
    let directory: String
    let gate: SDKGate

    /// - Throws: ``DeviceError`` that lists the serial numbers that were found.
    func open() async throws -> CameraFacts {
        try await gate.call("open \(device)", camera: nil) { [self] sdk in try search(sdk) }
    }

    /// On the gate's thread.
    private func search(_ sdk: SDKLibrary) throws -> CameraFacts {
        gate.register.lose(device)
        let wantedSerial = serialNumber == 0 ? gate.register.lost(device) ?? 0 : serialNumber
        let count = try sdk.int(.getAvailableCameras)
        guard count > 0 else { throw SDKStatus(20990).error("GetAvailableCameras") }
        var seen: [String] = []
        var failure: DeviceError?
        for index in 0..<count {
            let handle = try sdk.int(.getCameraHandle, index)
            if let owner = gate.register.owner(of: handle) {
                seen.append("\(gate.register.serial(of: handle) ?? 0) (in use by \(owner))")
                continue
            }
            if let known = gate.register.serial(of: handle), wantedSerial != 0, known != wantedSerial {
                seen.append("\(known)")
                continue
            }
            do throws(DeviceError) {
                if let facts = try attempt(sdk, handle, wantedSerial, &seen) { return facts }
            } catch {
                failure = error
                seen.append("one that failed: \(error.message)")
            }
        }
        if let failure, seen.count == 1 { throw failure }
        let wanted = wantedSerial == 0 ? "a free camera" : "camera \(wantedSerial)"
        throw DeviceError(
            .disconnected, "\(wanted) was not found; the SDK at \(sdk.path) has \(seen.joined(separator: ", "))")
    }

    /// Initialises one camera; one that is not wanted is let go again.
    private func attempt(
        _ sdk: SDKLibrary, _ handle: Int, _ wantedSerial: Int, _ seen: inout [String]
    ) throws(DeviceError) -> CameraFacts? {
        try gate.select(handle, sdk)
        try initialize(sdk)
        let serial = try sdk.int(.getCameraSerialNumber)
        gate.register.note(serial, of: handle)
        guard wantedSerial == 0 || serial == wantedSerial else {
            seen.append("\(serial)")
            try? sdk.set(.shutDown)
            return nil
        }
        gate.register.take(handle, for: device)
        return try CameraFacts(reading: sdk, handle: handle, serial: serial)
    }

    /// A camera that is taken may be free again in a moment, or be stuck since a crash: the person on shift needs to know both.
    private func initialize(_ sdk: SDKLibrary) throws(DeviceError) {
        do {
            try sdk.initialize(directory)
        } catch {
            guard error.sdkStatus == .notAvailable else { throw error }
            throw DeviceError(
                error.code,
                "Initialize(“\(directory)”) was refused: another program holds the camera, or one that crashed left it "
                    + "initialised; end that program, or reset the camera's USB device: unplug it and plug it in again",
                SDKStatus.notAvailable)
        }
    }
}

extension CameraFacts {
    /// Reads what a camera is; on the gate's thread, with the camera selected.
    init(reading sdk: SDKLibrary, handle: Int, serial: Int) throws(DeviceError) {
        self.init()
        self.handle = handle
        self.serial = serial
        headBytes = try sdk.text(.getHeadModel)
        head = String(decoding: headBytes, as: UTF8.self)
        (sensorWidth, sensorHeight) = try sdk.ints(.getDetector)
        capabilities = try sdk.capabilities()
        channels = try sdk.int(.getNumberADChannels)
        amplifiers = try sdk.int(.getNumberAmp)
        if let range = try Self.told({ () throws(DeviceError) in try sdk.ints(.getTemperatureRange) }) {
            temperatureRange = min(range.0, range.1)...max(range.0, range.1)
        }
        vsSpeeds = try Self.table { () throws(DeviceError) in
            try sdk.int(.getNumberVSSpeeds)
        } _: { index throws(DeviceError) in
            try sdk.float(.getVSSpeed, index)
        }
        preAmpGains = try Self.table { () throws(DeviceError) in
            try sdk.int(.getNumberPreAmpGains)
        } _: { index throws(DeviceError) in
            try sdk.float(.getPreAmpGain, index)
        }
        vsAmplitudes = (try? sdk.int(.getNumberVSAmplitudes)) ?? 0
        for channel in 0..<channels {
            var ofChannel: [[Double]] = []
            for amplifier in 0..<amplifiers {
                ofChannel.append(
                    try Self.table { () throws(DeviceError) in
                        try sdk.int(.getNumberHSSpeeds, channel, amplifier)
                    } _: { index throws(DeviceError) in
                        try sdk.float(.getHSSpeed, channel, amplifier, index)
                    })
            }
            hsSpeeds.append(ofChannel)
        }
    }

    /// What the camera tells; `nil` where it does not: not every model has all of it, and none is kept away for that.
    /// - Throws: When it does not answer at all.
    private static func told<Value>(_ ask: () throws(DeviceError) -> Value) throws(DeviceError) -> Value? {
        do throws(DeviceError) {
            return try ask()
        } catch {
            if error.sdkStatus?.isLoss == true { throw error }
            return nil
        }
    }

    /// A table up to the first entry that it does not tell.
    private static func table(
        _ count: () throws(DeviceError) -> Int, _ entry: (Int) throws(DeviceError) -> Double
    ) throws(DeviceError) -> [Double] {
        var table: [Double] = []
        for index in 0..<max(0, try told(count) ?? 0) {
            guard let value = try told({ () throws(DeviceError) in try entry(index) }) else { break }
            table.append(value)
        }
        return table
    }
}
