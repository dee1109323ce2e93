// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// One member of each kind, as the reference server's probe records: what a frontend makes of types, units and limits.
struct Probes {
    private let busy = Parameter("BUSY", "A write of it takes one second", initial: 0.0)
    private let operation: Command<Void>

    init() {
        operation = Command("OPERATE", "Takes so many seconds; fails below zero", Argument<Double>("seconds")) {
            progress, seconds in
            guard seconds >= 0 else { throw DeviceError(.outOfRange, "OPERATE cannot take \(seconds) s") }
            try await progress.sleep(seconds: seconds)
        }
        busy.onWrite { [busy] value, _ in
            busy.publish(value)
            try await Task.sleep(for: .seconds(1))
        }
        Self.addNumbers()
        Self.addTexts()
        Self.addArrays()
    }

    private static func addNumbers() {
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
        member("RO", .number(.float64), .float(2.25)) {
            $0.access = .read
            $0.precision = 2
        }
        member("I64", .number(.int64), .integer(5))
    }

    private static func addTexts() {
        choice("MB", ["Idle", "Acquire", "Fault"], 1)
        choice("BO", ["Done", "Acquiring"])
        text("STR", "hello")
        member("LSTR", .string(capacity: 256), .string(""))
        member("WFSTR", .strings(capacity: 4), .strings([]))
    }

    private static func addArrays() {
        array("WFS", .float64, 16) { $0.precision = 0 }
        array("WFI", .int16, 16)
        array("WFF", .float32, 16) { $0.precision = 0 }
    }
}
