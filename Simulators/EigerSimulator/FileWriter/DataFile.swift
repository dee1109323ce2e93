// Part of daqd
// SPDX-License-Identifier: MIT

internal import DAQStorage

/// Writes images into files as the detector's file writer does: one direct chunk each, compressed beforehand.
///
/// Source: legacy format of the file writer, `/entry/data/data` with `image_nr_low` and `image_nr_high`.
enum DataFile {
    /// Images that one turn on the HDF5 thread writes, so that other users of it get their turns.
    private static let imagesPerTurn = 64

    /// The bytes of one data file.
    static func make(
        _ name: String, images: Range<Int>, of metadata: SeriesMetadata, from ring: FrameRing
    ) async throws -> [UInt8] {
        let size = expectedSize(images, ring) * (metadata.layout == .v2024 ? metadata.channels.count : 1)
        let file = try await HDF5.run {
            let file = try HDF5File.createInMemory(name, expectedSize: size)
            try file.createGroup("entry", nexusClass: "NXentry")
            try file.createGroup("entry/data", nexusClass: "NXdata").setAttribute("signal", "data")
            return file
        }
        try await writeImages(images, of: metadata, from: ring, into: file)
        return try await HDF5.run {
            let bytes = try file.image()
            try file.close()
            return bytes
        }
    }

    /// About how many bytes a file of so many images has.
    static func expectedSize(_ images: Range<Int>, _ ring: FrameRing) -> Int {
        ring.size(ofImages: images.count) + images.count * 4200 + (64 << 10)
    }

    /// Writes the images of one file as a dataset; its number of dimensions is that of the layout.
    static func writeImages(
        _ images: Range<Int>, of metadata: SeriesMetadata, from ring: FrameRing, into file: HDF5File,
        path: String = "entry/data/data"
    ) async throws {
        let channels = metadata.layout == .v2024 ? metadata.channels.count : 1
        let dataset = try await HDF5.run {
            let dataset = try file.createDataset(path, layout(images.count, channels, metadata))
            try dataset.setAttribute("image_nr_low", UInt64(metadata.firstImage + images.lowerBound))
            try dataset.setAttribute("image_nr_high", UInt64(metadata.firstImage + images.upperBound - 1))
            return dataset
        }
        var copies = FrameCopies(ring)
        var next = images.lowerBound
        while next < images.upperBound {
            let turn = next..<min(next + imagesPerTurn, images.upperBound)
            let before = copies
            copies = try await HDF5.run {
                var copies = before
                for image in turn {
                    let mark = FrameMark(
                        image: UInt32(truncatingIfNeeded: image),
                        series: UInt16(truncatingIfNeeded: metadata.seriesNumber))
                    let index = image - images.lowerBound
                    for channel in 0..<channels {
                        let place = metadata.layout == .v2024 ? [index, channel, 0, 0] : [index, 0, 0]
                        try dataset.writeChunk(at: place, copies.frame(mark, channel: channel))
                    }
                }
                return copies
            }
            next = turn.upperBound
        }
    }

    private static func layout(_ count: Int, _ channels: Int, _ metadata: SeriesMetadata) -> HDF5DatasetLayout {
        let (rows, columns) = (metadata.rows, metadata.columns)
        let (type, filter) = (elementType(metadata.format), filter(metadata.format))
        if metadata.layout == .legacy {
            return .frames(type, count: count, rows: rows, columns: columns, filter: filter)
        }
        return HDF5DatasetLayout(
            elementType: type, shape: [count, channels, rows, columns], chunk: [1, 1, rows, columns], filter: filter)
    }

    /// What one pixel is.
    static func elementType(_ format: FrameFormat) -> HDF5ElementType {
        HDF5ElementType(.unsigned, size: format.bytesPerPixel)
    }

    private static func filter(_ format: FrameFormat) -> HDF5Filter {
        switch format.codec {
        case .none: .none
        case .lz4: .lz4
        case .bslz4: .bitshuffleLZ4
        }
    }
}
