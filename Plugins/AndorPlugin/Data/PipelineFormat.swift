// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// How `get_data_from_pipeline` hands an image out.
enum PipelineFormat: String, Choice, Sendable {
    /// Two characters for each pixel, the high byte first: what the Python driver documents.
    case string
    /// The same as bytes.
    case bytes
    /// What the last Python driver returned: 16 bits, signed, first dimension the columns of the sensor.
    case ndarrayC = "ndarray-c"
    /// 16 bits, unsigned, rows and columns.
    case ndarray

    /// - Parameter pixels: Rows and columns, of 16 bits, or of 32 where scans were added.
    func value(of pixels: ArrayValue) -> DataValue {
        switch self {
        case .string: .string(Self.text(pixels))
        case .bytes: .bytes(Self.bigEndian(pixels))
        case .ndarray: .array(pixels)
        case .ndarrayC: Self.signed(pixels)
        }
    }

    /// Pixels of 16 bits with the high byte first; sums beyond are clipped.
    static func bigEndian(_ pixels: ArrayValue) -> [UInt8] {
        guard pixels.elementType == .uint16 else {
            let sums = pixels.elements(as: Int32.self) ?? []
            return sums.flatMap { sum -> [UInt8] in
                let value = UInt16(clamping: sum)
                return [UInt8(value >> 8), UInt8(value & 0xFF)]
            }
        }
        return unsafe pixels.withBytes { raw in
            unsafe [UInt8](unsafeUninitializedCapacity: raw.count) { buffer, count in
                for index in stride(from: 0, to: raw.count - 1, by: 2) {
                    unsafe buffer[index] = raw[index + 1]
                    unsafe buffer[index + 1] = raw[index]
                }
                count = raw.count & ~1
            }
        }
    }

    /// Characters U+0000 to U+00FF, written as UTF-8 at once.
    private static func text(_ pixels: ArrayValue) -> String {
        let bytes = bigEndian(pixels)
        let high = bytes.reduce(0) { $0 + Int($1 >> 7) }
        return unsafe String(unsafeUninitializedCapacity: bytes.count + high) { buffer in
            var place = 0
            for byte in bytes {
                if byte < 0x80 {
                    unsafe buffer[place] = byte
                    place += 1
                } else {
                    unsafe buffer[place] = 0xC0 | byte >> 6
                    unsafe buffer[place + 1] = 0x80 | byte & 0x3F
                    place += 2
                }
            }
            return place
        }
    }

    private static func signed(_ pixels: ArrayValue) -> DataValue {
        guard pixels.elementType == .uint16,
            let array = ArrayValue(.int16, shape: pixels.shape.reversed(), bytes: pixels.bytes)
        else { return .array(pixels) }
        return .array(array)
    }
}
