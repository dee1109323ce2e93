// Part of daqd
// SPDX-License-Identifier: MIT

extension WireBuffer {
    /// Appends a header.
    func append(_ header: CAHeader) {
        let isShort = header.size == CAHeader.shortSize
        append(header.command)
        append(isShort ? UInt16(truncatingIfNeeded: header.payloadSize) : CAHeader.extended)
        append(header.type)
        append(isShort ? UInt16(truncatingIfNeeded: header.count) : 0)
        append(header.first)
        append(header.second)
        guard !isShort else { return }
        append(UInt32(truncatingIfNeeded: header.payloadSize))
        append(UInt32(truncatingIfNeeded: header.count))
    }

    /// Appends a message without payload.
    func append(
        _ command: CACommand, type: UInt16 = 0, count: Int = 0, first: UInt32 = 0, second: UInt32 = 0
    ) {
        append(CAHeader(command, type: type, count: count, first: first, second: second))
    }

    /// Appends the header of a message with one element whose payload, a multiple of 8 bytes, the caller appends next.
    @inline(__always)
    func appendHeader(_ command: CACommand, payload: Int, type: UInt16, first: UInt32, second: UInt32) {
        let target = unsafe reserve(CAHeader.shortSize)
        unsafe Self.store(command, size: payload, type: type, count: 1, first: first, second: second, at: target)
    }

    @unsafe
    @inline(__always)
    private static func store(
        _ command: CACommand, size: Int, type: UInt16, count: Int, first: UInt32, second: UInt32,
        at target: UnsafeMutableRawPointer
    ) {
        unsafe target.storeBytes(of: command.rawValue.bigEndian, as: UInt16.self)
        unsafe target.storeBytes(of: UInt16(truncatingIfNeeded: size).bigEndian, toByteOffset: 2, as: UInt16.self)
        unsafe target.storeBytes(of: type.bigEndian, toByteOffset: 4, as: UInt16.self)
        unsafe target.storeBytes(of: UInt16(truncatingIfNeeded: count).bigEndian, toByteOffset: 6, as: UInt16.self)
        unsafe target.storeBytes(of: first.bigEndian, toByteOffset: 8, as: UInt32.self)
        unsafe target.storeBytes(of: second.bigEndian, toByteOffset: 12, as: UInt32.self)
    }

    /// Leaves room for a header whose payload is not known yet.
    @inline(__always)
    func beginMessage() -> Mark {
        let start = mark
        unsafe reserve(CAHeader.shortSize).initializeMemory(as: UInt8.self, repeating: 0, count: CAHeader.shortSize)
        return start
    }

    /// Pads the payload that was appended since ``beginMessage()`` and writes the header in front of it.
    @inline(__always)
    func endMessage(_ start: Mark, _ command: CACommand, type: UInt16, count: Int, first: UInt32, second: UInt32) {
        let length = self.count(since: start) - CAHeader.shortSize
        let padding = -length & 7
        if padding > 0 { appendZeros(padding) }
        let size = length + padding
        if size >= Int(CAHeader.extended) || count >= Int(CAHeader.extended) {
            return endLongMessage(start, command, size, type: type, count: count, first: first, second: second)
        }
        unsafe Self.store(
            command, size: size, type: type, count: count, first: first, second: second, at: bytes(at: start))
    }

    private func endLongMessage(
        _ start: Mark, _ command: CACommand, _ size: Int, type: UInt16, count: Int, first: UInt32, second: UInt32
    ) {
        insertGap(CAHeader.longSize - CAHeader.shortSize, at: start)
        let target = unsafe bytes(at: start)
        unsafe Self.store(
            command, size: Int(CAHeader.extended), type: type, count: 0, first: first, second: second, at: target)
        unsafe target.storeBytes(of: UInt32(truncatingIfNeeded: size).bigEndian, toByteOffset: 16, as: UInt32.self)
        unsafe target.storeBytes(of: UInt32(truncatingIfNeeded: count).bigEndian, toByteOffset: 20, as: UInt32.self)
    }

    /// Appends an ERROR: the header of the request as it came, and a text.
    func appendError(_ request: CAHeader, channel: UInt32?, _ status: ECAStatus, _ text: String) {
        let start = beginMessage()
        append(request)
        append(text, width: min(text.utf8.count, 479) + 1)
        endMessage(start, .error, type: 0, count: 0, first: channel ?? .max, second: status.rawValue)
    }
}
