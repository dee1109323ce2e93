// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Synchronization

/// One connection's place in the images of a channel: every image since the first call, in order, none twice.
final class ImageCursor: Sendable {
    private struct State {
        var queue: [Frame] = []
        var waiter: RPCCall?
        var lost = 0
        var subscription: FrameSubscription?
        var isClosed = false
    }

    /// Images that may wait for the client; beyond that the oldest are dropped and counted.
    private static let capacity = 256
    private let state = Mutex(State())

    /// Images that the client never got because it was slow.
    var lost: Int { state.withLock { $0.lost + Int($0.subscription?.dropped ?? 0) } }

    /// Ends a call with the next image, or with nothing when the time is up.
    func next(of source: FrameSource, _ call: RPCCall, timeout: Double) {
        begin(source)
        let frame: Frame? = state.withLock { state in
            if !state.queue.isEmpty { return state.queue.removeFirst() }
            state.waiter = call
            return nil
        }
        if let frame {
            deliver(frame, to: call)
            return
        }
        call.onAbandon { [weak call] in call?.complete(.value(.null)) }
        let timer = Task { [weak call] in
            try? await Task.sleep(nanoseconds: UInt64(timeout * 1e9))
            call?.complete(.value(.null))
        }
        call.onEnd { timer.cancel() }
    }

    /// The connection is gone.
    func close() {
        let subscription = state.withLock { state in
            state.isClosed = true
            state.queue = []
            return state.subscription
        }
        subscription?.cancel()
    }

    private func begin(_ source: FrameSource) {
        let subscription = state.withLock { state -> FrameSubscription? in
            guard state.subscription == nil, !state.isClosed else { return nil }
            state.subscription = source.subscribe(.everyDropping(capacity: Self.capacity))
            return state.subscription
        }
        guard let subscription else { return }
        Task { [weak self] in
            while let frame = await subscription.next() { self?.push(frame) }
        }
    }

    private func push(_ frame: Frame) {
        let waiter = state.withLock { state in
            defer { state.waiter = nil }
            return state.waiter
        }
        // A waiter whose time was up does not take the image: it is the next one's.
        if let waiter, deliver(frame, to: waiter) { return }
        state.withLock { state in
            guard !state.isClosed else { return }
            state.queue.append(frame)
            guard state.queue.count > Self.capacity else { return }
            state.queue.removeFirst()
            state.lost += 1
        }
    }

    @discardableResult
    private func deliver(_ frame: Frame, to call: RPCCall) -> Bool { call.complete(ImageWait.result([frame])) }
}
