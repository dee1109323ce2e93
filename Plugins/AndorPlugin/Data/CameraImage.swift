// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// What was set when an image was taken; one object for all images of an acquisition.
final class ImageContext: Sendable {
    let acquisition: String
    /// Counted from 1 since the daemon began.
    let number: Int
    let region: ImageRegion
    let exposure: Double
    let emGain: Int
    let rows: Int
    let columns: Int
    let isWide: Bool

    init(acquisition: String, number: Int, setup: CameraSetup, exposure: Double, rows: Int, columns: Int) {
        self.acquisition = acquisition
        self.number = number
        region = setup.region
        self.exposure = exposure
        emGain = setup.emGain
        self.rows = rows
        self.columns = columns
        isWide = setup.isWide
    }

    var pixels: Int { rows * columns }
    var elementType: ElementType { isWide ? .int32 : .uint16 }
    var bytes: Int { pixels * elementType.size }
}

/// One image: its pixels, written once, and where it belongs.
final class CameraImage: Sendable {
    let context: ImageContext
    /// As the SDK counts: from 1 in each acquisition.
    let index: Int
    let pixels: ArrayValue
    let received: Timestamp
    let monotonicNanoseconds: Int64
    /// The camera's own clock since the start; `nil` where it has none.
    let cameraNanoseconds: Int64?
    /// Images that the camera's buffer lost before this one.
    let lostBefore: Int
    let temperature: Double
    /// Whether the sensor was not at its set point.
    let isCooling: Bool

    init(
        _ context: ImageContext, index: Int, pixels: ArrayValue, received: Timestamp, monotonicNanoseconds: Int64,
        cameraNanoseconds: Int64?, lostBefore: Int, temperature: Double, isCooling: Bool
    ) {
        self.context = context
        self.index = index
        self.pixels = pixels
        self.received = received
        self.monotonicNanoseconds = monotonicNanoseconds
        self.cameraNanoseconds = cameraNanoseconds
        self.lostBefore = lostBefore
        self.temperature = temperature
        self.isCooling = isCooling
    }

    /// The image as the kernel's consumers get it, over the same bytes.
    func frame(_ channel: String) -> Frame {
        let pixels = pixels
        // The storage of a native array stays where it is as long as somebody holds it; the closure does.
        let buffer = unsafe pixels.bytes.withUnsafeBytes { memory in
            unsafe FrameBuffer(borrowing: memory) { withExtendedLifetime(pixels) {} }
        }
        var frame = Frame(
            shape: pixels.shape, elementType: pixels.elementType, channel: channel, index: index - 1, buffer: buffer)
        frame.acquisition = context.acquisition
        frame.lostBefore = lostBefore
        frame.received = received
        frame.monotonicNanoseconds = monotonicNanoseconds
        frame.deviceNanoseconds = cameraNanoseconds
        frame.metadata = metadata
        return frame
    }

    private var metadata: [(String, DataValue)] {
        [
            ("exposure", .float(context.exposure)), ("em_gain", .integer(Int64(context.emGain))),
            ("temperature", .float(temperature)), ("cooling", .bool(isCooling)),
        ]
    }

    /// The image with all that is known of it, for Python.
    func dictionary(lostBefore: Int) -> DataValue {
        let r = context.region
        let roi = [r.hstart, r.hend, r.vstart, r.vend].map { DataValue.integer(Int64($0)) }
        let entries: [(String, DataValue)] = [
            ("image", .array(pixels)), ("index", .integer(Int64(index))), ("acquisition", .string(context.acquisition)),
            ("timestamp", .integer(received.nanoseconds)),
            ("camera_time", cameraNanoseconds.map { .integer($0) } ?? .null),
            ("lost_before", .integer(Int64(lostBefore))), ("roi", .tuple(roi)),
            ("binning", .tuple([.integer(Int64(r.hbin)), .integer(Int64(r.vbin))])),
            ("exposure", .float(context.exposure)), ("em_gain", .integer(Int64(context.emGain))),
            ("temperature", .float(temperature)), ("cooling", .bool(isCooling)),
        ]
        return .dictionary(entries.map { DataValue.DictionaryEntry(.string($0.0), $0.1) })
    }
}

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

    func value(of image: CameraImage) -> DataValue {
        switch self {
        case .string: .string(Self.text(image))
        case .bytes: .bytes(Self.bigEndian(image))
        case .ndarray: .array(image.pixels)
        case .ndarrayC: Self.signed(image)
        }
    }

    /// Pixels of 16 bits with the high byte first; sums beyond are clipped.
    static func bigEndian(_ image: CameraImage) -> [UInt8] {
        let pixels = image.pixels
        if pixels.elementType == .uint16 {
            var bytes = pixels.bytes
            var index = 0
            while index + 1 < bytes.count {
                bytes.swapAt(index, index + 1)
                index += 2
            }
            return bytes
        }
        let sums = pixels.elements(as: Int32.self) ?? []
        return sums.flatMap { sum -> [UInt8] in
            let value = UInt16(clamping: sum)
            return [UInt8(value >> 8), UInt8(value & 0xFF)]
        }
    }

    /// Characters U+0000 to U+00FF, written as UTF-8 at once.
    private static func text(_ image: CameraImage) -> String {
        let bytes = bigEndian(image)
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

    private static func signed(_ image: CameraImage) -> DataValue {
        let pixels = image.pixels
        let shape = [image.context.columns, image.context.rows]
        if pixels.elementType == .uint16, let array = ArrayValue(.int16, shape: shape, bytes: pixels.bytes) {
            return .array(array)
        }
        return .array(pixels)
    }
}
