// Part of daqd
// SPDX-License-Identifier: MIT
internal import CCrypto
internal import Glibc

/// A running SHA-256 sum, by libcrypto and with the processor's own instructions.
///
/// Feed it with ``update(_:)`` and end it with ``finalize()``; a sum has one owner and cannot be copied.
@safe
public struct SHA256: ~Copyable {
    private let context: OpaquePointer?

    /// Starts a sum over nothing.
    public init() {
        let context = unsafe EVP_MD_CTX_new()
        if let made = unsafe context, unsafe EVP_DigestInit_ex(made, EVP_sha256(), nil) == 1 {
            unsafe self.context = made
        } else {
            unsafe EVP_MD_CTX_free(context)
            unsafe self.context = nil
        }
    }

    deinit { unsafe EVP_MD_CTX_free(context) }

    /// Adds bytes to the sum.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let context = unsafe context, let base = bytes.baseAddress else { return }
        _ = unsafe EVP_DigestUpdate(context, base, bytes.count)
    }

    /// Adds bytes to the sum.
    public mutating func update(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { unsafe update($0) }
    }

    /// Ends the sum.
    ///
    /// Out of memory is the only way libcrypto can fail here; the result is then all zero, which no file has.
    public consuming func finalize() -> Digest {
        var bytes = [UInt8](repeating: 0, count: 32)
        if let context = unsafe context {
            let status = unsafe bytes.withUnsafeMutableBufferPointer {
                unsafe EVP_DigestFinal_ex(context, $0.baseAddress, nil)
            }
            if status != 1 { bytes = [UInt8](repeating: 0, count: 32) }
        }
        return Digest(unchecked: bytes)
    }

    /// The sum over some bytes.
    public static func hash(_ bytes: [UInt8]) -> Digest {
        var sum = SHA256()
        sum.update(bytes)
        return sum.finalize()
    }

    /// The sum over a text in UTF-8.
    public static func hash(_ text: String) -> Digest { hash(Array(text.utf8)) }

    /// The sum over a whole file, read in pieces of 1 MiB; blocks the calling thread while it reads.
    ///
    /// Prefer ``hashFile(at:)`` from asynchronous code.
    /// - Throws: ``FileError`` naming the path.
    public static func hashBlocking(fileAt path: String) throws(FileError) -> (digest: Digest, size: Int64) {
        let file = try FileHandle(opening: path, O_RDONLY)
        var sum = SHA256()
        let size = try file.read(into: &sum, path: path)
        return (sum.finalize(), size)
    }

    /// The sum over a whole file, read on a thread of its own so that no cooperative thread waits for the disk.
    /// - Throws: ``FileError`` naming the path.
    public static func hashFile(at path: String) async throws -> (digest: Digest, size: Int64) {
        try await BlockingCall.run("daqd-files") { try hashBlocking(fileAt: path) }
    }
}

// A sum is owned by one place at a time, and libcrypto's context has no thread affinity.
extension SHA256: @unchecked Sendable {}

extension SHA256 {
    /// A finished SHA-256 sum: 32 bytes, printed as 64 small hexadecimal digits.
    public struct Digest: Hashable, Sendable, CustomStringConvertible {
        /// The 32 bytes.
        public let bytes: [UInt8]

        init(unchecked bytes: [UInt8]) { self.bytes = bytes }

        /// Makes a digest from 32 bytes; `nil` for any other count.
        public init?(_ bytes: [UInt8]) {
            guard bytes.count == 32 else { return nil }
            self.bytes = bytes
        }

        /// Makes a digest from 64 hexadecimal digits, small or capital; `nil` for anything else.
        public init?(hex: String) {
            let digits = Array(hex.utf8)
            guard digits.count == 64 else { return nil }
            var bytes: [UInt8] = []
            bytes.reserveCapacity(32)
            for index in stride(from: 0, to: 64, by: 2) {
                guard let high = Self.nibble(digits[index]), let low = Self.nibble(digits[index + 1]) else {
                    return nil
                }
                bytes.append(high << 4 | low)
            }
            self.bytes = bytes
        }

        /// The 64 small hexadecimal digits.
        public var hex: String {
            let digits = Array("0123456789abcdef".utf8)
            var text: [UInt8] = []
            text.reserveCapacity(64)
            for byte in bytes {
                text.append(digits[Int(byte >> 4)])
                text.append(digits[Int(byte & 15)])
            }
            return String(decoding: text, as: UTF8.self)
        }

        /// The 64 small hexadecimal digits.
        public var description: String { hex }

        private static func nibble(_ digit: UInt8) -> UInt8? {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
            default: nil
            }
        }
    }
}
