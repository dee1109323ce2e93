// Part of daqd
// SPDX-License-Identifier: MIT

import Glibc

/// What a connection has yet to send: texts, and arrays that stay where they are until the socket takes them.
struct OutputQueue {
    private enum Segment {
        case text([UInt8])
        case base64(PixelBlock)
        case raw(PixelBlock)

        /// Bytes on the wire.
        var count: Int {
            switch self {
            case .text(let bytes): bytes.count
            case .base64(let block): Base64.count(block.count)
            case .raw(let block): block.count
            }
        }
    }

    private var segments: [Segment] = []
    private var first = 0
    /// Bytes of the first segment that were sent.
    private var sent = 0
    /// Replies that follow the segments.
    private var tail: [UInt8] = []
    private var tailSent = 0
    /// Bytes on the wire that wait.
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    /// Adds a text with its arrays.
    mutating func append(_ text: borrowing PYONText) {
        guard !text.places.isEmpty else {
            tail.append(contentsOf: text.bytes)
            count += text.bytes.count
            return
        }
        var start = 0
        for place in text.places {
            append(Array(text.bytes[start..<place.offset]))
            start = place.offset
            if text.arrays == .base64 { push(.base64(place.block)) }
        }
        append(Array(text.bytes[start...]))
        if text.arrays == .raw {
            for place in text.places { push(.raw(place.block)) }
        }
    }

    /// Adds bytes.
    mutating func append(_ bytes: [UInt8]) {
        tail.append(contentsOf: bytes)
        count += bytes.count
    }

    private mutating func push(_ segment: Segment) {
        if tail.count > tailSent { segments.append(.text(Array(tail[tailSent...]))) }
        tail.removeAll(keepingCapacity: tail.count < 65536)
        tailSent = 0
        segments.append(segment)
        count += segment.count
    }

    /// Forgets everything that was not begun to be sent; for receivers that fell behind.
    /// - Returns: Whether the rest of a line remains.
    mutating func removeAll() {
        segments = []
        first = 0
        sent = 0
        tail = []
        tailSent = 0
        count = 0
    }

    /// Lends the next bytes to `send` until all are gone or it takes fewer.
    mutating func flush(
        _ scratch: UnsafeMutableRawBufferPointer, _ send: (UnsafeRawBufferPointer) -> StreamResult
    ) -> StreamResult? {
        while count > 0 {
            let (offered, result) = unsafe offer(scratch, send)
            guard case .bytes(let taken) = result else { return result }
            advance(taken)
            if taken < offered { return .wantsWrite }
        }
        return nil
    }

    private func offer(
        _ scratch: UnsafeMutableRawBufferPointer, _ send: (UnsafeRawBufferPointer) -> StreamResult
    ) -> (Int, StreamResult) {
        guard first < segments.count else {
            return unsafe tail.withUnsafeBytes { raw in
                let rest = unsafe UnsafeRawBufferPointer(rebasing: raw[tailSent...])
                return (rest.count, unsafe send(rest))
            }
        }
        if case .raw(let block) = segments[first] {
            return unsafe block.withBytes { raw in
                let rest = unsafe UnsafeRawBufferPointer(rebasing: raw[sent...])
                return (rest.count, unsafe send(rest))
            }
        }
        let filled = unsafe fill(scratch)
        return unsafe (filled, send(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(scratch)[..<filled])))
    }

    /// Copies and encodes what comes next; how many bytes.
    private func fill(_ scratch: UnsafeMutableRawBufferPointer) -> Int {
        var filled = 0
        var index = first
        var offset = sent
        while filled < scratch.count {
            let room = unsafe UnsafeMutableRawBufferPointer(rebasing: scratch[filled...])
            guard index < segments.count else {
                return filled + (unsafe Self.copy(tail, from: tailSent, room))
            }
            let segment = segments[index]
            let size: Int
            switch segment {
            case .text(let bytes): size = unsafe Self.copy(bytes, from: offset, room)
            case .base64(let block): size = unsafe Self.encode(block, from: offset, room)
            case .raw: return filled
            }
            if size == 0, offset < segment.count { return filled }
            filled += size
            offset += size
            guard offset == segment.count else { return filled }
            index += 1
            offset = 0
        }
        return filled
    }

    private static func copy(_ bytes: [UInt8], from offset: Int, _ room: UnsafeMutableRawBufferPointer) -> Int {
        let size = min(bytes.count - offset, room.count)
        guard size > 0 else { return 0 }
        unsafe bytes.withUnsafeBytes { raw in
            unsafe room.copyMemory(from: UnsafeRawBufferPointer(rebasing: raw[offset..<offset + size]))
        }
        return size
    }

    /// Encodes whole groups of four characters from the one that holds `offset` on; how many characters from there.
    private static func encode(_ block: PixelBlock, from offset: Int, _ room: UnsafeMutableRawBufferPointer) -> Int {
        let skipped = offset % 4
        let start = offset / 4 * 3
        let groups = min(room.count / 4, (block.count - start + 2) / 3)
        guard groups > 0, let target = room.baseAddress else { return 0 }
        unsafe block.withBytes { raw in
            let end = min(raw.count, start + groups * 3)
            unsafe Base64.encode(UnsafeRawBufferPointer(rebasing: raw[start..<end]), into: target)
        }
        if skipped > 0 { unsafe memmove(target, target + skipped, groups * 4 - skipped) }
        return groups * 4 - skipped
    }

    private mutating func advance(_ taken: Int) {
        count -= taken
        var rest = taken
        while first < segments.count {
            let left = segments[first].count - sent
            guard rest >= left else {
                sent += rest
                return
            }
            rest -= left
            sent = 0
            segments[first] = .text([])
            first += 1
        }
        if first > 0 {
            segments = []
            first = 0
        }
        tailSent += rest
        guard tailSent == tail.count else { return }
        tail.removeAll(keepingCapacity: tail.capacity <= 65536)
        tailSent = 0
    }
}
