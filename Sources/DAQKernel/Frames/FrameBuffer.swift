// Part of daqd
// SPDX-License-Identifier: MIT

/// A frame's bytes, shared by reference; the memory may belong to a pool, a message or a vendor's library.
@safe
public struct FrameBuffer: @unchecked Sendable {  // sound: the bytes are never written after `init`
    /// Lets the memory go with its last holder.
    private final class Owner: Sendable {
        private let release: @Sendable () -> Void
        init(_ release: @escaping @Sendable () -> Void) { self.release = release }
        deinit { release() }
    }

    private let memory: UnsafeRawBufferPointer
    private let owner: Owner

    /// A buffer over somebody's memory.
    /// - Parameters:
    ///   - memory: Valid and unchanged until `release` is called.
    ///   - release: Called once, on any thread, when the last consumer let go.
    @unsafe
    public init(borrowing memory: UnsafeRawBufferPointer, release: @escaping @Sendable () -> Void) {
        unsafe self.memory = memory
        owner = Owner(release)
    }

    /// A buffer with bytes of its own.
    public init(_ bytes: [UInt8]) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 64)
        unsafe copy.copyBytes(from: bytes)
        unsafe memory = UnsafeRawBufferPointer(copy)
        nonisolated(unsafe) let owned = unsafe copy  // freed once, by the last reference
        owner = Owner { unsafe owned.deallocate() }
    }

    private init(_ memory: UnsafeRawBufferPointer, _ owner: Owner) {
        unsafe self.memory = memory
        self.owner = owner
    }

    /// Bytes in all.
    public var count: Int { unsafe memory.count }

    /// Some of the bytes, where they are; holds all of the memory, and costs no memory of its own.
    /// - Precondition: The range is within the buffer.
    public func slice(_ range: Range<Int>) -> FrameBuffer {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "\(range) is not within \(count) bytes")
        return unsafe FrameBuffer(UnsafeRawBufferPointer(rebasing: memory[range]), owner)
    }

    /// Lends the bytes for the length of a call.
    public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try withExtendedLifetime(owner) { try unsafe body(memory) }
    }
}
