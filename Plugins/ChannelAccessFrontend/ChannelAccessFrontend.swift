// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// Shows devices to EPICS clients.
final class ChannelAccessFrontend: Frontend {
    static let factory = FrontendFactory(
        "channel_access", summary: "EPICS Channel Access: process variables for the beamline's clients",
        settings: ServedNames.settings
    ) { settings, context in
        ChannelAccessFrontend(try ServedNames(settings, context))
    }

    private let served: ServedNames

    init(_ served: ServedNames) { self.served = served }

    func start() async throws { served.open() }

    func run() async throws {
        while !Task.isCancelled {
            try await Task.sleep(nanoseconds: 1_000_000_000)
            served.tick()
        }
    }

    func stop() async { await served.close() }

    func names() -> [ServedName] { served.directory.names }
}
