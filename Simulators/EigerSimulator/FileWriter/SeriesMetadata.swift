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
    /// How its files are laid out.
    let layout: FileLayout

    /// The largest value that a pixel can count to.
    var saturationValue: UInt32 {
        switch format.bits {
        case 8: 254
        case 16: 65534
        default: UInt32(keys.count("countrate_correction_count_cutoff"))
        }
    }

    /// What each exposure gives: one image per enabled threshold, or their difference alone.
    var channels: [String] {
        if keys.text("threshold/difference/mode") == "enabled" { return ["difference"] }
        let enabled = (1...4).filter { keys.text("threshold/\($0)/mode") == "enabled" }
        return (enabled.isEmpty ? [1] : enabled).map { "threshold_\($0)" }
    }

    /// The energies that belong to a channel, in eV: two for a difference.
    func energies(of channel: String) -> [Double] {
        let thresholds = channel == "difference" ? ["1", "2"] : [String(channel.dropFirst("threshold_".count))]
        return thresholds.map { keys.number("threshold/\($0)/energy") }
    }
}

/// How the files of a series are laid out.
enum FileLayout: String, Sendable, CaseIterable {
    case legacy = "hdf5 nexus legacy nxmx"
    case v2024 = "hdf5 nexus v2024.2 nxmx"
}
