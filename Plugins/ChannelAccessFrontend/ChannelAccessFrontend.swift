// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// Shows devices to EPICS clients.
final class ChannelAccessFrontend: Frontend {
    static let factory = FrontendFactory(
        "channel_access", summary: "EPICS Channel Access: process variables for the beamline's clients",
        settings: []
    ) { _, context in
        ChannelAccessFrontend(context)
    }

    private let context: FrontendContext

    init(_ context: FrontendContext) { self.context = context }

    func start() async throws {}

    func stop() async {}
}
