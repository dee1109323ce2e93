// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// The cameras that a library sees, by serial number.
///
/// The SDK tells a serial number only once a camera is initialised: one that no device has is initialised and let go again, and
/// is remembered, so that it happens once. One that cannot be is listed with the reason; so is each as long as a camera of the
/// library takes images, because `Initialize` takes seconds in which nobody could fetch them.
struct CameraList: Sendable {
    let gate: SDKGate
    let directory: String

    func all() async throws -> [DataValue] {
        try await gate.call("list cameras", camera: nil) { sdk in
            let handles = try (0..<sdk.int(.getAvailableCameras)).map { try sdk.int(.getCameraHandle, $0) }
            let busy = try handles.first { try isAcquiring(sdk, $0) }.flatMap { gate.register.owner(of: $0) }
            return handles.enumerated().map { entry(sdk, index: $0.offset, handle: $0.element, busy: busy) }
        }
    }

    private func isAcquiring(_ sdk: SDKLibrary, _ handle: Int) throws(DeviceError) -> Bool {
        guard gate.register.owner(of: handle) != nil else { return false }
        try gate.select(handle, sdk)
        return (try? sdk.int(.getStatus)) == SDKStatus.acquiring.code
    }

    /// On the gate's thread.
    private func entry(_ sdk: SDKLibrary, index: Int, handle: Int, busy: String?) -> DataValue {
        let owner = gate.register.owner(of: handle)
        var serial = gate.register.serial(of: handle)
        var reason = ""
        if serial == nil, owner == nil, let busy {
            reason = "not asked while \(busy) takes images"
        } else if serial == nil, owner == nil {
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
