// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Synchronization

/// The one way to a library's functions: a thread of its own that selects the camera and calls.
///
/// The SDK's choice of the current camera holds for the whole process, and no two threads may be inside: so every call of every
/// camera comes through here, the urgent ones first. Waiting for images happens outside.
final class SDKGate: Transport {
    let path: String
    private let thread = SerialThread(name: "andor-sdk")
    private let opened = Mutex<SDKLibrary?>(nil)
    /// Touched on the gate's thread only.
    private let selected = Mutex<Int?>(nil)
    private let running = Mutex<(name: String, since: ContinuousClock.Instant)?>(nil)
    private let simulation: String
    private let logger: Logger
    /// Which device has which camera.
    let register = CameraRegister()

    /// Which library, and what the stand-in is told.
    ///
    /// The path alone tells one gate from another: a library has one gate, whoever asks.
    struct Configuration: Hashable, Sendable {
        var path: String
        var simulation = ""

        static func == (left: Self, right: Self) -> Bool { left.path == right.path }
        func hash(into hasher: inout Hasher) { hasher.combine(path) }
    }

    init(_ configuration: Configuration, logger: Logger) throws {
        path = configuration.path
        simulation = configuration.simulation
        self.logger = logger
    }

    func close() async {}

    /// Opens the library if it is not open yet.
    /// - Throws: ``DeviceError/Code/unavailable`` with the reason.
    func open() async throws -> SDKLibrary {
        if let library = opened.withLock({ $0 }) { return library }
        return try await thread.run { [self] in
            if let library = opened.withLock({ $0 }) { return library }
            let library = try SDKLibrary(path: path)
            if !simulation.isEmpty { try library.configureSimulation(simulation) }
            opened.withLock { $0 = library }
            report(library)
            return library
        }
    }

    /// Says which file it is, beyond doubt: when two machines differ, that is asked first.
    private func report(_ library: SDKLibrary) {
        let sum = try? SHA256.hashBlocking(fileAt: library.file)
        logger.notice(
            "Andor's SDK is loaded",
            [
                "file": .string(library.file), "sha256": .string(sum?.digest.hex ?? "unreadable"),
                "simulated": .bool(library.isSimulated),
            ])
    }

    /// The name of the call that runs now and how long it has.
    var present: (name: String, for: Duration)? {
        running.withLock { $0.map { ($0.name, $0.since.duration(to: .now)) } }
    }

    /// Calls waiting or running.
    var backlog: Int { thread.backlog }

    /// Runs calls to a camera as one, selected before them.
    /// - Parameter camera: The handle; `nil` for calls that belong to no camera.
    func call<Result: Sendable>(
        _ name: String, camera: Int?, _ priority: TransportPriority = .control,
        _ body: @escaping @Sendable (SDKLibrary) throws -> Result
    ) async throws -> Result {
        let library = try await open()
        return try await thread.run(priority) { [self] in
            running.withLock { $0 = (name, .now) }
            defer { running.withLock { $0 = nil } }
            if let camera { try select(camera, library) }
            return try body(library)
        }
    }

    /// Queues calls to a camera as one and returns at once; for a thread that waits for the answer itself.
    /// - Parameter body: Called on the gate's thread; its argument says why the camera could not be selected.
    func enqueue(
        _ name: String, camera: Int, _ library: SDKLibrary, _ priority: TransportPriority,
        _ body: @escaping @Sendable (DeviceError?) -> Void
    ) {
        thread.perform(priority) { [self] in
            running.withLock { $0 = (name, .now) }
            defer { running.withLock { $0 = nil } }
            do throws(DeviceError) {
                try select(camera, library)
                body(nil)
            } catch {
                body(error)
            }
        }
    }

    /// Makes a camera the one that calls are about; on the gate's thread.
    func select(_ camera: Int, _ library: SDKLibrary) throws(DeviceError) {
        guard selected.withLock({ $0 }) != camera else { return }
        try library.set(.setCurrentCamera, camera)
        selected.withLock { $0 = camera }
    }
}
