// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// Cooling, as the Python driver names it.
enum CoolingCommands {
    private static let parallel = CameraCommands.parallel

    static func make(_ core: CameraCore, _ thermostat: Thermostat, _ lifecycle: Lifecycle) -> [AnyCommand] {
        [
            Command<Void>(
                "set_temperature_until_reach", "Sets the cooler's set point and waits until the sensor is there",
                Argument<Int>("temperature", "Set point; clipped to the camera's range", unit: "degC"),
                Argument<Double>("timeout", "0: as configured", unit: "s", limits: 0...1e6, default: 0),
                policy: parallel
            ) { progress, temperature, timeout in try await thermostat.set(temperature, timeout: timeout, progress) },
            Command<Void>(
                "emccd/set_temperature", "Sets the cooler's set point",
                Argument<Double>("t", "Truncated to whole degrees", unit: "degC", limits: -1000...1000),
                policy: parallel
            ) { _, t in
                let target = Int(t)
                try await core.change { setup, _ in setup.target = target }
            },
            Command<DataValue>(
                "emccd/get_temperature", "Whole degrees and the state of the regulation", policy: parallel
            ) { _ in
                let reading = try await core.call("GetTemperature", .status) { sdk, _ in try sdk.wholeTemperature() }
                return .tuple([.integer(Int64(reading.celsius)), .string(reading.status.name)])
            },
            Command<DataValue>("emccd/get_temperature_f", "Degrees and the state of the regulation", policy: parallel) {
                _ in
                let reading = try await core.call("GetTemperatureF", .status) { sdk, _ in try sdk.temperature() }
                return .tuple([.float(reading.celsius), .string(reading.status.name)])
            },
            Command<DataValue>("emccd/get_temperature_range", "Lowest and highest set point", policy: parallel) { _ in
                .pair(try await core.call("GetTemperatureRange") { sdk, _ in try sdk.ints(.getTemperatureRange) })
            },
            Command<Void>(
                "emccd/cooler", "Switches the cooler", Argument<Bool>("on", default: true), policy: parallel
            ) { _, isOn in
                try await core.change { setup, _ in setup.cooler = isOn }
                try await core.call(isOn ? "CoolerON" : "CoolerOFF") { sdk, _ in
                    try sdk.set(isOn ? .coolerON : .coolerOFF)
                }
            },
            Command<Bool>("emccd/is_cooler_on", "Whether the cooler is on", policy: parallel) { _ in
                try await core.call("IsCoolerOn", .status) { sdk, _ in try sdk.int(.isCoolerOn) != 0 }
            },
            Command<Void>(
                "emccd/set_fan_mode", "0 full, 1 low, 2 off", Argument<Int>("mode", limits: 0...2), policy: parallel
            ) { _, mode in
                let fan = FanMode(number: mode) ?? .full
                try await core.change { setup, _ in setup.fan = fan }
            },
        ]
    }
}
