// Part of daqd
// SPDX-License-Identifier: MIT

/// Reads all that the loader reads of a plugin's file before it is trusted; libFuzzer calls it.
@c(LLVMFuzzerTestOneInput)
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
    guard let image = try? ELFImage(ArraySource(bytes: bytes)) else { return 0 }
    _ = try? image.dynamic()
    _ = try? image.buildID()
    _ = try? image.comments()
    _ = try? image.definedSymbols(withPrefix: ["daqd_", "$s"])
    if let section = image.section(named: ".daqd.plugin") {
        _ = (try? image.content(of: section, limit: 65536)).map { try? PluginStamp(decoding: $0) }
    }
    return 0
}
