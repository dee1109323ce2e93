// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// A device that was compiled before ``ParameterMetadata`` stored a precision and ``Device`` had name sets.
final class Aged: Device {
    let gain = Parameter(
        "gain", "How much louder", unit: "dB", limits: -5...20, precision: 3, initial: 1.5, autosave: true)

    static let factory = DeviceFactory("aged", summary: "Older than the kernel") { _, _ in Aged() }
}

/// Reads every field of a struct that has become larger since.
@Sendable func describe(_ metadata: ParameterMetadata) -> String {
    var copy = metadata
    copy.autosave.toggle()
    return "\(copy.description), \(copy.unit), \(copy.precision ?? -1), \(copy.access), \(copy.limits ?? 0...0), "
        + "\(copy.alarmLimits?.high ?? 0), \(copy.deadBands?.monitor ?? 0), \(copy.choices), \(copy.autosave)"
}

/// Called once by the kernel, after the stamp was compared.
@c(daqd_register_AgedPlugin)
public func register(_ host: UnsafeRawPointer) {
    let registry = unsafe Registry(host)
    registry.add(Aged.factory)
    registry.contribute("aged.describe", describe)
    registry.contribute("aged.make", { @Sendable () -> any Device in Aged() })
}
