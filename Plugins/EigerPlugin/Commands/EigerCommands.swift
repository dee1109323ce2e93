// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// What a client can call; the detector's further commands are found at run time, see ``DiscoveredCommands``.
struct EigerCommands: Sendable {
    let detector: DetectorCommands
    let series: SeriesCommands
    let modules: ModuleCommands
    let keys: KeyCommands
    let files: FileCommands

    /// To be made inside the device's factory.
    init(_ runner: SeriesRunner, _ parameters: SeriesParameters) {
        detector = DetectorCommands(runner, parameters)
        series = SeriesCommands(runner, parameters)
        modules = ModuleCommands(runner)
        keys = KeyCommands(runner)
        files = FileCommands(runner.client)
    }
}
