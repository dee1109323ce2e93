// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// How the cooling is when a camera is opened: one that was left cold is not warmed up because nobody said anything.
struct PresentCooling: Sendable {
    /// `nil`: the camera does not tell.
    var cooler: Bool?
    var target: Int?
    var celsius: Double?

    /// On the gate's thread.
    init(reading sdk: SDKLibrary, _ facts: CameraFacts) throws {
        cooler = try? sdk.int(.isCoolerOn) != 0
        if let status = try? sdk.temperatureStatus(), let target = Int(exactly: status[1].rounded()),
            facts.temperatureRange.contains(target)
        {
            self.target = target
        }
        let reading = try sdk.temperature()
        if reading.status.isLoss { throw reading.status.error("GetTemperatureF") }
        if reading.status.tellsTemperature { celsius = reading.celsius }
    }

    /// A setup that leaves the cooling as it is; where the set point is not known, at the temperature of the sensor.
    func over(_ setup: CameraSetup) -> CameraSetup {
        var setup = setup
        setup.cooler = cooler ?? setup.cooler
        let celsius = cooler == true ? celsius.flatMap { Int(exactly: $0.rounded()) } : nil
        setup.target = target ?? celsius ?? setup.target
        return setup
    }

    /// What the camera has, so that only what differs from it is sent.
    /// - Parameters:
    ///   - wanted: What it will have.
    ///   - asks: Whether anybody asked for the cooler's state and for a set point; what is not asked for is not sent.
    func applied(to present: CameraSetup, _ wanted: CameraSetup, asks: (cooler: Bool, target: Bool)) -> CameraSetup {
        var present = present
        present.cooler = asks.cooler ? cooler ?? !wanted.cooler : wanted.cooler
        present.target = asks.target ? target ?? Int.min : wanted.target
        return present
    }
}
