// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// The detector's monitor by hand: what it holds, and single images of it.
struct MonitorCommands: Sendable {
    let images: Command<DataValue>
    let image: Command<DataValue>
    let next: Command<DataValue>
    let latest: Command<DataValue>

    /// To be made inside the device's factory.
    init(_ raw: RawClient, _ live: LiveParameters) {
        let parallel = CommandPolicy(.parallel)
        images = Command(
            "monitor/images", "What the monitor holds: series and the numbers of its images", policy: parallel
        ) { _ in
            try await raw.images()
        }
        image = Command(
            "monitor/image", "One image of the monitor, [rows, columns]",
            Argument<Int64>("series", "The detector's number of the series"),
            Argument<Int64>("id", "Number of the image in its series"), policy: parallel
        ) { _, series, id in
            let image = try await raw.image(.exactly(series: series, number: id), wait: .zero)
            guard let image else {
                throw DeviceError(.notFound, "the monitor has no image \(id) of series \(series) any more")
            }
            return try image.array()
        }
        next = Command("monitor/next", "The monitor's oldest image, which is removed there", policy: parallel) { _ in
            try await Self.one(raw, .next, live)
        }
        latest = Command("monitor/latest", "The monitor's newest image", policy: parallel) { _ in
            try await Self.one(raw, .newest, live)
        }
    }

    private static func one(_ raw: RawClient, _ choice: RawClient.Choice, _ live: LiveParameters) async throws
        -> DataValue
    {
        let wait = Duration.milliseconds(live.timeout.value)
        guard let image = try await raw.image(choice, wait: wait) else {
            throw DeviceError(.notFound, "the monitor had no image within \(live.timeout.value) ms")
        }
        return try image.array()
    }
}

extension MonitorImage {
    /// The pixels as a value.
    fileprivate func array() throws(DeviceError) -> DataValue {
        let type: ElementType = bits == 8 ? .uint8 : bits == 16 ? .uint16 : .uint32
        guard let array = ArrayValue(type, shape: [rows, columns], bytes: pixels) else {
            throw DeviceError(.failed, "an image of \(rows) × \(columns) pixels has \(pixels.count) bytes")
        }
        return .array(array)
    }
}
