// Part of daqd
// SPDX-License-Identifier: MIT

/// A family of detectors: what its members share.
///
/// Source: module sizes and gaps as pyFAI and the drivers of the families have them.
struct DetectorFamily: Sendable, Equatable {
    /// How `description` begins.
    var title: String
    /// Pixels across and down one module.
    var moduleColumns: Int
    var moduleRows: Int
    /// Insensitive columns and rows between two modules.
    var columnGap: Int
    var rowGap: Int
    /// Length of a pixel's side, in metres.
    var pixelSize: Double
    /// Number of energy thresholds.
    var thresholds: Int
    /// Bits of a pixel's counter in its usual mode.
    var readoutBits: Int64
    /// Dead time between two images, in seconds.
    var readoutSeconds: Double
    /// Pixels that never count, beside the gaps.
    var deadPixels: Int
    /// What it speaks.
    var firmware: APIVersion

    static let eiger = DetectorFamily(
        title: "Dectris Eiger", moduleColumns: 1030, moduleRows: 514, columnGap: 10, rowGap: 37,
        pixelSize: 7.50000035623088e-05, thresholds: 1, readoutBits: 12, readoutSeconds: 7.46420664654579e-06,
        deadPixels: 8, firmware: .v16)
    static let eiger2 = DetectorFamily(
        title: "Dectris EIGER2 Si", moduleColumns: 1028, moduleRows: 512, columnGap: 12, rowGap: 38,
        pixelSize: 7.5e-5, thresholds: 2, readoutBits: 16, readoutSeconds: 1e-7, deadPixels: 24, firmware: .v18)
    static let pilatus4 = DetectorFamily(
        title: "Dectris PILATUS4 Si", moduleColumns: 513, moduleRows: 255, columnGap: 7, rowGap: 20,
        pixelSize: 1.5e-4, thresholds: 4, readoutBits: 16, readoutSeconds: 1e-7, deadPixels: 24, firmware: .v18)
}
