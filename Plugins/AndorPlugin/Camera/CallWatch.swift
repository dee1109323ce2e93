// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// Shows a call of the SDK that takes unusually long, while it does.
///
/// It looks at the gate and never waits behind it: whoever does sees such a call only when it has ended.
struct CallWatch: Sendable {
    let core: CameraCore

    /// Looks every second, until it is cancelled.
    func run() async throws {
        let pace = min(.seconds(1), core.settings.stuckCallAfter)
        while true {
            show()
            try await Task.sleep(for: pace)
        }
    }

    private func show() {
        let shown = core.parameters.presentCall
        guard let present = core.gate.present, present.for > core.settings.stuckCallAfter else {
            if !shown.value.isEmpty { shown.publish("", alarm: .none, at: .now()) }
            return
        }
        let text = "\(present.name) for \(Int(present.for.seconds)) s"
        guard shown.value != text else { return }
        if shown.value.isEmpty {
            core.logger.warning("A call of the SDK takes unusually long", ["call": .string(present.name)])
        }
        shown.publish(text, alarm: Alarm(.minor, .communication, "the SDK has not returned from \(text)"), at: .now())
    }
}
