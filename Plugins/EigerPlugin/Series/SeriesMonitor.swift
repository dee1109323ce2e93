// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// The parameters that tell how the running series goes.
struct SeriesMonitor: Sendable {
    let files = FileMonitor()
    let secondsRemaining = Parameter(
        "series/seconds_remaining", "Until the last image; 0 when no series runs", unit: "s", access: .read,
        precision: 1, initial: 0.0)
    let seriesNumber = Parameter(
        "series/number", "The detector's number of the series", access: .read, initial: Int64(-1))
    let phase = Parameter<SeriesPhase>("series/phase", "Where the series stands", access: .read, initial: .idle)
    let isArmed = Parameter("series/armed", "Whether the detector waits for a trigger", access: .read, initial: false)
    let isAcquiring = Parameter(
        "series/acquiring", "From the start of a series until its images are taken or a stop is asked for",
        access: .read, initial: false)
    let triggersGiven = Parameter(
        "series/triggers_given", "Software triggers of the series so far", access: .read, initial: 0)
    let message = Parameter("message", "What the device does, in one sentence", access: .read, initial: "")

    /// To be made inside the device's factory.
    init() {}

    /// How a series ended; in alarm when it failed, until the device has something else to say.
    func tell(_ record: AcquisitionRecord) {
        let text = "Series \(record.state.rawValue): \(record.result ?? "")"
        if record.state == .failed { tell(failure: text) } else { message.publish(text) }
    }

    /// What was refused or went wrong.
    func tell(failure text: String) { message.publish(text, alarm: Alarm(.major, .state, text), at: .now()) }

    /// What the device does unasked; it does not hide why a series failed.
    func remark(_ text: String) {
        if !message.sample.alarm.isActive { message.publish(text) }
    }

    func enter(_ newPhase: SeriesPhase) {
        phase.publish(newPhase)
        let armed = newPhase == .armed || newPhase == .acquiring
        if isArmed.value != armed { isArmed.publish(armed) }
        let acquiring = armed || newPhase == .preparing
        if isAcquiring.value != acquiring { isAcquiring.publish(acquiring) }
    }
}

/// Where a series stands.
enum SeriesPhase: String, Choice, Sendable {
    case idle, preparing, armed, acquiring, stopping, collecting
}
