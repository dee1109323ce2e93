// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// Values that both generations have under different keys, or in different units, under one name.
final class StatusParameters: Sendable {
    private let temperature = Parameter<Double>(
        "status/temperature", "Temperature in the detector", unit: "C", access: .read, precision: 3)
    private let humidity = Parameter<Double>(
        "status/humidity", "Relative humidity in the detector", unit: "%", access: .read, precision: 3)
    private let free = Parameter<Double>(
        "buffer/free", "Free memory for files on the detector", unit: "B", access: .read, precision: 0)

    /// To be made inside the device's factory.
    init() {}

    /// Follows the keys.
    func follow(_ keys: KeyService) {
        keys.table.observe { [weak self, weak keys] key in
            guard let self, let keys else { return }
            switch key.name {
            case "temperature", "board_000/th0_temp":
                show(temperature, ["temperature", "board_000/th0_temp"], keys.table)
            case "humidity", "board_000/th0_humidity":
                show(humidity, ["humidity", "board_000/th0_humidity"], keys.table)
            case "buffer_free" where key.module == .filewriter: showFree(key, keys)
            default: break
            }
        }
    }

    /// The first of some keys that the detector has.
    private func show(_ parameter: Parameter<Double>, _ names: [String], _ table: KeyTable) {
        let present = names.map { SIMPLONKey(.detector, .status, $0) }.first(where: table.has)
        guard let present, let sample = table.sample(present) else { return }
        pass(sample, to: parameter, scale: 1)
    }

    /// The first generation counts in kilobytes.
    private func showFree(_ key: SIMPLONKey, _ keys: KeyService) {
        guard let sample = keys.table.sample(key) else { return }
        pass(sample, to: free, scale: keys.client.version.hasPrefix("1.6") ? 1000 : 1)
    }

    private func pass(_ sample: Sample, to parameter: Parameter<Double>, scale: Double) {
        if let number = sample.value.double, sample.timestamp != .never {
            parameter.publish(number * scale, alarm: sample.alarm, at: sample.timestamp)
        } else {
            parameter.publish(alarm: sample.alarm)
        }
    }
}
