// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// An Andor camera of the SDK2 family: iXon, iKon, Newton, iDus, iStar, Luca, Clara.
///
/// The device only puts the parts together: the core talks to the SDK, the acquirer fetches images, the thermostat watches the
/// sensor, the lifecycle opens and closes.
final class AndorCamera: Device {
    static let factory = DeviceFactory(
        "andor", summary: "Andor cameras of the SDK2 family, or the stand-in without hardware",
        settings: CameraSettings.declarations
    ) { settings, context in try AndorCamera(CameraSettings(settings), context) }

    let core: CameraCore
    let acquirer: Acquirer
    let thermostat: Thermostat
    let lifecycle: Lifecycle
    private let commands: CameraCommands

    init(_ settings: CameraSettings, _ context: DeviceContext) throws {
        let gate = try context.transport(
            SDKGate.self, SDKGate.Configuration(path: settings.library, simulation: settings.simulation))
        let parameters = CameraParameters(settings)
        core = CameraCore(context, settings, gate, parameters)
        acquirer = Acquirer(core)
        thermostat = Thermostat(core)
        lifecycle = Lifecycle(core, acquirer, thermostat)
        commands = CameraCommands(core, acquirer, thermostat, lifecycle)
        context.add(acquirer.frames)
        for setting in parameters.settings {
            setting.bind { [weak core] mutate in
                guard let core else { throw DeviceError(.unavailable, "the device is being stopped") }
                try await core.change(mutate)
            }
        }
    }

    var nameSets: [NameSet] { [EMCCDNames.set, EMCCDNames.extended(core.parameters), AreaDetectorNames.set] }

    func run() async throws { try await lifecycle.run() }

    /// Ends an acquisition in order and closes the camera by its policy, asking for more time while it warms up.
    func stop() async {
        await lifecycle.close(AcquisitionStop(.shutdown, origin: .daemon)) { [core] in
            core.context.needsMoreTime(.seconds(5))
        }
        acquirer.pipeline.close()
    }
}
