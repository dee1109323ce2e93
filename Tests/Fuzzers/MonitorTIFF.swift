// Part of daqd
// SPDX-License-Identifier: MIT

/// What libFuzzer calls: bytes are refused or read as a monitor image, whose statistics and reduced form are made too.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: data, count: size))
    guard let image = try? MonitorImage(decoding: bytes) else { return 0 }
    guard image.pixels.count == image.rows * image.columns * image.bits / 8 else { fatalError("not all pixels") }
    let statistics = ImageStatistics(image)
    guard statistics.count <= image.rows * image.columns, statistics.least <= statistics.greatest else {
        fatalError("strange statistics")
    }
    let small = image.binned(to: 16)
    if small.pixels.count != small.rows * small.columns * small.bits / 8 {
        fatalError("not all pixels of the reduced image")
    }
    return 0
}
