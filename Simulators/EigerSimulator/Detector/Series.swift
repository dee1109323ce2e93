// Part of daqd
// SPDX-License-Identifier: MIT

/// One armed series: what it will take, and what it has taken at a given time; no clock of its own.
struct Series: Sendable {
    /// Restarts at 1 at initialize.
    let number: Int
    /// Never repeats.
    let uniqueID: String
    let mode: TriggerMode
    let imagesPerTrigger: Int
    let triggers: Int
    let countTime: Duration
    let frameTime: Duration
    let startDelay: Duration
    /// Gates that one image of `extg` adds up.
    let gatesPerImage: Int

    /// One trigger's images, from its start on.
    struct Exposure: Sendable {
        var start: Duration
        var imageTime: Duration
        var images: Int
        /// Time without an image of its own: a gate that does not complete one.
        var lead = Duration.zero

        /// When the last image is complete.
        var end: Duration { start + lead + imageTime * images }

        /// How many images are complete at that time.
        func imagesDone(at now: Duration) -> Int {
            guard now > start, imageTime > .zero else { return now >= end ? images : 0 }
            return min(images, Int((now - start) / imageTime + 1e-9))
        }

        /// When the image that is being taken at that time is complete.
        func endOfCurrentImage(at now: Duration) -> Duration {
            guard now > start else { return start }
            return min(end, start + imageTime * min(images, imagesDone(at: now) + 1))
        }
    }

    /// Triggers, gates or edges so far.
    private(set) var triggersStarted = 0
    private(set) var imagesBefore = 0
    private(set) var exposure: Exposure?
    /// Set when the series is over: how many images it has in the end.
    private(set) var finalImages: Int?
    /// Whether everything in the pipeline was thrown away.
    private(set) var wasAborted = false

    init(
        number: Int, uniqueID: String, mode: TriggerMode, imagesPerTrigger: Int, triggers: Int, countTime: Duration,
        frameTime: Duration, startDelay: Duration, gatesPerImage: Int = 1
    ) {
        self.number = number
        self.uniqueID = uniqueID
        self.mode = mode
        self.imagesPerTrigger = mode.takesOneImagePerTrigger ? 1 : imagesPerTrigger
        self.triggers = triggers
        self.countTime = countTime
        self.frameTime = frameTime
        self.startDelay = startDelay
        self.gatesPerImage = max(1, gatesPerImage)
    }

    /// Images of the whole series, if nobody ends it before; in `eies` there is one between any two edges.
    var plannedImages: Int { mode == .eies ? max(0, triggers - 1) : imagesPerTrigger * triggers }

    /// How long all its images take, without the time between triggers; zero where signals alone decide.
    var plannedTime: Duration {
        switch mode {
        case .ints, .exts: frameTime * Double(plannedImages)
        case .inte, .exte: countTime * Double(plannedImages)
        case .extg, .eies: .zero
        }
    }

    /// The longest that a detector arms for.
    static let longest = Duration.seconds(7 * 86400)

    /// Whether the last trigger, gate or edge has been given.
    var hasAllTriggers: Bool {
        mode == .extg ? triggersStarted >= plannedImages * gatesPerImage : triggersStarted >= triggers
    }

    /// Images that are complete at that time.
    func images(at now: Duration) -> Int {
        finalImages ?? imagesBefore + (exposure?.imagesDone(at: now) ?? 0)
    }

    /// When that many images will be complete; `nil` while the trigger for them is still missing.
    func time(ofImages count: Int) -> Duration? {
        guard count > imagesBefore else { return .zero }
        guard let exposure, count <= imagesBefore + exposure.images else { return nil }
        return exposure.start + exposure.imageTime * (count - imagesBefore)
    }

    /// Starts the images of one trigger.
    mutating func trigger(at now: Duration, exposureTime: Duration? = nil) {
        triggersStarted += 1
        let delay = mode == .ints || mode == .exts ? startDelay : .zero
        let imageTime = mode.takesOneImagePerTrigger ? exposureTime ?? countTime : frameTime
        exposure = Exposure(start: now + delay, imageTime: imageTime, images: imagesPerTrigger)
    }

    /// A gate of `extg`: every so many complete an image.
    mutating func gate(at now: Duration, width: Duration) {
        triggersStarted += 1
        let completes = triggersStarted % gatesPerImage == 0
        exposure = Exposure(
            start: now, imageTime: width, images: completes ? 1 : 0, lead: completes ? .zero : width)
    }

    /// An edge of `eies`: the first one begins an image, each later one ends it and begins the next.
    mutating func edge() {
        triggersStarted += 1
        if triggersStarted > 1 { imagesBefore += 1 }
    }

    /// Shortens the running exposure to the image being taken; returns when that one ends.
    mutating func cancelExposure(at now: Duration) -> Duration {
        guard var running = exposure else { return now }
        let end = running.endOfCurrentImage(at: now)
        running.images = running.imagesDone(at: end)
        exposure = running
        return end
    }

    /// Notes that the running exposure is over.
    mutating func finishExposure() {
        imagesBefore += exposure?.images ?? 0
        exposure = nil
    }

    /// Ends the series with what is complete at that time.
    mutating func end(at now: Duration, aborted: Bool) {
        guard finalImages == nil else { return }
        let taken = images(at: now)
        exposure = nil
        imagesBefore = taken
        finalImages = taken
        wasAborted = aborted
    }
}
