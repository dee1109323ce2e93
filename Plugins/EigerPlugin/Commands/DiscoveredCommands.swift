// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// Commands that the detector lists and that this plugin does not know: a new firmware's become commands of the device.
enum DiscoveredCommands {
    /// Those that have a command of their own here, with everything that they need.
    private static let known: [SIMPLONKey.Module: Set<String>] = [
        .detector: [
            "initialize", "arm", "trigger", "disarm", "cancel", "abort", "status_update", "check_connections",
            "hv_reset",
        ],
        .filewriter: ["clear", "initialize"], .monitor: ["clear", "initialize"], .stream: ["initialize"],
        .system: ["restart"],
    ]

    /// Those that must be confirmed.
    private static let dangerous: Set<String> = ["reboot", "shutdown", "delete_logs"]

    /// Adds what is new; a command that the present detector does not have any more refuses by itself.
    static func add(_ runner: SeriesRunner) {
        for (module, name) in runner.lifecycle.keys.commands.all where known[module]?.contains(name) != true {
            let path = "\(module.rawValue)/command/\(name)"
            guard runner.lifecycle.keys.commands.offer(path) else { continue }
            do {
                try runner.context.add(command(path, module, name, runner))
            } catch {
                runner.context.logger.warning(
                    "A command of the detector cannot be offered",
                    ["command": .string(path), "error": .string(error.message)])
            }
        }
    }

    private static func command(
        _ path: String, _ module: SIMPLONKey.Module, _ name: String, _ runner: SeriesRunner
    ) -> Command<Void> {
        Command(
            path, "SIMPLON command \(path)",
            Argument<DataValue?>("value", "Sent as the command's value; most commands take none"),
            policy: CommandPolicy(isDangerous: dangerous.contains(name))
        ) { [weak runner] _, value in
            guard let runner else { throw DeviceError(.unavailable, "the device is being stopped") }
            try runner.requireNoSeries("carry out \(path)")
            try await ModuleCommands.send(runner, name, module, argument: value?.json)
            await runner.lifecycle.look()
        }
    }
}
