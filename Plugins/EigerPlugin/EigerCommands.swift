// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// What a client can call.
struct EigerCommands: Sendable {
    let initialize: Command<Void>
    let restart: Command<Void>
    let configure: Command<Void>
    let arm: Command<Int64>
    let trigger: Command<Void>
    let disarm: Command<Void>
    let cancel: Command<Void>
    let abort: Command<Void>
    let stop: Command<Void>
    let acquire: Command<Void>
    let files: Command<DataValue>
    let delete: Command<Void>

    /// To be made inside the device's factory.
    init(_ runner: SeriesRunner, _ series: SeriesParameters) {
        let ending = CommandPolicy(.interrupting)
        let lifecycle = runner.lifecycle
        let client = runner.client
        initialize = Command("initialize", "Initializes the detector; takes up to minutes") { progress in
            progress.report(0, "Initializing")
            try await lifecycle.initialize()
        }
        restart = Command(
            "restart", "Restarts the detector's service; files on the detector are lost",
            policy: CommandPolicy(isDangerous: true)
        ) { _ in try await lifecycle.restart() }
        configure = Command("configure", "Sends the settings of the series to the detector") { progress in
            try await lifecycle.makeIdle()
            _ = try await runner.configurator.configure(series.wish, progress: progress)
        }
        arm = Command("arm", "Arms the detector without a series of this daemon; gives the series' number") { _ in
            try await lifecycle.keys.untilClean(within: .seconds(3))
            let reply = try await client.command("arm", within: client.limits.arm)
            _ = try? await lifecycle.keys.state()
            return SIMPLONReplies.sequenceID(reply) ?? -1
        }
        trigger = Command(
            "trigger", "Triggers an armed detector; with ints it ends when the images are taken",
            Argument<Double?>("exposure", "Exposure of one image in mode inte", unit: "s")
        ) { _, exposure in try await Self.trigger(runner, exposure) }
        disarm = Command("disarm", "Ends an armed series; does nothing when the detector is idle", policy: ending) {
            progress in
            try await Self.disarm(runner, progress.origin)
        }
        cancel = Command("cancel", "Ends a series after the present image", policy: ending) { progress in
            runner.control?.request(AcquisitionStop(.user, origin: progress.origin), sent: .cancel)
            try await client.command("cancel", within: client.limits.stop)
        }
        abort = Command("abort", "Ends a series at once", policy: ending) { progress in
            runner.control?.request(AcquisitionStop(.user, origin: progress.origin), mustAbort: true, sent: .abort)
            try await client.command("abort", within: client.limits.stop)
        }
        stop = Command(
            "stop", "Ends the running series: after the present image if that ends soon, else at once", policy: ending
        ) {
            progress in
            runner.control?.request(AcquisitionStop(.user, origin: progress.origin))
        }
        acquire = Command(
            "acquire", "Takes a whole series: initialize if needed, configure, arm, trigger, disarm, fetch the files"
        ) { progress in try await runner.run(series.wish, progress: progress) }
        files = Command("files", "Names of the files on the detector", policy: CommandPolicy(.parallel)) { _ in
            .strings(try await client.files())
        }
        delete = Command(
            "delete", "Removes one file from the detector, fetched or not", Argument<String>("name"),
            policy: CommandPolicy(.parallel, isDangerous: true)
        ) { _, name in
            do throws(FileError) {
                try SafePath.check(name)
            } catch {
                throw DeviceError(.badArguments, error.message)
            }
            try await client.delete(name)
        }
    }

    private static func trigger(_ runner: SeriesRunner, _ exposure: Double?) async throws {
        let keys = runner.lifecycle.keys
        func number(_ name: String) -> Double { keys.table.value(.detector(name))?.double ?? 0 }
        let length = exposure ?? number("nimages") * number("frame_time")
        let limit = Duration.seconds(max(20, length + number("trigger_start_delay") + 10))
        try await runner.client.command(
            "trigger", argument: exposure.map { .number($0) }, within: limit, pool: "trigger")
        _ = try? await keys.state()
    }

    /// A series of this daemon is stopped; else the detector is disarmed unless it is idle already.
    private static func disarm(_ runner: SeriesRunner, _ origin: Origin) async throws {
        if let control = runner.control { return control.request(AcquisitionStop(.user, origin: origin)) }
        if try await runner.lifecycle.keys.state() == "idle" { return }
        try await runner.client.command("disarm", within: runner.client.limits.stop)
        _ = try? await runner.lifecycle.keys.state()
    }
}
