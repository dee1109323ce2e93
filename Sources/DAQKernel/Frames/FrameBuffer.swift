// Part of daqd
// SPDX-License-Identifier: MIT

/// A frame's bytes, shared by reference; the memory may belong to a pool, a message or a vendor's library.
@safe
public final class FrameBuffer: @unchecked Sendable {  // sound: the bytes are never written after `init`
    private let memory: UnsafeRawBufferPointer
    private let release: @Sendable () -> Void

    /// A buffer over somebody's memory.
    /// - Parameters:
    ///   - memory: Valid and unchanged until `release` is called.
    ///   - release: Called once, on any thread, when the last consumer let go.
    @unsafe
    public init(borrowing memory: UnsafeRawBufferPointer, release: @escaping @Sendable () -> Void) {
        unsafe self.memory = memory
        self.release = release
    }

    /// A buffer with bytes of its own.
    public init(_ bytes: [UInt8]) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 64)
        unsafe copy.copyBytes(from: bytes)
        unsafe memory = UnsafeRawBufferPointer(copy)
        nonisolated(unsafe) let owned = unsafe copy  // freed once, by the last reference
        release = { unsafe owned.deallocate() }
    }

    deinit { release() }

    /// Bytes in all.
    public var count: Int { unsafe memory.count }

    /// Lends the bytes for the length of a call.
    public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try unsafe body(memory)
    }
}
