// Part of daqd
// SPDX-License-Identifier: MIT

/// What drives a detector, a camera, a shutter: parameters and commands, and whatever keeps them true.
///
/// Parameters and commands made inside the factory become members by themselves. The kernel calls ``run()`` once the
/// device exists, again with back-off when it throws, and ``stop()`` once at the end.
public protocol Device: AnyObject, Sendable {
    /// Runs for the life of the device; default: waits until it is stopped.
    ///
    /// Called by the kernel, one call at a time. A thrown error raises the connection alarm over every parameter, and
    /// the kernel calls it again with back-off; returning ends it until the device is restarted. Cancelled at the
    /// stop, after ``stop()`` returned or the stop's time was up.
    func run() async throws

    /// Brings the hardware to a safe state; default: nothing.
    ///
    /// Called once, also when ``run()`` never got anywhere. New commands are refused from here on; running ones were
    /// cancelled, but for an acquisition's: it hears of the stop by ``Acquisition/stop`` and may be ended from here, so
    /// that the hardware ends it safely. The kernel waits for both. Has the device's `stop_timeout`, more if it asks by ``DeviceContext/needsMoreTime(_:)``.
    func stop() async

    /// Named views of parameters and commands for frontends; default: none, frontends use the plain paths.
    var nameSets: [NameSet] { get }
}

extension Device {
    /// Waits until the device is stopped.
    public func run() async throws {
        while true { try await Task.sleep(nanoseconds: 3_600_000_000_000) }
    }
    /// Nothing to do.
    public func stop() async {}
    /// No named views.
    public var nameSets: [NameSet] { [] }
}
