// Part of daqd
// SPDX-License-Identifier: MIT

import Dispatch
import Glibc

/// A second thread of a loop, which waits for the next words of one busy client and for nothing else.
///
/// A client that asks, reads the answer and asks again is most of an experiment's traffic. A wait for its socket alone costs a system
/// call less for each request than a wait for all of them. Everything that touches connections still happens in the loop's turn.
@safe
final class DirectReader: @unchecked Sendable {  // sound: what changes is touched in the loop's turn only
    /// A client that says nothing for so long goes back to the others.
    static let patienceMilliseconds: Int32 = 50

    private enum Task {
        case read(LineConnection)
        case end
    }

    private let work = DispatchSemaphore(value: 0)
    private var task: Task?
    private var isStarted = false
    private(set) var isBusy = false

    /// Waits for this client from now on; called in the loop's turn.
    /// - Returns: Whether the thread was free for it.
    func take(_ connection: LineConnection, on loop: EventLoop) -> Bool {
        guard !isBusy else { return false }
        if !isStarted { isStarted = LoopThread.start("rpc-direct", { self.run(loop) }) }
        guard isStarted else { return false }
        isBusy = true
        task = .read(connection)
        work.signal()
        return true
    }

    /// Ends the thread once it is done with its client; called in the loop's turn.
    func end() {
        guard isStarted, !isBusy else { return }
        isBusy = true
        task = .end
        work.signal()
    }

    private func run(_ loop: EventLoop) {
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 64)
        defer { unsafe room.deallocate() }
        while true {
            work.wait()
            guard case .read(let connection) = loop.inTurn({ task.take() }) else { return }
            unsafe read(connection, on: loop, room)
            let isOver = loop.inTurn {
                isBusy = false
                return loop.isOver
            }
            if isOver { return }
        }
    }

    /// Hands on what comes, until the connection wants to be watched as the others are.
    @unsafe
    private func read(_ connection: LineConnection, on loop: EventLoop, _ room: UnsafeMutableRawBufferPointer) {
        let descriptor = connection.descriptor
        while true {
            let count = unsafe recv(descriptor, room.baseAddress, room.count, 0)
            let result = StreamResult(received: count)
            let goesOn = loop.inTurn { unsafe connection.received(result, in: room) }
            guard goesOn else { return }
        }
    }
}
