// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// The shutter.
enum ShutterCommands {
    static func make(_ core: CameraCore) -> [AnyCommand] {
        [
            Command<Void>(
                "emccd/set_shutter", "Level that opens the shutter, mode, and its times",
                Argument<Int>("a", "Level that opens it: 0 low, 1 high", limits: 0...1),
                Argument<Int>("b", "0 automatic, 1 open, 2 closed, 4 open for FVB series, 5 open for any series"),
                Argument<Int>("c", "Time to close", unit: "ms", limits: 0...100_000),
                Argument<Int>("d", "Time to open", unit: "ms", limits: 0...100_000),
                policy: CameraCommands.parallel
            ) { _, type, mode, closing, opening in
                guard let shutterMode = ShutterMode(number: mode) else {
                    throw DeviceError(.outOfRange, "shutter mode \(mode) does not exist; there are 0, 1, 2, 4, 5")
                }
                let shutter = ShutterSetup(
                    type: ShutterType(number: type) ?? .highOpens, mode: shutterMode, closing: closing, opening: opening
                )
                try await core.change { setup, _ in setup.shutter = shutter }
            },
            Command<Void>(
                "emccd/shutter", "Opens or closes the shutter for good", Argument<Bool>("open", default: true),
                policy: CameraCommands.parallel
            ) { _, isOpen in
                try await core.change { setup, _ in
                    setup.shutter = ShutterSetup(
                        type: .lowOpens, mode: isOpen ? .open : .closed, closing: 0, opening: 0)
                }
            },
        ]
    }
}
