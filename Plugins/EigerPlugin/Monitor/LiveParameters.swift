// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// The newest image as parameters: small enough for displays, with what a person wants to know at a glance.
struct LiveParameters: Sendable {
    let image: Parameter<DataValue>
    let least = Parameter(
        "live/min", "Least value of the image's pixels; masked ones do not count", access: .read, initial: Int64(0))
    let greatest = Parameter(
        "live/max", "Greatest value of the image's pixels; masked ones do not count", access: .read, initial: Int64(0))
    let sum = Parameter(
        "live/sum", "Sum of the image's pixels; masked ones do not count", access: .read, initial: Int64(0))
    let number = Parameter("live/number", "Number of the image in its series, from 1", access: .read, initial: Int64(0))
    let series = Parameter(
        "live/series", "The detector's number of the image's series", access: .read, initial: Int64(0))
    let seconds = Parameter(
        "live/seconds", "When the image came here, in seconds since 1990", unit: "s", access: .read, precision: 3,
        initial: 0.0)
    let skipped = Parameter(
        "live/skipped", "Monitor images that were not newer than the one before", access: .read, initial: Int64(0))
    let enabled: Parameter<Bool>
    let timeout = Parameter(
        "live/timeout", "How long the detector may wait for a new image", unit: "ms", limits: 0...10_000, initial: 500,
        autosave: true)

    /// Displays get no more pixels than this; that is a 4M detector whole.
    static let pixelLimit = 4_500_000
    /// Between the Unix epoch and that of EPICS, in seconds.
    private static let epoch = 631_152_000.0

    /// To be made inside the device's factory.
    init(_ settings: EigerSettings) {
        var metadata = ParameterMetadata(
            "The newest image, [rows, columns]; of the largest detectors each 2 × 2 pixels by their greatest",
            type: .array(.uint32, capacity: [4400, 4200]))
        metadata.access = .read
        image = Parameter<DataValue>(ParameterSpec("live/image", metadata))
        enabled = Parameter(
            "live/enabled", "Whether images are taken from the detector's monitor, at most ten per second",
            initial: settings.liveSource == .monitor, autosave: true)
    }

    func publish(_ picture: MonitorImage, at time: Timestamp) {
        let statistics = ImageStatistics(picture)
        let small = picture.binned(to: Self.pixelLimit)
        let type: ElementType = small.bits == 8 ? .uint8 : small.bits == 16 ? .uint16 : .uint32
        if let array = ArrayValue(type, shape: [small.rows, small.columns], bytes: small.pixels) {
            image.updateMetadata { $0.type = .array(type, capacity: [small.rows, small.columns]) }
            image.publish(.array(array), alarm: .none, at: time)
        }
        least.publish(Int64(statistics.least))
        greatest.publish(Int64(statistics.greatest))
        sum.publish(Int64(clamping: statistics.sum))
        series.publish(picture.series ?? 0)
        seconds.publish(Double(time.nanoseconds) * 1e-9 - Self.epoch)
        // Last: who waits for the number finds the rest there.
        number.publish(picture.number ?? 0)
    }
}
