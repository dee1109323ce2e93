// Part of daqd
// SPDX-License-Identifier: MIT

/// The dynamic linker's list of known libraries, `/etc/ld.so.cache`.
///
/// Source: glibc, `sysdeps/generic/dl-cache.h`, format `glibc-ld.so.cache1.1`.
struct LinkerCache {
    private let bytes: [UInt8]
    private let start: Int?

    /// Takes the cache's bytes; an unknown format gives an empty cache.
    init(decoding bytes: [UInt8]) {
        self.bytes = bytes
        start = Self.start(of: bytes)
    }

    /// The paths of the library `name`, in the cache's order.
    func paths(of name: String) -> [String] {
        let header = 48
        let span = bytes.span
        guard let start, let count = span.littleEndian(UInt32.self, at: start + 20) else { return [] }
        let wanted = Array(name.utf8) + [0]
        var paths: [String] = []
        for index in 0..<Int(count) {
            let entry = start + header + index * 24
            guard let key = span.littleEndian(UInt32.self, at: entry + 4),
                let value = span.littleEndian(UInt32.self, at: entry + 8)
            else { break }
            guard span.hasPrefix(wanted, at: start + Int(key)),
                let path = span.string(at: start + Int(value), limit: 4096)
            else { continue }
            paths.append(path)
        }
        return paths
    }

    /// Where the format begins: an older list may stand before it.
    private static func start(of bytes: [UInt8]) -> Int? {
        let magic = Array("glibc-ld.so.cache1.1".utf8)
        if bytes.span.hasPrefix(magic, at: 0) { return 0 }
        guard bytes.span.hasPrefix(Array("ld.so-1.7.0".utf8), at: 0),
            let count = bytes.span.littleEndian(UInt32.self, at: 12)
        else { return nil }
        let end = (16 + Int(count) * 12 + 7) / 8 * 8
        return bytes.span.hasPrefix(magic, at: end) ? end : nil
    }
}
