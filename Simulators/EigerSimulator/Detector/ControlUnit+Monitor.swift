// Part of daqd
// SPDX-License-Identifier: MIT

internal import DAQKernel

/// Which images of the running series the monitor still has to see.
struct MonitorFeed: Sendable {
    let serial: Int
    let metadata: SeriesMetadata
    let ring: FrameRing
    /// Every so many images one is shown, so that there are no more than ten a second.
    let step: Int
    /// The next image, counted from 0.
    var next = 0
}

extension ControlUnit {
    /// The least time between two images that the monitor takes, in seconds.
    private static let monitorPeriod = 0.1

    /// Lets the monitor see the images of a series, if it is on.
    func startMonitor(_ serial: Int, _ made: Series, _ ring: FrameRing, _ metadata: SeriesMetadata) {
        monitorBuffer.resetDropped()
        guard monitor.text("mode") == "enabled" else { return }
        let frame = max(made.frameTime / .seconds(1), 1e-9)
        let isRegular = made.mode == .ints || made.mode == .exts
        let step = isRegular ? Int(max(1, (Self.monitorPeriod / frame - 1e-6).rounded(.up))) : 1
        monitorFeed = MonitorFeed(serial: serial, metadata: metadata, ring: ring, step: step)
        Task {
            while let feed = monitorFeed, feed.serial == serial, let now = series[serial], now.finalImages == nil {
                await pause(until: now.time(ofImages: feed.next + 1))
                feedMonitor()
            }
        }
    }

    /// Shows the monitor what is complete now.
    func feedMonitor() {
        guard var feed = monitorFeed, let series = series[feed.serial] else { return }
        let done = series.images(at: clock.now)
        guard feed.next < done else { return }
        let thresholds = enabledThresholds(feed.metadata.keys)
        while feed.next < done {
            let image = MonitorImage(
                metadata: feed.metadata, ring: feed.ring, index: feed.next, date: DateText.nanoseconds(),
                thresholds: thresholds)
            monitorBuffer.offer(
                image, capacity: monitor.count("buffer_size"), discardsNew: monitor.isOn("discard_new"))
            feed.next += feed.step
        }
        monitorFeed = feed
        wakeAll()
    }

    /// The thresholds whose images are read out; at least one.
    private func enabledThresholds(_ keys: KeyStore) -> [Int] {
        let enabled = (1...model.thresholds).filter { keys.text("threshold/\($0)/mode") == "enabled" }
        return enabled.isEmpty ? [1] : enabled
    }

    /// The newest image, or the oldest, which then goes; waits for one at most that long (not of the detector's time).
    func monitorImage(isNext: Bool, milliseconds: Int) async throws(Refusal) -> (MonitorImage, threshold: Int) {
        let end = clock.now + .milliseconds(milliseconds) * options.speed
        while true {
            if isNext, let taken = monitorBuffer.takeNext() { return taken }
            if !isNext, let shown = shownImage() { return (shown, shown.thresholds.first ?? 1) }
            guard clock.now < end else { throw Refusal(status: 408, text: "no image within \(milliseconds) ms") }
            await pause(until: end)
        }
    }

    /// The newest image; an odd unit shows the one before it every second time.
    private func shownImage() -> MonitorImage? {
        guard quirks.contains(.monitorOutOfOrder), let before = monitorBuffer.before else {
            return monitorBuffer.newest
        }
        monitorShowsBefore.toggle()
        return monitorShowsBefore ? before : monitorBuffer.newest
    }

    /// One image of the list.
    func monitorImage(series: Int, id: Int) -> MonitorImage? { monitorBuffer.image(series: series, id: id) }

    /// What `monitor/status/…` says.
    func monitorStatus(_ name: String) -> JSON {
        switch name {
        case "state": monitorBuffer.isOverflowing ? "overflow" : "normal"
        case "buffer_fill_level":
            .array([.integer(Int64(monitorBuffer.images.count)), monitor["buffer_size"]])
        case "buffer_free":
            .integer(
                max(0, 1 << 30 - Int64(monitorBuffer.images.count) * Int64(model.pixels) * 4))
        case "dropped": .integer(Int64(monitorBuffer.dropped))
        case "monitor_image_number": Self.numbers(monitorBuffer.newest)
        case "next_image_number": Self.numbers(monitorBuffer.images.first)
        default: .array([])
        }
    }

    /// Series, image, start, end and real time in nanoseconds, as the first generation tells them.
    private static func numbers(_ image: MonitorImage?) -> JSON {
        guard let image else { return .null }
        let period = Int64(image.metadata.keys.number("frame_time") * 1e9)
        let exposure = Int64(image.metadata.keys.number("count_time") * 1e9)
        let start = Int64(image.index) * period
        return .array([
            .integer(Int64(image.series)), .integer(Int64(image.id)), .integer(start), .integer(start + exposure),
            .integer(exposure),
        ])
    }
}
