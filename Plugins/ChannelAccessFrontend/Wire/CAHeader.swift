// Part of daqd
// SPDX-License-Identifier: MIT

/// The 16 or 24 bytes that open a message.
struct CAHeader: Equatable, Sendable {
    /// Bytes of the usual header.
    static let shortSize = 16
    /// Bytes of the extended one, for payloads or counts that 16 bits do not hold.
    static let longSize = 24
    /// The size that announces an extended header.
    static let extended: UInt16 = 0xFFFF

    var command: UInt16
    /// Bytes that follow the header.
    var payloadSize: Int
    var type: UInt16
    var count: Int
    /// Channel, status or another meaning, by the command.
    var first: UInt32
    /// Request, subscription or another meaning, by the command.
    var second: UInt32
    /// Bytes of the header itself.
    var size: Int

    /// A header that will be sent.
    init(
        _ command: CACommand, payloadSize: Int = 0, type: UInt16 = 0, count: Int = 0, first: UInt32 = 0,
        second: UInt32 = 0
    ) {
        self.command = command.rawValue
        self.payloadSize = payloadSize
        self.type = type
        self.count = count
        self.first = first
        self.second = second
        let isShort = payloadSize < Int(Self.extended) && count < Int(Self.extended)
        size = isShort ? Self.shortSize : Self.longSize
    }

    /// Reads a header; `nil` when it is not all there yet.
    @inline(__always)
    init?(_ bytes: ByteView, at offset: Int) {
        guard bytes.count - offset >= Self.shortSize else { return nil }
        command = bytes.load(UInt16.self, at: offset)
        let size16 = bytes.load(UInt16.self, at: offset + 2)
        type = bytes.load(UInt16.self, at: offset + 4)
        first = bytes.load(UInt32.self, at: offset + 8)
        second = bytes.load(UInt32.self, at: offset + 12)
        if size16 != Self.extended {
            payloadSize = Int(size16)
            count = Int(bytes.load(UInt16.self, at: offset + 6))
            size = Self.shortSize
        } else {
            guard bytes.count - offset >= Self.longSize else { return nil }
            payloadSize = Int(bytes.load(UInt32.self, at: offset + 16))
            count = Int(bytes.load(UInt32.self, at: offset + 20))
            size = Self.longSize
        }
    }

    /// The whole message with its header.
    var messageSize: Int { size + payloadSize }
}

/// Received bytes; belongs to whoever received them and is gone when the call returns that got it.
@safe
struct ByteView {
    private let start: UnsafeRawPointer?
    let count: Int

    init(_ bytes: UnsafeRawBufferPointer) {
        unsafe start = bytes.baseAddress
        count = bytes.count
    }

    /// A big-endian number; the caller has compared offset and count.
    @inline(__always)
    func load<Number: FixedWidthInteger & BitwiseCopyable>(_: Number.Type, at offset: Int) -> Number {
        guard let start = unsafe start, offset >= 0, offset + MemoryLayout<Number>.size <= count else { return 0 }
        return Number(bigEndian: unsafe start.loadUnaligned(fromByteOffset: offset, as: Number.self))
    }

    /// Some of the bytes, for the length of a call; none when they are not all there.
    @inline(__always)
    func withSpan<Result: ~Copyable>(_ offset: Int, _ length: Int, _ body: (Span<UInt8>) -> Result) -> Result {
        guard let start = unsafe start, length > 0, offset >= 0, offset + length <= count else {
            return body(Span<UInt8>())
        }
        let bytes = unsafe UnsafeBufferPointer(
            start: (start + offset).assumingMemoryBound(to: UInt8.self), count: length)
        return body(unsafe bytes.span)
    }

    /// The bytes from an offset.
    @inline(__always)
    func dropping(_ offset: Int) -> ByteView {
        guard let start = unsafe start, offset < count else {
            return unsafe ByteView(UnsafeRawBufferPointer(start: nil, count: 0))
        }
        return unsafe ByteView(UnsafeRawBufferPointer(start: start + offset, count: count - offset))
    }

    /// A copy of some of the bytes.
    func bytes(_ offset: Int, _ length: Int) -> [UInt8] {
        withSpan(offset, length) { span in
            unsafe span.withUnsafeBufferPointer { unsafe [UInt8]($0) }
        }
    }

    /// The bytes up to the first NUL, as text, with what is not UTF-8 replaced.
    func text(_ offset: Int, _ length: Int) -> String {
        withSpan(offset, length) { span in
            var bytes: [UInt8] = []
            for index in span.indices where true {
                if span[index] == 0 { break }
                bytes.append(span[index])
            }
            return String(decoding: bytes, as: UTF8.self)
        }
    }
}

extension CAHeader: CustomStringConvertible {
    /// The fields in the order of the wire, for logs.
    var description: String {
        "command \(command), \(payloadSize) bytes, type \(type), count \(count), \(first), \(second)"
    }
}
