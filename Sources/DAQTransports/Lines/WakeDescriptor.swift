// Part of daqd
// SPDX-License-Identifier: MIT
import CSystem
import DAQKernel
import Glibc

/// A descriptor that becomes readable when another thread says so; ends a `poll`.
final class WakeDescriptor: Sendable {
    let descriptor: Int32

    init() throws(DeviceError) {
        descriptor = daqd_event_descriptor()
        guard descriptor >= 0 else {
            throw DeviceError(.failed, "the system gives no descriptor: \(systemErrorText(errno))")
        }
    }

    deinit { close(descriptor) }

    /// Makes it readable.
    func post() {
        var one: UInt64 = 1
        _ = unsafe write(descriptor, &one, 8)
    }

    /// Makes it unreadable again.
    func clear() {
        var count: UInt64 = 0
        _ = unsafe read(descriptor, &count, 8)
    }
}
