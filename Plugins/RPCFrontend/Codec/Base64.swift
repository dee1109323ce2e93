// Part of daqd
// SPDX-License-Identifier: MIT

import CBase64

/// Base64 with the standard alphabet and padding.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    /// The number behind a character; 64 for padding, 255 for what is not in the alphabet.
    private static let numbers: [UInt8] = {
        var numbers = [UInt8](repeating: 255, count: 256)
        for (number, character) in alphabet.enumerated() { numbers[Int(character)] = UInt8(number) }
        numbers[Int(UInt8(ascii: "="))] = 64
        return numbers
    }()

    /// How many characters so many bytes become.
    static func count(_ bytes: Int) -> Int { (bytes + 2) / 3 * 4 }

    /// Writes the characters of some bytes; `target` has room for ``count(_:)``.
    ///
    /// A piece that is not the last must hold a multiple of three bytes, so that no padding comes in the middle.
    @unsafe
    static func encode(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawPointer) {
        guard let start = unsafe source.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
        let done = unsafe daqd_base64_encode(start, source.count, target.assumingMemoryBound(to: CChar.self))
        let rest = source.count - done
        guard rest > 0 else { return }
        let first = unsafe source[done]
        let second = unsafe rest > 1 ? source[done + 1] : 0
        let end = unsafe target.advanced(by: done / 3 * 4).assumingMemoryBound(to: UInt8.self)
        unsafe end[0] = alphabet[Int(first >> 2)]
        unsafe end[1] = alphabet[Int(first & 3) << 4 | Int(second >> 4)]
        unsafe end[2] = rest > 1 ? alphabet[Int(second & 15) << 2] : UInt8(ascii: "=")
        unsafe end[3] = UInt8(ascii: "=")
    }

    /// Appends the characters of some bytes.
    static func append(_ bytes: [UInt8], to text: inout [UInt8]) {
        let encoded = unsafe [UInt8](unsafeUninitializedCapacity: count(bytes.count)) { buffer, filled in
            unsafe bytes.withUnsafeBytes { raw in
                if let target = buffer.baseAddress { unsafe encode(raw, into: UnsafeMutableRawPointer(target)) }
            }
            filled = count(bytes.count)
        }
        text.append(contentsOf: encoded)
    }

    /// The bytes; characters outside the alphabet are passed over, wrong padding gives nil.
    static func decode(_ text: [UInt8]) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3)
        var bits: UInt32 = 0
        var count = 0
        var padding = 0
        for character in text {
            let number = numbers[Int(character)]
            if number < 64 {
                guard padding == 0 else { return nil }
                bits = bits << 6 | UInt32(number)
                count += 1
                if count & 3 == 0 {
                    bytes.append(UInt8(truncatingIfNeeded: bits >> 16))
                    bytes.append(UInt8(truncatingIfNeeded: bits >> 8))
                    bytes.append(UInt8(truncatingIfNeeded: bits))
                }
            } else if number == 64 {
                padding += 1
            }
        }
        switch count & 3 {
        case 0: break
        case 2 where padding >= 2: bytes.append(UInt8(truncatingIfNeeded: bits >> 4))
        case 3 where padding >= 1:
            bytes.append(UInt8(truncatingIfNeeded: bits >> 10))
            bytes.append(UInt8(truncatingIfNeeded: bits >> 2))
        default: return nil
        }
        return bytes
    }
}
