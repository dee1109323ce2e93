// Part of daqd
// SPDX-License-Identifier: MIT

import Glibc

/// Bytes on their way to a client: big-endian numbers in one growing piece of memory, large arrays by reference.
///
/// Belongs to one thread. Every byte that is sent was written here; nothing older shows through.
@safe
final class WireBuffer {
    /// Arrays of at least so many bytes are better sent by reference than copied.
    static let worthSharing = 16_384

    /// Bytes of somebody else that go between those of the buffer.
    struct Shared {
        /// Before which of the buffer's own bytes they go.
        var position: Int
        var bytes: [UInt8]
        var offset: Int
        var count: Int
    }

    private(set) var memory: UnsafeMutableRawPointer
    private(set) var capacity: Int
    /// The buffer's own bytes: those from `sent` up to here are still to go.
    private(set) var end = 0
    var sent = 0
    /// In order of their positions.
    var shared: [Shared] = []
    private var sharedCount = 0

    init(capacity: Int = 32_768) {
        self.capacity = capacity
        unsafe memory = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
    }

    deinit { unsafe memory.deallocate() }

    /// Bytes still to be sent.
    var count: Int { end - sent + sharedCount }

    // MARK: - Appending

    /// Appends one byte.
    @inline(__always)
    func append(_ value: UInt8) { unsafe reserve(1).storeBytes(of: value, as: UInt8.self) }

    /// Appends a number in big-endian order.
    @inline(__always)
    func append(_ value: UInt16) { unsafe reserve(2).storeBytes(of: value.bigEndian, as: UInt16.self) }

    /// Appends a number in big-endian order.
    @inline(__always)
    func append(_ value: UInt32) { unsafe reserve(4).storeBytes(of: value.bigEndian, as: UInt32.self) }

    /// Appends a number in big-endian order.
    @inline(__always)
    func append(_ value: UInt64) { unsafe reserve(8).storeBytes(of: value.bigEndian, as: UInt64.self) }

    /// Appends a number in big-endian order.
    @inline(__always)
    func append(_ value: Float) { append(value.bitPattern) }

    /// Appends a number in big-endian order.
    @inline(__always)
    func append(_ value: Double) { append(value.bitPattern) }

    /// Appends zeros.
    func appendZeros(_ count: Int) {
        guard count > 0 else { return }
        unsafe reserve(count).initializeMemory(as: UInt8.self, repeating: 0, count: count)
    }

    /// Appends bytes as they are.
    func append(_ bytes: [UInt8]) { append(bytes.span) }

    /// Appends bytes as they are.
    func append(_ bytes: Span<UInt8>) {
        guard !bytes.isEmpty else { return }
        let target = unsafe reserve(bytes.count)
        unsafe bytes.withUnsafeBytes { raw in
            guard let base = raw.baseAddress else { return }
            unsafe target.copyMemory(from: base, byteCount: raw.count)
        }
    }

    /// Appends text in a field of fixed width: cut at the end of a character so that a NUL fits, zeros behind it.
    func append(_ text: String, width: Int) {
        var text = text
        text.withUTF8 { utf8 in
            var length = min(utf8.count, width - 1)
            // A continuation byte behind the cut means that the cut is inside a character.
            if length < utf8.count {
                while length > 0, unsafe utf8[length] & 0xC0 == 0x80 { length -= 1 }
            }
            let target = unsafe reserve(width)
            if let base = utf8.baseAddress { unsafe target.copyMemory(from: base, byteCount: length) }
            unsafe (target + length).initializeMemory(as: UInt8.self, repeating: 0, count: width - length)
        }
    }

    /// Room for so many bytes, which the caller must all write, whatever it does.
    @unsafe
    @inline(__always)
    func reserve(_ count: Int) -> UnsafeMutableRawPointer {
        if capacity - end < count { grow(count) }
        defer { end += count }
        return unsafe memory + end
    }

    /// Appends bytes of an array; many of them by reference: the array must stay as it is, which a `let` or a copy does.
    func append(shared bytes: [UInt8], from offset: Int = 0, count: Int? = nil) {
        let count = count ?? bytes.count - offset
        guard count >= Self.worthSharing else { return append(bytes.span.extracting(offset..<offset + count)) }
        shared.append(Shared(position: end, bytes: bytes, offset: offset, count: count))
        sharedCount += count
    }

    private func grow(_ count: Int) {
        var larger = capacity * 2
        while larger - end < count { larger *= 2 }
        let moved = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
        unsafe moved.copyMemory(from: memory, byteCount: end)
        unsafe memory.deallocate()
        unsafe memory = moved
        capacity = larger
    }

    // MARK: - Corrections

    /// Where the buffer stands, to come back to.
    struct Mark {
        var end: Int
        var shared: Int
        var total: Int
    }

    /// The present end.
    var mark: Mark { Mark(end: end, shared: shared.count, total: end + sharedCount) }

    /// Bytes appended since a mark, those by reference included.
    @inline(__always)
    func count(since mark: Mark) -> Int { end + sharedCount - mark.total }

    /// Takes away what was appended since a mark.
    func truncate(to mark: Mark) {
        while shared.count > mark.shared { sharedCount -= shared.removeLast().count }
        end = mark.end
    }

    /// Makes room in front of what was appended since a mark; the caller writes all of it.
    func insertGap(_ count: Int, at mark: Mark) {
        let length = end - mark.end
        _ = unsafe reserve(count)
        let place = unsafe memory + mark.end
        unsafe memmove(place + count, place, length)
        for index in mark.shared..<shared.count { shared[index].position += count }
    }

    /// Memory at a mark, to overwrite what was appended there.
    @unsafe
    @inline(__always)
    func bytes(at mark: Mark) -> UnsafeMutableRawPointer { unsafe memory + mark.end }

    // MARK: - Sending

    /// Notes that so many bytes were sent: the first ones.
    func consume(_ count: Int) {
        var left = count
        while left > 0 {
            guard let first = shared.first else {
                sent += left
                break
            }
            let own = min(left, first.position - sent)
            sent += own
            left -= own
            let foreign = min(left, first.count)
            guard foreign > 0 else { continue }
            left -= foreign
            sharedCount -= foreign
            if foreign == first.count {
                shared.removeFirst()
            } else {
                shared[0].offset += foreign
                shared[0].count -= foreign
            }
        }
        if self.count == 0 { clear() }
    }

    /// Forgets everything and gives back memory that is larger than usual.
    func clear(keeping usual: Int = 262_144) {
        end = 0
        sent = 0
        sharedCount = 0
        shared.removeAll(keepingCapacity: shared.capacity < 64)
        guard capacity > usual else { return }
        unsafe memory.deallocate()
        capacity = 32_768
        unsafe memory = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
    }
}
