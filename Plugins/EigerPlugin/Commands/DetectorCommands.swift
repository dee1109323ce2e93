// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// What brings the detector into a state, and its maintenance.
struct DetectorCommands: Sendable {
    let initialize: Command<Void>
    let restart: Command<Void>
    let configure: Command<Void>
    let highVoltageReset: Command<Void>
    let statusUpdate: Command<Void>
    let checkConnections: Command<DataValue>

    /// To be made inside the device's factory.
    init(_ runner: SeriesRunner, _ parameters: SeriesParameters) {
        let lifecycle = runner.lifecycle
        let client = runner.client
        let device = runner.context.name
        initialize = Command("initialize", "Initializes the detector; takes up to minutes") { progress in
            try runner.requireNoSeries("initialize")
            progress.report(0, "Initializing")
            try await lifecycle.initialize()
        }
        restart = Command(
            "restart", "Restarts the detector's service; files on the detector are lost, then it must be initialized",
            policy: CommandPolicy(isDangerous: true)
        ) { _ in
            try runner.requireNoSeries("restart the service")
            try await lifecycle.restart()
        }
        configure = Command("configure", "Sends the settings of the series to the detector") { progress in
            try runner.requireNoSeries("configure")
            try await lifecycle.makeIdle()
            _ = try await runner.configurator.configure(parameters.wish, progress: progress)
        }
        highVoltageReset = Command(
            "hv_reset", "Switches the sensor's high voltage off for some time; for sensors of CdTe",
            Argument<Double>("seconds", "How long", unit: "s", limits: 1...600, default: 30)
        ) { _, seconds in
            try runner.requireNoSeries("reset the high voltage")
            try lifecycle.keys.commands.require("hv_reset", of: .detector, device: device)
            try await client.command(
                "hv_reset", argument: .number(seconds), within: .seconds(seconds) + client.limits.configure)
            try? await lifecycle.keys.refreshSlow()
        }
        statusUpdate = Command(
            "status_update", "Reads temperature, humidity and the other status values anew",
            policy: CommandPolicy(.parallel)
        ) { _ in
            try runner.requireNoSeries("update the status")
            try await lifecycle.keys.refreshSlow()
        }
        checkConnections = Command(
            "check_connections",
            "Checks the connections inside the detector, which must be initialized again afterwards",
            policy: CommandPolicy(isDangerous: true)
        ) { _ in
            try runner.requireNoSeries("check the connections")
            try lifecycle.keys.commands.require("check_connections", of: .detector, device: device)
            let reply = try await client.command("check_connections", within: client.limits.initialize)
            runner.configurator.forget()
            await lifecycle.look()
            return DataValue(reply)
        }
    }
}
