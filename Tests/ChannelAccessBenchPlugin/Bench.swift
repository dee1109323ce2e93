// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Synchronization

/// Many numbers, one long waveform and one image for measuring servers, and one member of each kind for probing them.
final class Bench: Device {
    static let factory = DeviceFactory(
        "ca-bench", summary: "Members of every kind for measuring and probing frontends",
        settings: [
            .integer("scalars", "Numbers that the device counts up", default: 1000, in: 1...1_000_000),
            .integer("fan", "How many of them one write of TRIG counts up", default: 1000, in: 1...1_000_000),
            .integer("waveform", "Elements of WF", default: 1_000_000, in: 1...100_000_000),
            .integer("image", "Elements of IMG", default: 8_000_000, in: 1...100_000_000),
            .number("period", "Counts all of them up this often; 0 never", unit: "s", default: 0, in: 0...3600),
            .bool("stubborn", "Whether it does not stop by itself", default: false),
        ]
    ) { settings, _ in
        Bench(
            scalars: try settings["scalars"], fan: try settings["fan"], waveform: try settings["waveform"],
            image: try settings["image"], period: try settings["period"], isStubborn: try settings["stubborn"])
    }

    let nameSets = [TypeVarieties().nameSet]

    private let probes = Probes()
    private let counted: [Parameter<Double>]
    private let settable: [Parameter<Double>]
    private let waveform: Parameter<DataValue>
    private let image: Parameter<DataValue>
    private let triggers: [Parameter<Int32>]
    private let fan: Int
    private let period: Double
    private let isStubborn: Bool
    private let count = Atomic<Int>(0)

    init(scalars: Int, fan: Int, waveform: Int, image: Int, period: Double, isStubborn: Bool) {
        counted = (0..<scalars).map { Self.number("S", $0) }
        settable = (0..<min(scalars, 1000)).map { Self.number("A", $0) }
        self.waveform = member("WF", .array(.float64, capacity: [waveform]), .array(ArrayValue([Double]())))
        self.image = member("IMG", .array(.uint8, capacity: [image]), .array(ArrayValue([UInt8]())))
        triggers = ["TRIG", "WFTRIG", "IMGTRIG"].map { Parameter($0, "Publishes when it is written", initial: 0) }
        self.fan = min(fan, scalars)
        self.period = period
        self.isStubborn = isStubborn
        triggers[0].onWrite(self) { bench, value, _ in
            bench.countUp(bench.fan)
            bench.triggers[0].publish(value)
        }
        for (trigger, array) in [(triggers[1], self.waveform), (triggers[2], self.image)] {
            trigger.onWrite { value, _ in
                array.publish(array.value)
                trigger.publish(value)
            }
        }
    }

    func run() async throws {
        guard period > 0 else { return try await Task.sleep(for: .seconds(1_000_000_000)) }
        let clock = ContinuousClock()
        var next = clock.now
        while true {
            countUp(counted.count)
            next += .seconds(period)
            try await clock.sleep(until: next)
        }
    }

    func stop() async {
        if isStubborn { try? await Task.sleep(for: .seconds(1_000_000_000)) }
    }

    private static func number(_ letter: String, _ index: Int) -> Parameter<Double> {
        let digits = String(index)
        let name = letter + String(repeating: "0", count: max(0, 5 - digits.count)) + digits
        return Parameter(name, "A number", unit: "mm", precision: 3, initial: 0)
    }

    private func countUp(_ number: Int) {
        let value = Double(count.add(1, ordering: .relaxed).newValue)
        let now = Timestamp.now()
        for parameter in counted.prefix(number) { parameter.publish(value, alarm: .none, at: now) }
    }
}
