// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// The cameras that a library sees, by serial number.
///
/// The SDK tells a serial number only once a camera is initialised: one that no device has is initialised and let go again, and
/// is remembered, so that it happens once. One that cannot be is listed with the reason.
struct CameraList: Sendable {
    let gate: SDKGate
    let directory: String

    func all() async throws -> [DataValue] {
        try await gate.call("list cameras", camera: nil) { sdk in
            try (0..<sdk.int(.getAvailableCameras)).map { try entry(sdk, $0) }
        }
    }

    /// On the gate's thread.
    private func entry(_ sdk: SDKLibrary, _ index: Int) throws(DeviceError) -> DataValue {
        let handle = try sdk.int(.getCameraHandle, index)
        let owner = gate.register.owner(of: handle)
        var serial = gate.register.serial(of: handle)
        var reason = ""
        if serial == nil, owner == nil {
            do throws(DeviceError) {
                serial = try ask(sdk, handle)
            } catch {
                reason = error.message
            }
        }
        return .object([
            ("index", DataValue(index)), ("handle", DataValue(handle)),
            ("serial_number", serial.map { DataValue($0) } ?? .null),
            ("device", owner.map { .string($0) } ?? .null), ("message", .string(reason)),
        ])
    }

    private func ask(_ sdk: SDKLibrary, _ handle: Int) throws(DeviceError) -> Int {
        try gate.select(handle, sdk)
        try sdk.initialize(directory)
        defer { try? sdk.set(.shutDown) }
        let serial = try sdk.int(.getCameraSerialNumber)
        gate.register.note(serial, of: handle)
        return serial
    }
}
