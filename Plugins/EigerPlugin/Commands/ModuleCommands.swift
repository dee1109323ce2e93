// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// Commands of the modules beside the detector.
struct ModuleCommands: Sendable {
    let clearFiles: Command<Void>
    let initializeFilewriter: Command<Void>
    let clearMonitor: Command<Void>
    let initializeMonitor: Command<Void>
    let initializeStream: Command<Void>

    /// To be made inside the device's factory.
    init(_ runner: SeriesRunner) {
        let force = Argument<Bool>("force", "Must be true: files of everybody are lost", default: false)
        clearFiles = Command(
            "filewriter/command/clear", "Removes all files from the detector, whoever made them", force,
            policy: CommandPolicy(isDangerous: true)
        ) { _, force in try await Self.destroy(runner, "clear", force) }
        initializeFilewriter = Command(
            "filewriter/command/initialize", "Initializes the filewriter; all files on the detector are lost", force,
            policy: CommandPolicy(isDangerous: true)
        ) { _, force in try await Self.destroy(runner, "initialize", force) }
        clearMonitor = Command(
            "monitor/command/clear", "Empties the monitor's buffer", policy: CommandPolicy(.parallel)
        ) {
            _ in try await Self.send(runner, "clear", .monitor)
        }
        initializeMonitor = Command("monitor/command/initialize", "Initializes the monitor, which is off afterwards") {
            _ in try await Self.send(runner, "initialize", .monitor)
        }
        initializeStream = Command(
            "stream/command/initialize", "Initializes the stream, which is off afterwards; kills a running stream"
        ) { _ in
            try runner.requireNoSeries("initialize the stream")
            try await Self.send(runner, "initialize", .stream)
        }
    }

    private static func destroy(_ runner: SeriesRunner, _ name: String, _ force: Bool) async throws {
        guard force else {
            throw DeviceError(
                .badArguments,
                "filewriter/command/\(name) destroys every file on \(runner.context.name), whoever made it; call it with force = true"
            )
        }
        try runner.requireNoSeries("\(name) the filewriter")
        try await send(runner, name, .filewriter)
    }

    /// Sends a command and reads the module's settings, which it may have changed.
    static func send(
        _ runner: SeriesRunner, _ name: String, _ module: SIMPLONKey.Module, argument: JSON? = nil
    ) async throws {
        let keys = runner.lifecycle.keys
        try keys.commands.require(name, of: module, device: runner.context.name)
        try await runner.client.command(name, of: module, argument: argument, within: runner.client.limits.initialize)
        if name == "initialize" { runner.configurator.forget() }
        await keys.refresh(module: module)
    }
}
