// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import DAQStorage

/// Turns a frame of counts into a small picture that a person can judge.
///
/// Pure: bins to at most `largestSide`, leaves masked pixels out of bins and contrast, and draws bins without any
/// valid pixel in a
/// colour of their own.
struct FramePicture {
    /// How counts become grey values.
    enum Scale: String, CaseIterable, SettingConvertible {
        case log
        case linear
    }
    /// What stands for the pixels of one bin.
    enum Binning: String, CaseIterable, SettingConvertible {
        /// The largest, so that single bright spots remain.
        case max
        /// The mean.
        case mean
    }

    var largestSide = 512
    var scale = Scale.log
    var binning = Binning.max
    /// The counts between which grey values are spread, as shares of all bins in percent.
    var lowPercentile = 1.0
    var highPercentile = 99.9
    /// Dark counts on white, as crystallographers like it.
    var inverted = false

    /// The colour of places without a valid pixel.
    static let maskColour = PNGImage.Colour(red: 40, green: 60, blue: 120)
    private static let maskIndex: UInt8 = 255
    private static let brightest = 254.0

    /// Draws a frame.
    /// - Parameters:
    ///   - mask: One value per pixel, nonzero where the pixel is not to be believed; ignored when its size differs.
    ///   - saturation: The largest count that means something.
    func draw(_ frame: HDF5Frame, mask: [UInt32]? = nil, saturation: UInt64? = nil) throws(PictureError) -> PNGImage {
        guard frame.rows > 0, frame.columns > 0,
            frame.bytes.count == frame.rows * frame.columns * frame.elementType.size
        else { throw PictureError("a frame of \(frame.rows) x \(frame.columns) pixels has \(frame.bytes.count) bytes") }
        let mask = mask?.count == frame.rows * frame.columns ? mask : nil
        let bins: Bins
        switch (frame.elementType.kind, frame.elementType.size) {
        case (.unsigned, 1): bins = bin(frame, UInt8.self, mask, saturation)
        case (.unsigned, 2): bins = bin(frame, UInt16.self, mask, saturation)
        case (.unsigned, 4): bins = bin(frame, UInt32.self, mask, saturation)
        case (.unsigned, 8): bins = bin(frame, UInt64.self, mask, saturation)
        case (.signed, 1): bins = bin(frame, Int8.self, mask, saturation)
        case (.signed, 2): bins = bin(frame, Int16.self, mask, saturation)
        case (.signed, 4): bins = bin(frame, Int32.self, mask, saturation)
        case (.signed, 8): bins = bin(frame, Int64.self, mask, saturation)
        case (.float, 4): bins = binFloats(frame, Float.self, mask)
        case (.float, 8): bins = binFloats(frame, Double.self, mask)
        default: throw PictureError("pixels of the type \(frame.elementType) cannot be drawn")
        }
        return paint(bins)
    }

    // MARK: - Bins

    /// Mean or largest count per bin; not a number where no pixel is valid.
    private struct Bins {
        var width: Int
        var height: Int
        var values: [Double]
    }

    private func bin<Pixel: FixedWidthInteger & BitwiseCopyable>(
        _ frame: HDF5Frame, _: Pixel.Type, _ mask: [UInt32]?, _ saturation: UInt64?
    ) -> Bins {
        // All bits set marks a masked pixel; 32-bit frames also use the value below for some defects.
        let unsigned = !Pixel.isSigned
        let firstFlag = Pixel.bitWidth == 32 ? Pixel.max - 1 : Pixel.max
        return unsafe bin(frame, mask) { (bytes, index) -> Double in
            let value = unsafe bytes.loadUnaligned(fromByteOffset: index * MemoryLayout<Pixel>.size, as: Pixel.self)
            if unsigned, value >= firstFlag { return .nan }
            if let saturation, value > 0, UInt64(value) > saturation { return .nan }
            return Double(value)
        }
    }

    private func binFloats<Pixel: BinaryFloatingPoint & BitwiseCopyable>(
        _ frame: HDF5Frame, _: Pixel.Type, _ mask: [UInt32]?
    ) -> Bins {
        unsafe bin(frame, mask) { (bytes, index) -> Double in
            let value = unsafe bytes.loadUnaligned(fromByteOffset: index * MemoryLayout<Pixel>.size, as: Pixel.self)
            return value.isFinite ? Double(value) : .nan
        }
    }

    @inline(__always)
    private func bin(
        _ frame: HDF5Frame, _ mask: [UInt32]?, _ pixel: (UnsafeRawBufferPointer, Int) -> Double
    ) -> Bins {
        let side = max(frame.rows, frame.columns)
        let factor = max(1, (side + largestSide - 1) / max(1, largestSide))
        let (width, height) = ((frame.columns + factor - 1) / factor, (frame.rows + factor - 1) / factor)
        var values = [Double](repeating: .nan, count: width * height)
        var counts = [Double](repeating: 0, count: width * height)
        unsafe frame.bytes.withUnsafeBytes { bytes in
            for row in 0..<frame.rows {
                for column in 0..<frame.columns {
                    let index = row * frame.columns + column
                    if let mask, mask[index] != 0 { continue }
                    let value = unsafe pixel(bytes, index)
                    if value.isNaN { continue }
                    let target = row / factor * width + column / factor
                    if counts[target] == 0 {
                        values[target] = value
                    } else {
                        values[target] = binning == .max ? max(values[target], value) : values[target] + value
                    }
                    counts[target] += 1
                }
            }
        }
        if binning == .mean {
            for index in values.indices where counts[index] > 0 { values[index] /= counts[index] }
        }
        return Bins(width: width, height: height, values: values)
    }

    // MARK: - Contrast

    private func paint(_ bins: Bins) -> PNGImage {
        let valid = bins.values.filter { !$0.isNaN }.sorted()
        func percentile(_ share: Double) -> Double {
            guard !valid.isEmpty else { return 0 }
            return valid[min(valid.count - 1, Int((Double(valid.count - 1) * share / 100).rounded()))]
        }
        let low = percentile(lowPercentile)
        let high = max(percentile(highPercentile), low)
        func stretched(_ value: Double) -> Double { scale == .log ? logarithm(1 + max(0, value - low)) : value - low }
        let range = stretched(high)
        let pixels = bins.values.map { value -> UInt8 in
            if value.isNaN { return Self.maskIndex }
            let share = range > 0 ? min(1, max(0, stretched(value) / range)) : 0
            return UInt8((share * Self.brightest).rounded())
        }
        return PNGImage(width: bins.width, height: bins.height, pixels: pixels, palette: palette)
    }

    private var palette: [PNGImage.Colour] {
        (0..<255).map { index in
            let grey = UInt8(inverted ? 254 - index : index)
            return PNGImage.Colour(red: grey, green: grey, blue: grey)
        } + [Self.maskColour]
    }
}
