// Part of daqd
// SPDX-License-Identifier: MIT

internal import DAQKernel

/// One image that the monitor holds; its pixels are made when somebody asks for them.
struct MonitorImage: Sendable {
    let metadata: SeriesMetadata
    let ring: FrameRing
    /// Counted from 0 over the series.
    let index: Int
    /// When it was taken.
    let date: String
    /// Thresholds that `next` has not given away yet.
    var thresholds: [Int]

    /// The number under which it is listed, from 1.
    var id: Int { index + 1 }
    /// The series it belongs to.
    var series: Int { metadata.seriesNumber }
}

/// The monitor's memory: a few images, the newest always within reach; no clock, no lock.
///
/// Source: SIMPLON 1.8, `monitor/images`.
struct MonitorBuffer: Sendable {
    private(set) var images: [MonitorImage] = []
    private(set) var newest: MonitorImage?
    private(set) var before: MonitorImage?
    /// Images that found no room.
    private(set) var dropped = 0
    /// Whether the last image found no room.
    private(set) var isOverflowing = false

    /// Takes an image in; when there is no room either it or the oldest one goes.
    mutating func offer(_ image: MonitorImage, capacity: Int, discardsNew: Bool) {
        before = newest
        newest = image
        isOverflowing = images.count >= capacity
        if isOverflowing { dropped += 1 }
        if isOverflowing, discardsNew { return }
        images.append(image)
        if images.count > capacity { images.removeFirst(images.count - capacity) }
    }

    /// The oldest image and a threshold of it; the image goes when all its thresholds were given away.
    mutating func takeNext() -> (MonitorImage, threshold: Int)? {
        guard var image = images.first else { return nil }
        let threshold = image.thresholds.isEmpty ? 1 : image.thresholds.removeFirst()
        if image.thresholds.isEmpty {
            images.removeFirst()
            isOverflowing = false
        } else {
            images[0] = image
        }
        return (image, threshold)
    }

    /// The image of that series and number.
    func image(series: Int, id: Int) -> MonitorImage? { images.first { $0.series == series && $0.id == id } }

    /// Forgets all but the newest.
    mutating func clear() {
        images = []
        isOverflowing = false
    }

    /// Begins to count anew, at arm.
    mutating func resetDropped() { dropped = 0 }

    /// `[[series, [id, …]], …]`, as `images/` answers.
    var listing: JSON {
        var groups: [(series: Int, ids: [JSON])] = []
        for image in images {
            if groups.last?.series != image.series { groups.append((image.series, [])) }
            groups[groups.count - 1].ids.append(.integer(Int64(image.id)))
        }
        return .array(groups.map { .array([.integer(Int64($0.series)), .array($0.ids)]) })
    }
}
