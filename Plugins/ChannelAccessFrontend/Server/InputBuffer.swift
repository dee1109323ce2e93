// Part of daqd
// SPDX-License-Identifier: MIT

import Glibc

/// The beginning of a message whose rest has not come; grows as bytes arrive, never on the word of a header.
///
/// Its memory is that of `malloc`: what is large then grows in place or by moving pages, not bytes.
@safe
struct InputBuffer: ~Copyable {
    private var memory: UnsafeMutableRawPointer?
    private var capacity = 0
    private(set) var count = 0

    deinit { unsafe free(memory) }

    /// All of it.
    var view: ByteView { unsafe ByteView(UnsafeRawBufferPointer(start: memory, count: count)) }

    /// Keeps these bytes and nothing else; they may be a part of its own.
    /// - Returns: Whether there was memory for them.
    mutating func keep(_ bytes: ByteView) -> Bool {
        guard bytes.count > 0 else {
            empty()
            return true
        }
        let isOwn = bytes.count <= count && count > 0
        if !isOwn || capacity > 4 * bytes.count + 4096 {
            guard let larger = unsafe malloc(bytes.count) else { return false }
            unsafe bytes.copy(to: larger)
            unsafe free(memory)
            unsafe memory = larger
            capacity = bytes.count
        } else if let memory = unsafe memory {
            unsafe bytes.copy(to: memory)
        }
        count = bytes.count
        return true
    }

    /// Reads from a socket, up to `needed` bytes in all.
    /// - Returns: What `read` returned.
    mutating func read(from descriptor: Int32, upTo needed: Int) -> Int {
        if capacity == count, !grow(min(needed, max(65_536, 2 * count))) { return -1 }
        guard let memory = unsafe memory else { return 0 }
        let result = unsafe Glibc.read(descriptor, memory + count, min(capacity, needed) - count)
        if result > 0 { count += result }
        return result
    }

    /// - Returns: Whether there was memory; `errno` is then ENOMEM.
    private mutating func grow(_ size: Int) -> Bool {
        let size = max(size, count + 1)
        guard let larger = unsafe realloc(memory, size) else { return false }
        unsafe memory = larger
        capacity = size
        return true
    }

    mutating func empty() {
        unsafe free(memory)
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
