// Part of daqd
// SPDX-License-Identifier: MIT

internal import DAQStorage

extension MonitorImage {
    /// The TIFF of one threshold, as the monitor delivers it.
    func tiff(threshold: Int, firmware: APIVersion) throws -> [UInt8] {
        let mark = FrameMark(
            image: UInt32(truncatingIfNeeded: index), series: UInt16(truncatingIfNeeded: metadata.seriesNumber))
        let pixels = try ring.pixels(mark, channel: threshold - 1, count: metadata.rows * metadata.columns)
        var image = TIFFImage(columns: metadata.columns, rows: metadata.rows, bitsPerPixel: metadata.format.bits)
        if firmware != .v16 { image.details = details(threshold) }
        return image.encode(pixels)
    }

    /// The private directory, in the order of its tags.
    private func details(_ threshold: Int) -> [TIFFImage.Entry] {
        let keys = metadata.keys
        return [
            .long(0x0000, 0), .text(0x0001, metadata.uniqueID), .long(0x0002, UInt32(clamping: series)),
            .long(0x0003, UInt32(clamping: id)), .text(0x0004, date), .short(0x0005, [UInt16(clamping: threshold)]),
            .double(0x0006, [keys.number("threshold/\(threshold)/energy")]),
            .double(0x0007, [keys.number("count_time")]), .double(0x0009, [keys.number("incident_energy")]),
            .double(0x000A, [keys.number("wavelength")]), .long(0x0012, 0),
            .double(0x0016, [keys.number("beam_center_x"), keys.number("beam_center_y")]),
            .double(0x0017, [keys.number("detector_distance")]),
        ]
    }
}
