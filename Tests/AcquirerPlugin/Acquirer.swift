// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// A client inside the daemon: takes one series after the other, so that tests can kill the daemon in the middle of one.
final class Acquirer: Frontend {
    static let factory = FrontendFactory(
        "acquirer", summary: "Takes series without end, for tests",
        settings: [
            .device("device", "Whose series"), .number("exposure", "Of a series", unit: "s", default: 0.6),
            .number("frame", "Time of one image", unit: "s", default: 0.05),
            .integer("images_per_file", "Images per file", default: 4),
        ]
    ) { settings, context in
        Acquirer(
            context, try settings["device"],
            [
                ("series/exposure_time", .float(try settings["exposure"])),
                ("series/frame_time", .float(try settings["frame"])),
                ("series/images_per_file", .integer(Int64(try settings["images_per_file"] as Int))),
            ])
    }

    private let context: FrontendContext
    private let device: String
    private let values: [(String, DataValue)]

    init(_ context: FrontendContext, _ device: String, _ values: [(String, DataValue)]) {
        self.context = context
        self.device = device
        self.values = values
    }

    func start() async throws {}
    func stop() async {}

    func run() async throws {
        let origin = Origin(frontend: "acquirer")
        while true {
            try await Task.sleep(for: .milliseconds(20))
            guard let node = context.site.device(device), node.deviceState == .connected,
                let acquire = node.command("acquire")
            else { continue }
            do {
                for (path, value) in values { try await node.parameter(path)?.put(value, origin: origin) }
                _ = try await acquire.call(origin: origin)
            } catch {
                context.logger.info("A series did not succeed", ["error": .string(error.message)])
            }
        }
    }
}

/// Called once by the kernel, after the stamp was compared.
@c(daqd_register_AcquirerPlugin)
public func register(_ host: UnsafeRawPointer) {
    unsafe Registry(host).add(Acquirer.factory)
}
