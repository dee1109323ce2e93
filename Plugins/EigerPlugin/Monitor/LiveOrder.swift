// Part of daqd
// SPDX-License-Identifier: MIT

/// Tells newer monitor images from those that come late or again: no clock, no socket.
///
/// The detector's monitor repeats images and hands them out of order.
struct LiveOrder: Sendable, Equatable {
    private var series: Int64?
    private var number: Int64?
    /// For firmware that does not number its images.
    private var lastUnnumbered: MonitorImage?

    /// Whether an image is newer than all before; then it is the newest.
    mutating func accepts(_ image: MonitorImage) -> Bool {
        guard let newSeries = image.series, let newNumber = image.number else {
            defer { lastUnnumbered = image }
            return lastUnnumbered != image
        }
        if let series, let number, (newSeries, newNumber) <= (series, number) { return false }
        (series, number) = (newSeries, newNumber)
        return true
    }

    /// A new beginning: the detector counts from 1 again after an initialize.
    mutating func forget() { self = LiveOrder() }
}
