// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import DAQTransports

/// A beam shutter behind a line-based TCP controller.
final class Shutter: Device {
    static let factory = DeviceFactory(
        "shutter", summary: "Beam shutter, two positions",
        settings: [
            .string("host", "Controller address"),
            .integer("port", "Controller port", default: 5000, in: 1...65535),
        ]
    ) { try Shutter($0, $1) }

    enum Position: String, Choice { case closed, open, moving }

    let position = Parameter<Position>("position", "Where the blade is", access: .read)
    let settle = Parameter("settle", "Wait after a move", unit: "s", limits: 0...10, precision: 2, initial: 0.1)
    let move: Command<Void>
    private let link: LineTransport

    init(_ settings: Settings, _ context: DeviceContext) throws {
        link = try context.transport(LineTransport.self, host: settings["host"], port: settings["port"])
        move = Command("move", "Moves the blade", Argument<Position>("to")) {
            [link, position, settle] progress, target in
            position.publish(.moving)
            try await link.send("MOVE \(target.rawValue)", timeout: .seconds(2))
            try await progress.sleep(seconds: settle.value)
            position.publish(try Position(parsing: await link.ask("POS?")))
        }
    }

    /// Runs for the life of the device; a thrown error raises the alarm, and the kernel calls it again with back-off.
    func run() async throws {
        for try await line in link.lines(asking: "POS?", every: .seconds(1)) {
            position.publish(try Position(parsing: line))
        }
    }
}

/// Called once by daqd, after the plugin's stamp was compared.
@c(daqd_register_ShutterPlugin)
public func register(_ host: UnsafeRawPointer) {
    unsafe Registry(host).add(Shutter.factory)
}
