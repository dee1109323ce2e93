// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// The detector's memory for files.
enum DetectorMemory {
    static let key = SIMPLONKey(.filewriter, .status, "buffer_free")
    private static let fileList = SIMPLONKey(.filewriter, .status, "files")

    /// Free bytes; `nil` where the detector does not say.
    ///
    /// The first generation counts in kilobytes. Where no unit tells, the detector is known by the status key `files`, which only the
    /// second one has.
    static func free(_ table: KeyTable) -> Int64? {
        guard let number = table.value(key)?.double, number >= 0 else { return nil }
        let factor: Double =
            switch table.metadata(key)?.unit.lowercased() {
            case "kb", "kib", "kbyte", "kbytes": 1000
            case "b", "byte", "bytes": 1
            default: table.has(fileList) ? 1 : 1000
            }
        return Int64(min(number * factor, 9e18))
    }

    /// What images take, in bytes: half of their plain size, which is what compression leaves of the worst pictures.
    static func estimate(_ images: Int64, _ table: KeyTable) -> Int64 {
        func number(_ name: String) -> Double { table.value(.detector(name))?.double ?? 0 }
        let bytes = (table.value(.detector("bit_depth_image"))?.double ?? 32) / 8
        let thresholds = (1...8).filter { table.value(.detector("threshold/\($0)/mode"))?.string == "enabled" }.count
        let plain = Double(images) * number("x_pixels_in_detector") * number("y_pixels_in_detector") * bytes
        return Int64(min(plain * Double(max(1, thresholds)) / 2, 1e18))
    }
}
