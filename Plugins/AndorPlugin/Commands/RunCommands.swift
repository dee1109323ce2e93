// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// Starting, stopping, opening and closing.
enum RunCommands {
    private static let parallel = CameraCommands.parallel

    static func make(_ core: CameraCore, _ acquirer: Acquirer, _ lifecycle: Lifecycle) -> [AnyCommand] {
        plain(core, acquirer, lifecycle) + watcher(core, acquirer) + configuration(core, acquirer, lifecycle)
    }

    private static func plain(_ core: CameraCore, _ acquirer: Acquirer, _ lifecycle: Lifecycle) -> [AnyCommand] {
        [
            Command<Void>(
                "acquire", "Takes images with the present settings until they are complete or somebody stops them",
                policy: CommandPolicy(.resource("acquisition"))
            ) { progress in
                let running = try await acquirer.start(.stream, origin: progress.origin)
                try await withTaskCancellationHandler {
                    if let record = try await running.end() { try record.requireNotFailed() }
                } onCancel: {
                    Task { await acquirer.stop(AcquisitionStop(.cancelled, origin: progress.origin)) }
                }
            },
            Command<Void>("start", "Starts taking images and returns", policy: parallel) { progress in
                try await acquirer.start(.stream, origin: progress.origin)
            },
            Command<Void>(
                "stop", "Ends the acquisition; images in the camera's buffer are fetched",
                policy: CameraCommands.interrupting
            ) { progress in await acquirer.stop(AcquisitionStop(.user, origin: progress.origin)) },
            Command<Void>(
                "abort", "Ends the acquisition; images in the camera's buffer are given up",
                policy: CameraCommands.interrupting
            ) { progress in
                await acquirer.stop(AcquisitionStop(.user, origin: progress.origin), discards: true)
            },
            Command<Void>("software_trigger", "Takes one image in the trigger mode software", policy: parallel) { _ in
                try await core.call("SendSoftwareTrigger", .abort) { sdk, _ in try sdk.set(.sendSoftwareTrigger) }
            },
            Command<Void>(
                "stop_camera", "Ends the acquisition and closes the camera by the site's policy",
                policy: CameraCommands.interrupting
            ) { progress in await lifecycle.close(AcquisitionStop(.user, origin: progress.origin)) },
            Command<Void>("open_camera", "Opens the camera again", policy: CommandPolicy(.resource("camera"))) { _ in
                try await lifecycle.reopen()
            },
        ]
    }

    private static func watcher(_ core: CameraCore, _ acquirer: Acquirer) -> [AnyCommand] {
        [
            Command<Void>(
                "emccd/start_acquisition_with_watcher",
                "Starts an acquisition whose images go into the pipeline; one that runs is stopped first",
                policy: parallel
            ) { progress in
                if acquirer.isBusy {
                    core.logger.warning("An acquisition runs already and is stopped")
                    await acquirer.stop(AcquisitionStop(.user, origin: progress.origin))
                }
                if acquirer.pipeline.count > 0, !core.parameters.clearsOnStart.value {
                    core.logger.warning(
                        "Images of an earlier acquisition wait in the pipeline",
                        ["images": .integer(Int64(acquirer.pipeline.count))])
                }
                try await acquirer.start(.pipeline, origin: progress.origin)
            },
            Command<Void>(
                "emccd/stop_data_watcher", "Ends the acquisition; images in the camera's buffer go into the pipeline",
                policy: CameraCommands.interrupting
            ) { progress in
                if await !acquirer.stop(AcquisitionStop(.user, origin: progress.origin)) {
                    core.logger.warning("There is no data watcher to stop")
                }
            },
            Command<Bool>(
                "emccd/data_watcher_is_working", "Whether images are still to come into the pipeline", policy: .quick
            ) { _ in acquirer.current.map { $0.delivery != .client } ?? false },
        ]
    }

    private static func configuration(
        _ core: CameraCore, _ acquirer: Acquirer, _ lifecycle: Lifecycle
    ) -> [AnyCommand] {
        [
            Command<Void>(
                "reconfig_json",
                "Reads the JSON configuration again and sends what differs; an acquisition is stopped first",
                policy: CommandPolicy(.resource("camera"))
            ) { progress in
                guard let old = core.state.withLock({ $0.config }) else {
                    throw DeviceError(
                        .wrongState, "\(core.name) has no JSON configuration; set “configuration” in its entry")
                }
                let new = try AndorConfig.load(core.settings.configuration, over: CameraSetup())
                let changed = AndorConfig.immutable.filter { old.json[$0] != new.json[$0] }
                guard changed.isEmpty else {
                    let text =
                        "the configuration was not applied: \(changed.joined(separator: ", ")) cannot change while daqd runs"
                    core.logger.warning(
                        "The configuration was not applied", ["keys": .string(changed.joined(separator: ", "))])
                    return core.say(text, alarm: Alarm(.minor, .configuration, text))
                }
                await acquirer.stop(AcquisitionStop(.user, origin: progress.origin))
                try await lifecycle.apply(new)
            }
        ]
    }
}
