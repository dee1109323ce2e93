// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// An image of the detector's monitor: plain unsigned pixels in one strip, and what the detector says of them in private tags.
///
/// Source: SIMPLON API, monitor interface; TIFF tag 51192 leads to a directory of DECTRIS's own.
struct MonitorImage: Sendable, Equatable {
    /// Rows of the image, top first.
    var rows: Int
    var columns: Int
    /// 8, 16 or 32.
    var bits: Int
    /// Pixels, little-endian, row-major.
    var pixels: [UInt8]
    /// The detector's number of the series, from 1; `nil` where the firmware does not tell.
    var series: Int64?
    /// Number of the image in its series; `nil` where the firmware does not tell.
    var number: Int64?
    var seriesID: String?
    /// When it was taken, in the detector's own words.
    var date: String?
    var thresholds: [UInt32]
    /// In eV.
    var thresholdEnergies: [Double]
    /// In seconds.
    var exposureSeconds: Double?
    /// In eV.
    var incidentEnergy: Double?

    /// The largest detectors have 18 million pixels.
    private static let pixelLimit = 1 << 26

    /// - Throws: ``WireError`` for anything but one uncompressed strip of 8, 16 or 32 bits that is whole.
    init(decoding bytes: [UInt8]) throws(WireError) {
        let file = try TIFFFile(bytes)
        let entries = try file.directory(at: try file.firstDirectory())
        func one(_ tag: UInt16, _ name: String, default standard: UInt32? = nil) throws(WireError) -> Int {
            guard let values = entries[tag] else {
                guard let standard else { throw WireError("the TIFF file has no \(name)") }
                return Int(standard)
            }
            guard let number = values.whole else { throw WireError("the TIFF file's \(name) is not one number") }
            return Int(number)
        }
        columns = try one(256, "width")
        rows = try one(257, "height")
        bits = try one(258, "bits per sample")
        guard try one(259, "compression", default: 1) == 1 else { throw WireError("the TIFF file is compressed") }
        guard try one(277, "samples per pixel", default: 1) == 1 else { throw WireError("the TIFF file has colours") }
        guard try one(339, "sample format", default: 1) == 1 else {
            throw WireError("the TIFF file's pixels are not unsigned")
        }
        guard [8, 16, 32].contains(bits) else { throw WireError("the TIFF file has pixels of \(bits) bits") }
        guard columns > 0, rows > 0, columns <= 65535, rows <= 65535, columns * rows <= Self.pixelLimit else {
            throw WireError("the TIFF file has \(columns) × \(rows) pixels")
        }
        guard try one(278, "rows per strip", default: UInt32(rows)) >= rows else {
            throw WireError("the TIFF file has more than one strip")
        }
        let start = try one(273, "strip offset")
        let length = try one(279, "strip size")
        guard length == columns * rows * bits / 8 else {
            throw WireError("the TIFF file's strip has \(length) bytes for \(columns) × \(rows) pixels of \(bits) bits")
        }
        guard start >= 8, start + length <= bytes.count else {
            throw WireError("the TIFF file's strip lies beyond its end")
        }
        pixels = Array(bytes[start..<start + length])
        thresholds = []
        thresholdEnergies = []
        if let place = entries[51192] {
            guard let offset = place.whole else { throw WireError("the TIFF file's private tag is not one offset") }
            adopt(try file.directory(at: Int(offset)))
        }
    }

    private mutating func adopt(_ entries: [UInt16: TIFFFile.Values]) {
        seriesID = entries[1]?.text
        series = entries[2]?.whole.map(Int64.init)
        number = entries[3]?.whole.map(Int64.init)
        date = entries[4]?.text
        thresholds = entries[5]?.wholes ?? []
        thresholdEnergies = entries[6]?.reals ?? []
        exposureSeconds = entries[7]?.reals.first
        incidentEnergy = entries[9]?.reals.first
    }
}
