// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Synchronization

/// What a call came to.
enum RPCResult: Sendable {
    case value(DataValue)
    case frame(Frame)
    case failure(RPCException)
}

/// One call that may take a while; it is completed once, by any thread.
final class RPCCall: Sendable {
    private enum Phase {
        case starting
        case waiting
        case ended(RPCResult)
        case taken
    }

    let arguments: [DataValue]
    let named: [(String, DataValue)]
    let origin: Origin
    private let state = Mutex<(phase: Phase, abandon: (@Sendable () -> Void)?, ended: (@Sendable () -> Void)?)>(
        (.starting, nil, nil))
    private let deliver: @Sendable (RPCCall) -> Void

    /// - Parameter deliver: Brings the call to its connection's thread, once it ended after ``start()``.
    init(
        _ arguments: [DataValue], _ named: [(String, DataValue)], origin: Origin,
        deliver: @escaping @Sendable (RPCCall) -> Void
    ) {
        self.arguments = arguments
        self.named = named
        self.origin = origin
        self.deliver = deliver
    }

    /// Ends the call; what comes after the first time is ignored.
    /// - Returns: Whether this was the first time.
    @discardableResult
    func complete(_ result: RPCResult) -> Bool {
        let (isNew, isWaiting, ended) = state.withLock { state in
            switch state.phase {
            case .starting, .waiting: break
            case .ended, .taken: return (false, false, Optional<@Sendable () -> Void>.none)
            }
            let isWaiting = if case .waiting = state.phase { true } else { false }
            state.phase = .ended(result)
            state.abandon = nil
            defer { state.ended = nil }
            return (true, isWaiting, state.ended)
        }
        guard isNew else { return false }
        ended?()
        if isWaiting { deliver(self) }
        return true
    }

    /// The result, if it is there already; from now on it is delivered otherwise.
    func resultOrWait() -> RPCResult? {
        state.withLock { state in
            if case .ended(let result) = state.phase {
                state.phase = .taken
                return result
            }
            state.phase = .waiting
            return nil
        }
    }

    /// The result that was delivered; nil when it was taken.
    func take() -> RPCResult? {
        state.withLock { state in
            guard case .ended(let result) = state.phase else { return nil }
            state.phase = .taken
            return result
        }
    }

    /// What to do when the caller vanishes before the end.
    func onAbandon(_ action: @escaping @Sendable () -> Void) { state.withLock { $0.abandon = action } }

    /// What to do at the end, on the thread of the end; for calls in a row.
    func onEnd(_ action: @escaping @Sendable () -> Void) { state.withLock { $0.ended = action } }

    /// The caller is gone.
    func abandon() {
        let action = state.withLock { state in
            defer { state.abandon = nil }
            return state.abandon
        }
        action?()
    }
}
