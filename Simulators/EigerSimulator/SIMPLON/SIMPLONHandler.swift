// Part of daqd
// SPDX-License-Identifier: MIT

internal import DAQKernel
internal import DAQRoutes

/// Answers what one request asks of one tree of the API.
struct SIMPLONHandler: Sendable {
    let unit: ControlUnit
    let version: APIVersion
    let isLenient: Bool

    // MARK: - GET

    func get(_ target: SIMPLONTarget, _ request: HTTPRequest) async throws -> Reply {
        switch target {
        case .version: .json(.object([("value", .string(unit.firmware.rawValue)), ("value_type", "string")]))
        case .tasks(let subsystem): .json(.array(tasks(of: subsystem).map(JSON.string)))
        case .keys(let subsystem, "config"): .json(await unit.configurationKeys(subsystem, version))
        case .keys(let subsystem, "status"): .json(await unit.statusKeys(subsystem, version))
        case .keys(let subsystem, _): .json(.array(subsystem.commands(version).map(JSON.string)))
        case .configuration(let subsystem, let name): try await configuration(subsystem, name, request)
        case .status(let subsystem, let name): .json(try await unit.getStatus(subsystem, name, version))
        case .files: .json(await unit.fileNames())
        case .images(let rest): try await images(rest, request)
        case .documentation: .text(200, Self.documentation, type: "text/html; charset=utf-8")
        case .bulk, .command, .data: throw Refusal(status: 405, text: "method GET is not allowed here")
        }
    }

    private static let documentation = """
        <!DOCTYPE html><title>eiger-sim</title><p>A simulated detector control unit; the API is that of SIMPLON.</p>
        """

    private func tasks(of subsystem: Subsystem) -> [String] {
        subsystem.tasks + (subsystem == .filewriter ? ["files"] : subsystem == .monitor ? ["images"] : [])
    }

    private func configuration(_ subsystem: Subsystem, _ name: String, _ request: HTTPRequest) async throws -> Reply {
        guard let array = try await unit.array(subsystem, name, version) else {
            return .json(try await unit.getConfiguration(subsystem, name, version))
        }
        let (rows, columns) = (unit.model.rows, unit.model.columns)
        guard let accept = request.headers["Accept"], accept.contains("tiff") else {
            return .bytes(array.envelope(rows: rows, columns: columns), type: "application/json; charset=utf-8")
        }
        let image = TIFFImage(
            columns: columns, rows: rows, bitsPerPixel: 32, sample: array.type == "<f4" ? .float : .unsigned)
        return .bytes(
            image.encode(array.bytes), type: accept.contains("application/tiff") ? "application/tiff" : "image/tiff")
    }

    /// The monitor's list, one image of it, the newest or the next.
    private func images(_ rest: [String], _ request: HTTPRequest) async throws -> Reply {
        switch (rest.first, rest.count) {
        case (nil, _): return .json(await unit.monitorBuffer.listing)
        case ("monitor", 1), ("next", 1):
            let asked = request.query("timeout").map { Int($0) ?? -1 } ?? 500
            guard asked >= 0 else { throw Refusal.badValue("timeout must be a number of milliseconds") }
            let (image, threshold) = try await unit.monitorImage(
                isNext: rest[0] == "next", milliseconds: min(asked, 60_000))
            return try await picture(image, threshold)
        default:
            let numbers = rest.map { Int($0) ?? -1 }
            guard (2...3).contains(numbers.count),
                let image = await unit.monitorImage(series: numbers[0], id: numbers[1]),
                numbers.count == 2 || image.thresholds.contains(numbers[2])
            else { throw Refusal.missing("image \(rest.joined(separator: "/").prefix(80))") }
            return try await picture(image, numbers.count == 3 ? numbers[2] : image.thresholds.first ?? 1)
        }
    }

    @concurrent
    private func picture(_ image: MonitorImage, _ threshold: Int) async throws -> Reply {
        .bytes(try image.tiff(threshold: threshold, firmware: unit.firmware), type: "application/tiff")
    }

    // MARK: - PUT and DELETE

    func put(_ target: SIMPLONTarget, _ request: HTTPRequest) async throws -> Reply {
        switch target {
        case .configuration(let subsystem, let name):
            guard let value = try body(request)?["value"] else {
                throw Refusal.badValue("Parameter \(name): expected an object with the member \"value\"")
            }
            return .json(try await unit.putConfiguration(subsystem, name, value, version))
        case .bulk(let subsystem):
            guard let members = try body(request)?.members, !members.isEmpty else {
                throw Refusal.badValue("expected an object of keys, each with the member \"value\"")
            }
            return .json(try await unit.putConfiguration(subsystem, members, version))
        case .command(let subsystem, let name):
            guard subsystem.commands(version).contains(name) else { throw Refusal.missing("command \(name)") }
            let result = try await unit.command(subsystem, name, argument: try argument(name, request))
            let isEmpty = result.members?.isEmpty ?? false
            return isEmpty && unit.quirks.contains(.emptyReplies) ? .empty(200) : .json(result)
        default: throw Refusal(status: 405, text: "method PUT is not allowed here")
        }
    }

    /// The argument of a command: most take none, and then only an empty body or `{}`.
    private func argument(_ name: String, _ request: HTTPRequest) throws(Refusal) -> JSON? {
        guard let body = try body(request) else { return nil }
        guard let members = body.members else {
            throw .badValue("command \(name): the body must be empty or an object")
        }
        if members.isEmpty { return nil }
        switch name {
        case "trigger" where body["value"]?.double != nil: return body
        case "hv_reset":
            guard let seconds = body["value"]?.double, (1...600).contains(seconds) else {
                throw .badValue("command hv_reset: the time must be between 1 and 600 s")
            }
            return body
        default:
            guard isLenient else { throw .badValue("command \(name) takes no argument") }
            return nil
        }
    }

    /// The JSON body; `nil` when there is none.
    private func body(_ request: HTTPRequest) throws(Refusal) -> JSON? {
        if request.body.allSatisfy({ $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }) { return nil }
        do {
            return try JSON(parsing: request.body, limits: JSON.Limits(depth: 16, values: 100_000))
        } catch {
            throw .badValue("the body is not valid JSON: \(error)")
        }
    }

    func delete(_ target: SIMPLONTarget) async throws -> Reply {
        switch target {
        case .data(let name):
            guard unit.store.remove(name) else { throw Refusal.missing("file \(name)") }
        case .configuration(let subsystem, let name): try await unit.removeArray(subsystem, name, version)
        default: throw Refusal(status: 405, text: "method DELETE is not allowed here")
        }
        return .empty(204)
    }
}
