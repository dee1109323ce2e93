// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Synchronization
import Testing

@testable import DAQKernel

@Suite("Serial thread")
struct SerialThreadTests {
    @Test("abort passes data, data passes control, control passes status; equals keep their order")
    func priorities() async throws {
        let thread = SerialThread(name: "test")
        let order = Mutex<[String]>([])
        let gate = DispatchSemaphore(value: 0)
        thread.perform { gate.wait() }
        for name in ["s1", "s2"] { thread.perform(.status) { order.withLock { $0.append(name) } } }
        for name in ["c1", "c2"] { thread.perform(.control) { order.withLock { $0.append(name) } } }
        thread.perform(.data) { order.withLock { $0.append("d") } }
        thread.perform(.abort) { order.withLock { $0.append("a") } }
        gate.signal()
        let last = try await thread.run(.status) { order.withLock { $0.count } }
        #expect(last == 6)
        #expect(order.withLock { $0 } == ["a", "d", "c1", "c2", "s1", "s2"])
    }

    @Test("what a call throws reaches the caller, and the thread goes on")
    func failing() async throws {
        let thread = SerialThread(name: "test")
        await #expect(throws: DeviceError.self) { try await thread.run { throw DeviceError(.vendor, "no") } }
        #expect(try await thread.run { 5 } == 5)
    }
}
