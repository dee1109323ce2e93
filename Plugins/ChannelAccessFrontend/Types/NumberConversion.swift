// Part of daqd
// SPDX-License-Identifier: MIT

/// Numbers of one type as another, where the wire asks for it.
///
/// Floats lose their fraction and stop at the ends of the integer's range; wider integers keep their low bits, as an IOC
/// has it; a float that does not fit 32 bits becomes the nearest that does.
enum NumberConversion {
    /// Truncated towards zero, at most the ends of the type; 0 for what is not a number.
    @inline(__always)
    static func saturated<Target: FixedWidthInteger>(_ value: Double, to _: Target.Type = Target.self) -> Target {
        if let exact = Target(exactly: value.rounded(.towardZero)) { return exact }
        if value.isNaN { return 0 }
        return value < 0 ? .min : .max
    }

    /// A 64-bit number in 32 bits; infinities and what is not a number stay.
    @inline(__always)
    static func narrowed(_ value: Double) -> Float {
        let narrow = Float(value)
        if narrow.isInfinite, value.isFinite {
            return value < 0 ? -Float.greatestFiniteMagnitude : .greatestFiniteMagnitude
        }
        if value != 0, abs(value) < Double(Float.leastNormalMagnitude) {
            return value < 0 ? -Float.leastNormalMagnitude : .leastNormalMagnitude
        }
        return narrow
    }
}
