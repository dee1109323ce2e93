// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// What the camera is.
enum IdentityCommands {
    private static let parallel = CameraCommands.parallel

    static func make(_ core: CameraCore) -> [AnyCommand] {
        [
            Command<Int>("emccd/get_available_cameras", "Cameras that the SDK sees", policy: parallel) { _ in
                try await core.gate.call("GetAvailableCameras", camera: nil) { try $0.int(.getAvailableCameras) }
            },
            Command<DataValue>(
                "list_cameras", "Cameras that the SDK sees, with serial numbers and the devices that have them",
                policy: parallel
            ) { _ in .list(try await CameraList(gate: core.gate, directory: core.settings.directory).all()) },
            Command<DataValue>(
                "emccd/get_capabilities", "The SDK's words on what the camera can do, by name", policy: parallel
            ) { _ in
                try await core.call("GetCapabilities") { sdk, _ in try sdk.capabilities() }.dataValue
            },
            Command<DataValue>("emccd/get_detector", "Columns and rows of the sensor", policy: parallel) { _ in
                .pair(try await core.call("GetDetector") { sdk, _ in try sdk.ints(.getDetector) })
            },
            Command<DataValue>("emccd/get_head_model", "The camera's head, as bytes", policy: parallel) { _ in
                .bytes(try await core.call("GetHeadModel") { sdk, _ in try sdk.text(.getHeadModel) })
            },
            Command<String>("emccd/get_model", "The camera's head, as text", policy: parallel) { _ in
                String(
                    decoding: try await core.call("GetHeadModel") { sdk, _ in try sdk.text(.getHeadModel) },
                    as: UTF8.self)
            },
            Command<DataValue>(
                "emccd/get_hardware_version", "Versions of card, FPGA, firmware and build", policy: parallel
            ) { _ in
                let v = try await core.call("GetHardwareVersion") { sdk, _ in try sdk.hardwareVersion() }
                return .object([
                    ("card", DataValue(v[0])), ("flex10k", DataValue(v[1])), ("firmware", DataValue(v[4])),
                    ("build", DataValue(v[5])),
                ])
            },
            Command<Int>("emccd/get_camera_serial_number", "The camera's serial number", policy: parallel) { _ in
                try await core.call("GetCameraSerialNumber") { sdk, _ in try sdk.int(.getCameraSerialNumber) }
            },
            Command<Int>("emccd/get_status", "The SDK's status word", policy: parallel) { _ in
                try await core.call("GetStatus", .status) { sdk, _ in try sdk.int(.getStatus) }
            },
        ]
    }
}
