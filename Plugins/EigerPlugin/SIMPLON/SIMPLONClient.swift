// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import DAQTransports
import Synchronization

/// Speaks SIMPLON with one detector control unit.
///
/// Reads and configuration PUTs share two kept connections and are repeated once after a broken one. Every command goes on a
/// connection of its own and is never repeated: libcurl re-sends what breaks on a reused one. No call here blocks a thread.
final class SIMPLONClient: Sendable {
    /// The device's name, for messages.
    let device: String
    let address: SIMPLONAddress
    let limits: SIMPLONTimeouts
    private let control: HTTPClient
    private let data: HTTPClient
    private let versions: VersionTable
    private let listing = Mutex(FileListing.unknown)

    /// Where the detector lists its files; found by asking.
    private enum FileListing: Sendable {
        case unknown
        /// `filewriter/status/files`, as the second generation has it.
        case status
        /// `filewriter/…/files/`, as the first has it.
        case resource
    }

    /// - Parameter version: `auto`, or the version to speak without asking.
    init(device: String, address: SIMPLONAddress, version: String, limits: SIMPLONTimeouts) throws {
        self.device = device
        self.address = address
        self.limits = limits
        versions = VersionTable(fixed: version == "auto" ? nil : version)
        control = try HTTPClient(
            name: "\(device)-http",
            pools: [.init("control", limit: 2), .init("command", limit: 8), .init("trigger", limit: 1)])
        data = try HTTPClient(name: "\(device)-data", pools: [.init("data", limit: 4)])
    }

    /// The API version that the detector's own module speaks; empty until it is known.
    var version: String { versions.of(.detector) }

    /// Asks every module for its API version; a module that does not say speaks the detector's.
    /// - Returns: The version of the module `detector`.
    @discardableResult
    func discoverVersion() async throws -> String {
        listing.withLock { $0 = .unknown }
        if let fixed = versions.fixed { return fixed }
        let version = try await askVersion(.detector)
        var found: [SIMPLONKey.Module: String] = [.detector: version]
        for module in SIMPLONKey.Module.allCases where module != .detector {
            do {
                found[module] = try await askVersion(module)
            } catch let error as DeviceError where error.code == .notFound || error.code == .vendor {
                continue
            }
        }
        versions.set(found)
        return version
    }

    /// With and without the slash at the end, of which some servers know only one.
    private func askVersion(_ module: SIMPLONKey.Module) async throws -> String {
        let what = "the API version of its module \(module.rawValue)"
        let url = address.version(module)
        do {
            return try decode(try await send(.get, url, what, limits.read), what, SIMPLONReplies.version)
        } catch let error as DeviceError where error.vendorCode.map({ $0 == 404 || (300...399).contains($0) }) == true {
            return try decode(try await send(.get, url + "/", what, limits.read), what, SIMPLONReplies.version)
        }
    }

    // MARK: - Keys

    func get(_ key: SIMPLONKey) async throws -> SIMPLONValue {
        let reply = try await send(.get, address.key(key, versions.of(key.module)), key.description, limits.read)
        return try decode(reply, key.description) { json throws(WireError) in try SIMPLONValue(json, task: key.task) }
    }

    /// Everything that the detector says of a key; an object with a value.
    func getWhole(_ key: SIMPLONKey) async throws -> JSON {
        let reply = try await send(.get, address.key(key, versions.of(key.module)), key.description, limits.read)
        return try decode(reply, key.description) { json throws(WireError) in
            guard json["value"] != nil else { throw WireError("it is \(json.kind), not an object with a value") }
            return json
        }
    }

    /// The detector's own list of keys.
    func keys(_ module: SIMPLONKey.Module, _ task: SIMPLONKey.Task) async throws -> [String] {
        let what = "\(module.rawValue)/\(task.rawValue)/keys"
        return try decode(
            try await send(.get, address.keys(module, task, versions.of(module)), what, limits.read), what,
            SIMPLONReplies.names)
    }

    /// The detector's own list of a module's commands.
    func commands(of module: SIMPLONKey.Module) async throws -> [String] {
        let what = "\(module.rawValue)/command/keys"
        return try decode(
            try await send(.get, address.commands(module, versions.of(module)), what, limits.read), what,
            SIMPLONReplies.names)
    }

    /// Sets a key.
    /// - Returns: The names of what changed as far as the detector says so; a hint only.
    func put(_ key: SIMPLONKey, _ value: JSON) async throws -> [String] {
        let limit = SIMPLONDependents.isSlow(key.name) ? limits.configureSlow : limits.configure
        let body = JSON.object([("value", value)]).text
        let reply = try await send(
            .put, address.key(key, versions.of(key.module)), "\(key) = \(value.text)", limit, body: body)
        return (try? Self.json(reply)).map(SIMPLONReplies.changes) ?? []
    }

    // MARK: - Commands

    /// Sends a command once, on a connection of its own.
    /// - Parameters:
    ///   - argument: For the few that take a value; without one the body is empty.
    ///   - limit: Commands answer when they are done, so this is how long they may take.
    /// - Returns: The reply as far as it is JSON; its content means little.
    @discardableResult
    func command(
        _ name: String, of module: SIMPLONKey.Module = .detector, argument: JSON? = nil, within limit: Duration,
        pool: String = "command"
    ) async throws -> JSON {
        let what = "\(module.rawValue)/command/\(name)"
        var request = HTTPRequest(.put, address.command(module, name, versions.of(module)))
        request.freshConnection = true
        request.pool = pool
        request.timeouts = HTTPTimeouts(connect: limits.connect, total: limit)
        if let argument {
            request.body = Array(JSON.object([("value", argument)]).text.utf8)
            request.fields = [HTTPField("Content-Type", "application/json")]
        }
        let reply = try checked(try await perform(control, request, what), what)
        return (try? Self.json(reply)) ?? .null
    }

    // MARK: - Files

    /// The names of the files in the detector's memory.
    func files() async throws -> [String] {
        let known = listing.withLock { $0 }
        if known != .resource {
            let key = SIMPLONKey(.filewriter, .status, "files")
            do {
                let reply = try await send(
                    .get, address.key(key, versions.of(.filewriter)), key.description, limits.read)
                let names = try decode(reply, key.description, SIMPLONReplies.names)
                listing.withLock { $0 = .status }
                return names
            } catch let error as DeviceError where error.code == .notFound && known == .unknown {
                // The first generation does not have that key.
            }
        }
        let reply = try await send(.get, address.files(versions.of(.filewriter)), "the list of files", limits.read)
        let names = try decode(reply, "the list of files", SIMPLONReplies.names)
        listing.withLock { $0 = .resource }
        return names
    }

    /// The size of a file; `nil` when the detector does not have it.
    func size(of file: String) async throws -> Int64? {
        var request = HTTPRequest(.head, address.file(file))
        request.pool = "control"
        request.timeouts = HTTPTimeouts(connect: limits.connect, total: limits.read)
        let reply = try await perform(control, request, "the size of \(file)")
        if reply.status == 404 { return nil }
        return try checked(reply, "the size of \(file)").contentLength
    }

    /// Brings a file, or what is still missing of it.
    func download(_ file: String, into sink: DownloadSink) async throws -> HTTPDownload {
        var request = HTTPRequest(.get, address.file(file))
        request.pool = "data"
        request.fields = [HTTPField("Accept", "application/hdf5")]
        request.timeouts = HTTPTimeouts(connect: limits.connect, total: nil, stall: limits.stall)
        do {
            return try await data.download(request, into: sink)
        } catch let error as HTTPError {
            throw failure(error, file)
        }
    }

    /// Removes one file from the detector's memory; one that is gone already counts as removed.
    func delete(_ file: String) async throws {
        var request = HTTPRequest(.delete, address.file(file))
        request.pool = "control"
        request.freshConnection = true
        request.timeouts = HTTPTimeouts(connect: limits.connect, total: limits.configure)
        let reply = try await perform(control, request, "the removal of \(file)")
        if reply.status == 404 { return }
        guard (200...299).contains(reply.status) else { throw refusal(reply, "the removal of \(file)") }
    }

    // MARK: - How it is done

    private func send(
        _ method: HTTPMethod, _ url: String, _ what: String, _ limit: Duration, body: String? = nil
    ) async throws -> HTTPResponse {
        var request = HTTPRequest(method, url)
        request.pool = "control"
        request.timeouts = HTTPTimeouts(connect: limits.connect, total: limit)
        request.fields = [HTTPField("Accept", "application/json")]
        if let body {
            request.body = Array(body.utf8)
            request.fields.append(HTTPField("Content-Type", "application/json"))
        }
        return try checked(try await perform(control, request, what, repeats: true), what)
    }

    private func perform(
        _ client: HTTPClient, _ request: HTTPRequest, _ what: String, repeats: Bool = false
    ) async throws -> HTTPResponse {
        do {
            return try await client.perform(request)
        } catch let error as HTTPError {
            guard repeats, error.code == .broken else { throw failure(error, what) }
        }
        do {
            return try await client.perform(request)
        } catch let error as HTTPError {
            throw failure(error, what)
        }
    }

    private func checked(_ reply: HTTPResponse, _ what: String) throws -> HTTPResponse {
        guard reply.status == 200 else { throw refusal(reply, what) }
        return reply
    }

    private func refusal(_ reply: HTTPResponse, _ what: String) -> DeviceError {
        let line = reply.firstLine
        return DeviceError(
            reply.status == 404 ? .notFound : .vendor,
            "\(device) refused \(what) with HTTP status \(reply.status)\(line.isEmpty ? "" : ": \(line)")",
            vendorCode: reply.status, vendorText: line)
    }

    private func failure(_ error: HTTPError, _ what: String) -> DeviceError {
        let code: DeviceError.Code =
            switch error.code {
            case .timeout: .timeout
            case .connection, .broken: .disconnected
            case .storage: .storage
            case .status: error.status == 404 ? .notFound : .vendor
            default: .vendor
            }
        return DeviceError(code, "\(device), \(what): \(error.message)", vendorCode: error.status ?? error.curlCode)
    }

    private static func json(_ reply: HTTPResponse) throws(WireError) -> JSON {
        if reply.body.allSatisfy({ $0 <= 0x20 }) { return .null }
        return try JSON(parsing: reply.body, limits: JSON.Limits(depth: 16, values: 200_000))
    }

    private func decode<Value>(
        _ reply: HTTPResponse, _ what: String, _ read: (JSON) throws(WireError) -> Value
    ) throws -> Value {
        do throws(WireError) {
            return try read(try Self.json(reply))
        } catch {
            throw DeviceError(.vendor, "\(device) answered \(what) with something unusable: \(error)")
        }
    }
}
