// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// What one look into the camera's buffer brought.
enum BufferLook: Sendable {
    /// Images, and how many were overwritten before them.
    case images(ImageBatch)
    /// Nothing new yet.
    case nothing
    /// The camera is idle and everything was fetched; so many images it took in all.
    case over(total: Int)
}

/// Images that came in one copy.
struct ImageBatch: Sendable {
    let range: ClosedRange<Int>
    /// Images before them that were overwritten.
    let lost: Int
    let pixels: [ArrayValue]
    let times: [UInt64]
    let received: Timestamp
    let monotonicNanoseconds: Int64
    /// Images in the camera's buffer when they were fetched.
    let waiting: Int
}

/// Looks into a camera's circular buffer; on the gate's thread.
///
/// The SDK tells of a loss in one way only: the oldest image that is left is not the one after the last that was fetched.
struct BufferReader: Sendable {
    /// At most so many bytes are copied at once, so that an abort never waits long.
    static let batchBytes = 8 << 20
    static let batchImages = 256
    /// Images of this size and more are copied one by one, straight into memory of their own.
    static let ownBytes = 65536

    let context: ImageContext
    let hasTimes: Bool

    /// - Parameter retrieved: Index of the last image that was fetched.
    func look(_ sdk: SDKLibrary, after retrieved: Int) throws -> BufferLook {
        var found = try sdk.newImages()
        if found == nil {
            guard try sdk.int(.getStatus) == SDKStatus.idle.code else { return .nothing }
            found = try sdk.newImages()  // one may have come between the two questions
        }
        guard let new = found else {
            let total = sdk.has(.getTotalNumberImagesAcquired) ? try sdk.int(.getTotalNumberImagesAcquired) : retrieved
            return .over(total: max(total, retrieved))
        }
        guard let batch = try fetch(sdk, new, after: retrieved) else { return .nothing }
        return .images(batch)
    }

    private func fetch(_ sdk: SDKLibrary, _ new: ClosedRange<Int>, after retrieved: Int) throws -> ImageBatch? {
        let most = min(Self.batchImages, max(1, Self.batchBytes / max(context.bytes, 1)))
        let range = new.lowerBound...min(new.upperBound, new.lowerBound + most - 1)
        let pixels = context.bytes >= Self.ownBytes ? try single(sdk, range) : try copy(sdk, range)
        guard !pixels.isEmpty else { return nil }
        let got = range.lowerBound...range.lowerBound + pixels.count - 1
        return ImageBatch(
            range: got, lost: max(0, range.lowerBound - retrieved - 1), pixels: pixels,
            times: hasTimes ? sdk.imageTimes(got) : [], received: .now(),
            monotonicNanoseconds: Timestamp.monotonicNanoseconds(), waiting: new.count)
    }

    /// Large images one by one, up to the first that was overwritten meanwhile.
    private func single(_ sdk: SDKLibrary, _ range: ClosedRange<Int>) throws -> [ArrayValue] {
        var pixels: [ArrayValue] = []
        for index in range {
            guard let image = try copy(sdk, index...index).first else { break }
            pixels.append(image)
        }
        return pixels
    }

    /// Images in one copy; none when the oldest of them was overwritten meanwhile.
    private func copy(_ sdk: SDKLibrary, _ range: ClosedRange<Int>) throws -> [ArrayValue] {
        let bytes =
            try context.isWide
            ? sdk.images32(range, pixels: context.pixels) : sdk.images16(range, pixels: context.pixels)
        return bytes.map { split($0, range.count) } ?? []
    }

    private func split(_ bytes: [UInt8], _ count: Int) -> [ArrayValue] {
        let shape = [context.rows, context.columns]
        if count == 1 { return ArrayValue(context.elementType, shape: shape, bytes: bytes).map { [$0] } ?? [] }
        let size = context.bytes
        return (0..<count).compactMap {
            ArrayValue(context.elementType, shape: shape, bytes: Array(bytes[$0 * size..<($0 + 1) * size]))
        }
    }
}
