// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// One member of each kind, as the reference server's probe records: what a frontend makes of types, units and limits.
final class Probed: Device {
    static let factory = DeviceFactory(
        "ca-probed", summary: "One member of each kind for probing frontends", settings: []
    ) { _, _ in Probed() }

    let nameSets: [NameSet]
    private let busy: Parameter<Double>
    private let operation: Command<Void>

    init() {
        busy = Parameter("BUSY", "A write of it takes one second", initial: 0)
        operation = Command("OPERATE", "Takes so many seconds; fails below zero", Argument<Double>("seconds")) {
            progress, seconds in
            guard seconds >= 0 else { throw DeviceError(.outOfRange, "OPERATE cannot take \(seconds) s") }
            try await progress.sleep(seconds: seconds)
        }
        Self.addProbes()
        let varieties = TypeVarieties()
        nameSets = [varieties.nameSet]
        busy.onWrite { [busy] value, _ in
            busy.publish(value)
            try await Task.sleep(for: .seconds(1))
        }
    }

    private static func addProbes() {
        member("AO", .number(.float64), .float(1.5)) {
            $0.description = "probe double"
            $0.unit = "mm"
            $0.precision = 3
            $0.limits = -100...100
            $0.displayLimits = -50...50
            $0.alarmLimits = AlarmLimits(lowMajor: -90, low: -80, high: 80, highMajor: 90)
        }
        member("LO", .number(.int32), .integer(7)) {
            $0.description = "probe long"
            $0.unit = "cts"
        }
        choice("MB", ["Idle", "Acquire", "Fault"], 1)
        choice("BO", ["Done", "Acquiring"])
        text("STR", "hello")
        member("LSTR", .string(capacity: 256), .string(""))
        array("WFS", .float64, 16)
        array("WFI", .int16, 16)
        array("WFF", .float32, 16)
        member("WFSTR", .strings(capacity: 4), .strings([]))
        member("RO", .number(.float64), .float(2.25)) {
            $0.access = .read
            $0.precision = 2
        }
        member("I64", .number(.int64), .integer(5))
    }
}
