// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// What was set when an image was taken; one object for all images of an acquisition.
final class ImageContext: Sendable {
    let acquisition: String
    /// Counted from 1 since the daemon began.
    let number: Int
    let region: ImageRegion
    /// In seconds, as the camera makes it at present: some triggers let it be changed from image to image.
    private let presentExposure: @Sendable () -> Double
    let emGain: Int
    let rows: Int
    let columns: Int
    let isWide: Bool
    /// Rows and columns.
    let shape: [Int]

    init(
        acquisition: String, number: Int, setup: CameraSetup, exposure: @escaping @Sendable () -> Double, rows: Int,
        columns: Int
    ) {
        self.acquisition = acquisition
        self.number = number
        region = setup.region
        presentExposure = exposure
        emGain = setup.emGain
        self.rows = rows
        self.columns = columns
        isWide = setup.isWide
        shape = [rows, columns]
    }

    var exposure: Double { presentExposure() }
    var pixels: Int { rows * columns }
    var elementType: ElementType { isWide ? .int32 : .uint16 }
    var bytes: Int { pixels * elementType.size }
}

/// One image: a place in a batch; its pixels were written once and stay where they are.
struct CameraImage: Sendable {
    let batch: ImageBatch
    let place: Int

    var context: ImageContext { batch.context }
    /// As the SDK counts: from 1 in each acquisition.
    var index: Int { batch.first + place }

    /// Rows and columns of pixels, over the batch's memory.
    var pixels: ArrayValue {
        ArrayValue(context.elementType, shape: context.shape, buffer: batch.buffer(place..<place + 1))
            ?? ArrayValue([UInt16]())
    }

    /// The same as a command's result: a large one by reference, a small one in memory of its own.
    ///
    /// Small ones stay in the list of operations, the last thousand, and each would hold a whole block of the pool.
    var result: ArrayValue {
        let pixels = pixels
        guard pixels.byteCount <= Operation.largeResult else { return pixels }
        return ArrayValue(pixels.elementType, shape: pixels.shape, bytes: pixels.bytes) ?? pixels
    }

    /// The image with all that is known of it, for Python.
    func dictionary(lostBefore: Int) -> DataValue {
        let r = context.region
        let roi = [r.hstart, r.hend, r.vstart, r.vend].map { DataValue.integer(Int64($0)) }
        let entries: [(String, DataValue)] = [
            ("image", .array(result)), ("index", .integer(Int64(index))), ("acquisition", .string(context.acquisition)),
            ("timestamp", .integer(batch.received.nanoseconds)),
            ("camera_time", batch.cameraNanoseconds(place).map { .integer($0) } ?? .null),
            ("lost_before", .integer(Int64(lostBefore))), ("roi", .tuple(roi)),
            ("binning", .tuple([.integer(Int64(r.hbin)), .integer(Int64(r.vbin))])),
            ("exposure", .float(batch.exposure)), ("em_gain", .integer(Int64(context.emGain))),
            ("temperature", .float(batch.temperature)), ("cooling", .bool(batch.isCooling)),
        ]
        return .dictionary(entries.map { DataValue.DictionaryEntry(.string($0.0), $0.1) })
    }
}

/// Neighbours of one batch; the unit in which images are handed on.
struct ImageRun: Sendable {
    let batch: ImageBatch
    var places: Range<Int>

    var count: Int { places.count }
    var bytes: Int { places.count * batch.context.bytes }
    var firstIndex: Int { batch.first + places.lowerBound }
    var lastIndex: Int { batch.first + places.upperBound - 1 }
    var images: [CameraImage] { places.map { CameraImage(batch: batch, place: $0) } }

    /// The first images, which are taken off.
    mutating func take(_ number: Int) -> ImageRun {
        let taken = ImageRun(batch: batch, places: places.prefix(number))
        places = places.dropFirst(number)
        return taken
    }
}
