// Part of daqd
// SPDX-License-Identifier: MIT

internal import DAQRoutes

/// One simulated detector that answers on a TCP port; a process can have several.
public final class EigerSimulation: Sendable {
    private let server: HTTPServer
    private let script: Task<Void, Never>?
    let service: SIMPLONService

    /// Starts to listen.
    ///
    /// - Throws: ``SimulationError`` for a model that does not exist or an address that cannot be had.
    public convenience init(_ options: SimulatorOptions) throws(SimulationError) {
        let clock: any SimulationClock = options.hasManualClock ? ManualClock() : ScaledClock(speed: options.speed)
        try self.init(options, clock: clock)
    }

    init(_ options: SimulatorOptions, clock: any SimulationClock) throws(SimulationError) {
        guard let model = DetectorModel.named(options.model) else {
            let known = DetectorModel.all.map(\.name).joined(separator: ", ")
            throw SimulationError("there is no model \(options.model); there are: \(known)")
        }
        for version in options.apis where APIVersion(rawValue: version) == nil {
            let known = APIVersion.allCases.map(\.rawValue).joined(separator: ", ")
            throw SimulationError("there is no API version \(version); there are: \(known)")
        }
        let script = try options.script.map { text throws(SimulationError) in
            try FaultScript(parsing: text, file: options.scriptName)
        }
        let unit = ControlUnit(model, options, clock: clock)
        let service = SIMPLONService(unit: unit, isLenient: options.isLenient)
        self.service = service
        var configuration = HTTPServerConfiguration()
        configuration.address = options.address
        configuration.port = options.port
        configuration.idleTimeoutSeconds = 0
        // A mask of a 16M detector, in base64.
        configuration.maximumBodyBytes = 128 << 20
        do {
            server = try HTTPServer(configuration, service.router())
        } catch {
            throw SimulationError("\(error)")
        }
        self.script = script.map { script in Task { await service.run(script) } }
    }

    /// The port on which it answers.
    public var port: Int { server.port }

    /// The versions of the API that it serves, oldest first.
    public var servedVersions: [String] { service.unit.versions.map(\.rawValue) }

    /// Ends every connection and stops to listen; safe a second time.
    public func stop() {
        script?.cancel()
        server.stop()
    }

    /// The versions of the API that `apis` may hold.
    public static var versions: [String] { APIVersion.allCases.map(\.rawValue) }

    /// The names that `model` may have.
    public static var models: [String] { DetectorModel.all.map(\.name) }
}

/// Why a simulated detector could not start, in one sentence.
public struct SimulationError: Error, Equatable, CustomStringConvertible {
    /// What is wrong.
    public let description: String

    init(_ description: String) { self.description = description }
}
