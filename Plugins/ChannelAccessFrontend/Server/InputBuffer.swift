// Part of daqd
// SPDX-License-Identifier: MIT

import Glibc

/// The beginning of a message whose rest has not come; grows as bytes arrive, never on the word of a header.
@safe
struct InputBuffer: ~Copyable {
    private var memory: UnsafeMutableRawPointer?
    private var capacity = 0
    private(set) var count = 0

    deinit { unsafe memory?.deallocate() }

    /// All of it.
    var view: ByteView { unsafe ByteView(UnsafeRawBufferPointer(start: memory, count: count)) }

    /// Keeps these bytes and nothing else; they may be a part of its own.
    mutating func keep(_ bytes: ByteView) {
        guard bytes.count > 0 else { return empty() }
        let isOwn = bytes.count <= count && count > 0
        if !isOwn || capacity > 4 * bytes.count + 4096 {
            let larger = UnsafeMutableRawPointer.allocate(byteCount: bytes.count, alignment: 16)
            unsafe bytes.copy(to: larger)
            unsafe memory?.deallocate()
            unsafe memory = larger
            capacity = bytes.count
        } else if let memory = unsafe memory {
            unsafe bytes.copy(to: memory)
        }
        count = bytes.count
    }

    /// Reads from a socket, up to `needed` bytes in all.
    /// - Returns: What `read` returned.
    mutating func read(from descriptor: Int32, upTo needed: Int) -> Int {
        if capacity == count { grow(min(needed, max(65_536, 2 * count))) }
        guard let memory = unsafe memory else { return 0 }
        let result = unsafe Glibc.read(descriptor, memory + count, min(capacity, needed) - count)
        if result > 0 { count += result }
        return result
    }

    private mutating func grow(_ size: Int) {
        let larger = UnsafeMutableRawPointer.allocate(byteCount: max(size, count + 1), alignment: 16)
        if let memory = unsafe memory {
            unsafe larger.copyMemory(from: memory, byteCount: count)
            unsafe memory.deallocate()
        }
        unsafe memory = larger
        capacity = max(size, count + 1)
    }

    mutating func empty() {
        unsafe memory?.deallocate()
        unsafe memory = nil
        capacity = 0
        count = 0
    }
}

extension ByteView {
    /// Copies all bytes; source and target may overlap.
    @unsafe
    func copy(to target: UnsafeMutableRawPointer) {
        withSpan(0, count) { span in
            unsafe span.withUnsafeBytes { raw in
                guard let base = raw.baseAddress else { return }
                _ = unsafe memmove(target, base, raw.count)
            }
        }
    }
}
