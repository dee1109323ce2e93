// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Synchronization

/// One piece of memory between network and disk.
///
/// `@unchecked Sendable`: it has one owner at a time, first the network side, then the queue, then the disk side.
@safe
final class SinkBuffer: @unchecked Sendable {
    private let storage: UnsafeMutableRawBufferPointer
    private var used = 0

    init(capacity: Int) {
        unsafe storage = .allocate(byteCount: capacity, alignment: 4096)
    }

    deinit {
        unsafe storage.deallocate()
    }

    var room: Int { unsafe storage.count - used }
    var bytes: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(rebasing: storage[..<used]) }

    /// The caller has checked `room`.
    func append(_ bytes: UnsafeRawBufferPointer) {
        unsafe UnsafeMutableRawBufferPointer(rebasing: storage[used...]).copyMemory(from: bytes)
        used += bytes.count
    }

    func clear() {
        used = 0
    }
}

/// What the disk side has to do, in order; its thread sleeps while there is nothing.
final class SinkQueue: Sendable {
    enum Item: Sendable {
        case write(SinkBuffer)
        case end(CheckedContinuation<Void, Never>)
    }

    private let items = Mutex<[Item]>([])
    private let signal = ThreadSemaphore()

    func push(_ item: Item) {
        items.withLock { $0.append(item) }
        signal.post()
    }

    func pop() -> Item {
        while true {
            signal.wait()
            if let item = items.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) { return item }
        }
    }
}
