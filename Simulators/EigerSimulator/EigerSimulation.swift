// Part of daqd
// SPDX-License-Identifier: MIT

internal import DAQRoutes

/// One simulated EIGER2 that answers on a TCP port; a process can have several.
public final class EigerSimulation: Sendable {
    private let server: HTTPServer
    let service: SIMPLONService

    /// Starts to listen.
    ///
    /// - Throws: ``SimulationError`` for a model that does not exist or an address that cannot be had.
    public convenience init(_ options: SimulatorOptions) throws(SimulationError) {
        try self.init(options, clock: ScaledClock(speed: options.speed))
    }

    init(_ options: SimulatorOptions, clock: any SimulationClock) throws(SimulationError) {
        guard let model = DetectorModel.named(options.model) else {
            let known = DetectorModel.all.map(\.name).joined(separator: ", ")
            throw SimulationError("there is no model \(options.model); there are: \(known)")
        }
        let unit = ControlUnit(model, options, clock: clock)
        service = SIMPLONService(unit: unit, isLenient: options.isLenient)
        var configuration = HTTPServerConfiguration()
        configuration.address = options.address
        configuration.port = options.port
        configuration.idleTimeoutSeconds = 0
        do {
            server = try HTTPServer(configuration, service.router())
        } catch {
            throw SimulationError("\(error)")
        }
    }

    /// The port on which it answers.
    public var port: Int { server.port }

    /// Ends every connection and stops to listen; safe a second time.
    public func stop() { server.stop() }

    /// The names that `model` may have.
    public static var models: [String] { DetectorModel.all.map(\.name) }
}

/// Why a simulated detector could not start, in one sentence.
public struct SimulationError: Error, Equatable, CustomStringConvertible {
    /// What is wrong.
    public let description: String

    init(_ description: String) { self.description = description }
}
