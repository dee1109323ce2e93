// Part of daqd
// SPDX-License-Identifier: MIT

internal import DAQKernel

/// What a series' files say about it: the configuration as it was when armed, and the detector's pixel mask.
struct SeriesMetadata: Sendable {
    let keys: KeyStore
    let uniqueID: String
    let seriesNumber: Int
    let triggerMode: String
    /// Row-major, `[rows, columns]`.
    let mask: [UInt32]
    let rows: Int
    let columns: Int
    let format: FrameFormat
    let firstImage: Int

    /// The largest value that a pixel can count to.
    var saturationValue: UInt32 {
        switch format.bits {
        case 8: 254
        case 16: 65534
        default: UInt32(keys.count("countrate_correction_count_cutoff"))
        }
    }
}
