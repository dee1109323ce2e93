// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// Series as a whole, and their steps by hand.
struct SeriesCommands: Sendable {
    let acquire: Command<Void>
    let acquireAsSet: Command<Void>
    let arm: Command<Int64>
    let trigger: Command<Void>
    let softwareTrigger: Command<Void>
    let disarm: Command<Void>
    let cancel: Command<Void>
    let abort: Command<Void>
    let stop: Command<Void>

    /// To be made inside the device's factory.
    init(_ runner: SeriesRunner, _ parameters: SeriesParameters) {
        let ending = CommandPolicy(.interrupting)
        let client = runner.client
        acquire = Command(
            "acquire", "Takes a whole series: initialize if needed, configure, arm, trigger, disarm, fetch the files"
        ) { progress in
            let order = SeriesOrder(wish: parameters.wish, isManual: parameters.times.manualTrigger.value)
            try await runner.run(order, progress: progress)
        }
        acquireAsSet = Command(
            "acquire_as_set",
            "Takes a whole series with the detector as its own keys are set: arm, trigger, disarm, fetch"
        ) { progress in
            let order = SeriesOrder(wish: nil, isManual: parameters.times.manualTrigger.value)
            try await runner.run(order, progress: progress)
        }
        arm = Command(
            "arm",
            "Arms the detector as its own keys are set and gives the series' number; trigger and disarm follow, the files are fetched"
        ) { progress in try await runner.arm(progress: progress) }
        trigger = Command(
            "trigger", "Triggers the armed series; ends when the trigger's images are taken",
            Argument<Double?>(
                "exposure", "Exposure of one image in mode inte; else the detector's count time", unit: "s"),
            policy: CommandPolicy(.parallel)
        ) { _, exposure in try await runner.trigger(exposureSeconds: exposure) }
        softwareTrigger = Command(
            "software_trigger", "Triggers the armed series with the exposure of series/trigger_exposure",
            policy: CommandPolicy(.parallel)
        ) { _ in
            let exposure = parameters.times.triggerExposure.value
            try await runner.trigger(exposureSeconds: exposure > 0 ? exposure : nil)
        }
        disarm = Command("disarm", "Ends an armed series; does nothing when the detector is idle", policy: ending) {
            progress in
            try await runner.disarm(progress.origin)
        }
        cancel = Command("cancel", "Ends a series after the present image", policy: ending) { progress in
            runner.control?.request(AcquisitionStop(.user, origin: progress.origin), sent: .cancel)
            try await client.command("cancel", within: client.limits.stop)
            await runner.lifecycle.look()
        }
        abort = Command("abort", "Ends a series at once", policy: ending) { progress in
            runner.control?.request(AcquisitionStop(.user, origin: progress.origin), mustAbort: true, sent: .abort)
            try await client.command("abort", within: client.limits.stop)
            await runner.lifecycle.look()
        }
        stop = Command(
            "stop", "Ends the running series: after the present image if that ends soon, else at once", policy: ending
        ) { progress in runner.stop(progress.origin) }
        for command in [acquire, acquireAsSet, arm] as [AnyCommand] {
            command.allow { [weak runner] in runner?.objection }
        }
    }
}

extension SeriesRunner {
    /// Ends the running series as soon as is sensible; does nothing when none runs.
    func stop(_ origin: Origin) {
        guard let control else { return }
        control.request(AcquisitionStop(.user, origin: origin))
        if !control.imagesAreOver { monitor.enter(.stopping) }
    }

    /// Ends a series of this daemon, files included; else disarms the detector unless it is idle already.
    func disarm(_ origin: Origin) async throws {
        guard let control, !control.imagesAreOver else {
            if try await lifecycle.keys.state() != "idle" {
                try await client.command("disarm", within: client.limits.stop)
                await lifecycle.look()
            }
            return
        }
        // Images that are being taken are cancelled or aborted first: a disarm before that hangs some firmware.
        if try await lifecycle.keys.state() == "acquire" {
            control.request(AcquisitionStop(.user, origin: origin))
        } else {
            control.request(AcquisitionStop(.user, origin: origin), sent: .disarm)
            try await client.command("disarm", within: client.limits.stop)
        }
        try await control.ended.value()
    }
}
