// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// The smallest device: what the loader's tests load.
final class Probe: Device {
    static let factory = DeviceFactory(
        "probe", summary: "A number that can be set", settings: [.integer("start", "First value", default: 7)]
    ) { settings, _ in try Probe(settings["start"]) }

    let number: Parameter<Int>

    init(_ start: Int) throws {
        guard start >= 0 else { throw DeviceError(.outOfRange, "a probe cannot start at \(start)") }
        number = Parameter("number", "Any number", access: .readWrite, initial: start)
    }
}

/// Called once by the kernel, after the stamp was compared.
@c(daqd_register_ProbePlugin)
public func register(_ host: UnsafeRawPointer) {
    unsafe Registry(host).add(Probe.factory)
}
