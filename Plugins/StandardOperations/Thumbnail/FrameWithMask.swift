// Part of daqd
// SPDX-License-Identifier: MIT
import DAQStorage

/// A frame as it is stored, with what its master says about pixels that are not to be believed.
struct FrameWithMask: Sendable {
    var stored: HDF5StoredFrame
    /// Nonzero where a pixel is masked, as it is stored.
    var mask: HDF5StoredFrame?
    /// The largest count that means something.
    var saturation: UInt64?

    /// Where masters of detectors keep the pixel mask.
    private static let masks = [
        "/entry/instrument/detector/detectorSpecific/pixel_mask", "/entry/instrument/detector/pixel_mask",
    ]

    static func load(_ part: FrameSeries.Part, index: Int, master: String?) async throws -> FrameWithMask {
        let stored = try await HDF5.run { try HDF5File.open(part.file).dataset(part.dataset).storedFrame(index) }
        var frame = FrameWithMask(stored: stored)
        guard let master else { return frame }
        // A picture without its mask is better than none.
        let known = try? await HDF5.run {
            let file = try HDF5File.open(master)
            let path = masks.first { file.has($0) }
            let mask = try path.map { (path) throws(StorageError) in try file.dataset(path).storedFrame(0) }
            let saturation = "/entry/instrument/detector/saturation_value"
            let limit = file.has(saturation) ? try file.dataset(saturation).read(as: UInt64.self, limit: 1).first : nil
            return (mask, limit)
        }
        if let known { (frame.mask, frame.saturation) = known }
        return frame
    }

    /// The mask, one value per pixel; nil where there is none of the frame's size.
    func expandedMask() -> [UInt32]? {
        guard let mask, mask.rows == stored.rows, mask.columns == stored.columns, mask.elementType == .uint32,
            let expanded = try? mask.expanded()
        else { return nil }
        return unsafe expanded.bytes.withUnsafeBytes { bytes in
            (0..<mask.rows * mask.columns).map { index in
                unsafe bytes.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self)
            }
        }
    }
}
