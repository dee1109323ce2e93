// Part of daqd
// SPDX-License-Identifier: MIT
internal import Synchronization

/// What a device gets from the kernel: its name, log, storage, transports and places to publish to.
///
/// Safe from any thread. A device reaches for nothing else.
public final class DeviceContext: Sendable {
    /// The configured name: `eiger1`.
    public let name: String
    /// The device's log.
    public let logger: Logger
    /// Folder below which the site's data go; absolute.
    public let dataRoot: String
    /// Where acquisitions begin, and where those wait that a crash interrupted.
    public let acquisitions: DeviceAcquisitions
    let node: DeviceNode
    private let pool: TransportPool
    private let used = Mutex<[any Transport]>([])
    private let openStore: @Sendable () throws -> KeyValueStore
    private let moreTime: @Sendable (Duration) -> Void

    init(
        node: DeviceNode, logger: Logger, dataRoot: String, acquisitions: DeviceAcquisitions, pool: TransportPool,
        openStore: @escaping @Sendable () throws -> KeyValueStore, moreTime: @escaping @Sendable (Duration) -> Void
    ) {
        name = node.name
        self.node = node
        self.logger = logger
        self.dataRoot = dataRoot
        self.acquisitions = acquisitions
        self.pool = pool
        self.openStore = openStore
        self.moreTime = moreTime
    }

    // MARK: - Members that come while running

    /// Adds a parameter that was found at run time.
    /// - Throws: ``DeviceError`` when the path is taken or malformed.
    public func add(_ parameter: AnyParameter) throws(DeviceError) { try node.add(parameter) }

    /// Adds a command that was found at run time.
    public func add(_ command: AnyCommand) throws(DeviceError) { try node.add(command) }

    /// Offers frames of a channel.
    public func add(_ source: FrameSource) { node.add(source) }

    /// Takes a parameter or a command out of the tree.
    public func remove(_ path: String) { node.remove(path) }

    /// The parameter of a path, declared or added.
    public func parameter(_ path: String) -> AnyParameter? { node.parameter(path) }

    // MARK: - Connection

    /// The hardware answers: the connection alarm goes from every parameter.
    ///
    /// A device that never calls this nor ``disconnected(_:)`` counts as connected from its first published value, and
    /// as away after its `run` threw; one that does tells for itself from the first call.
    public func connected() {
        node.tellsItself()
        node.set(.connected)
    }

    /// The hardware does not answer: every parameter gets the alarm, values stay.
    /// - Parameter reason: One sentence with the address and the error.
    public func disconnected(_ reason: String) {
        node.tellsItself()
        node.set(.disconnected(reason))
    }

    // MARK: - Services

    /// A transport, shared with other devices that ask for the same configuration.
    public func transport<T: Transport>(_ kind: T.Type, _ configuration: T.Configuration) throws -> T {
        let transport = try pool.acquire(kind, configuration, logger: logger)
        used.withLock { $0.append(transport) }
        return transport
    }

    /// Durable values of this device; reads them all when it is first asked for, so ask while the device is made.
    /// - Throws: ``RunLogError`` when the run log cannot be read.
    public func store() throws -> KeyValueStore { try openStore() }

    /// Asks for more time while the device stops, beyond its `stop_timeout`.
    public func needsMoreTime(_ duration: Duration) { moreTime(duration) }

    func releaseTransports() async {
        let transports = used.withLock { transports in
            defer { transports = [] }
            return transports
        }
        for transport in transports { await pool.release(transport) }
    }
}
