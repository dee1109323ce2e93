// Part of daqd
// SPDX-License-Identifier: MIT
internal import CPNG

/// A picture of up to 256 colours, written as PNG.
struct PNGImage: Equatable {
    /// One colour.
    struct Colour: Equatable {
        var red: UInt8
        var green: UInt8
        var blue: UInt8
    }

    var width: Int
    var height: Int
    /// Indexes into `palette`, row by row from the top.
    var pixels: [UInt8]
    var palette: [Colour]

    /// The file's bytes.
    /// - Throws: ``PictureError`` with libpng's own words.
    func encoded() throws(PictureError) -> [UInt8] {
        guard width > 0, height > 0, width <= 1 << 15, height <= 1 << 15, pixels.count == width * height,
            (1...256).contains(palette.count), pixels.allSatisfy({ Int($0) < palette.count })
        else { throw PictureError("a picture of \(width) x \(height) pixels cannot be written as PNG") }
        var image = unsafe png_image()
        unsafe image.version = daqd_png_version()
        unsafe image.width = png_uint_32(width)
        unsafe image.height = png_uint_32(height)
        unsafe image.format = daqd_png_palette()
        unsafe image.colormap_entries = png_uint_32(palette.count)
        defer { unsafe png_image_free(&image) }
        let colours = palette.flatMap { [$0.red, $0.green, $0.blue] }
        // Larger than any PNG of these pixels: stored rows, their filter bytes and zlib's frame.
        var size = pixels.count + pixels.count / 100 + height + 8192
        var bytes = [UInt8](repeating: 0, count: size)
        let written = unsafe png_image_write_to_memory(&image, &bytes, &size, 0, pixels, 0, colours)
        guard written != 0, unsafe daqd_png_failed(&image) == 0, size <= bytes.count else {
            let text = unsafe withUnsafeBytes(of: image.message) {
                unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            throw PictureError("libpng cannot write a picture of \(width) x \(height) pixels: \(text)")
        }
        return Array(bytes.prefix(size))
    }
}

/// Why there is no picture.
struct PictureError: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}
