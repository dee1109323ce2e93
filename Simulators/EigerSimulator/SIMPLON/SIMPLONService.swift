// Part of daqd
// SPDX-License-Identifier: MIT

internal import DAQKernel
internal import DAQRoutes

/// Answers HTTP requests as a control unit does, keeps the log and lets the ordered faults strike.
struct SIMPLONService: Sendable {
    let unit: ControlUnit
    let log = RequestLog()
    let isLenient: Bool

    /// The routes: everything leads here, because the log must see everything.
    func router() -> HTTPRouter {
        var router = HTTPRouter()
        for method in [HTTPMethod.get, .put, .post, .delete] {
            router.on(method, "/*") { request in await answer(request) }
            router.on(method, "/") { request in await answer(request) }
        }
        router.failure = { failure, _ in
            HTTPResponse(failure.status, type: "text/plain; charset=utf-8", text: failure.text)
        }
        return router
    }

    private func answer(_ request: HTTPRequest) async -> HTTPResponse {
        if request.path.first == "sim" { return await SimulatorControl(service: self).answer(request) }
        let state = await unit.state.rawValue
        let number = log.add(
            time: DateText.milliseconds(), method: request.method.rawValue, path: request.target,
            body: request.body, state: state)
        let response = await answerWithFaults(request)
        let isClosed = if case .closed = response { true } else { false }
        log.answered(number, status: isClosed ? 0 : response.http.status)
        return response.http
    }

    /// A response, or a connection that is closed without one.
    private enum Outcome {
        case sent(HTTPResponse)
        case closed

        var http: HTTPResponse {
            switch self {
            case .sent(let response): response
            case .closed: .disconnect
            }
        }
    }

    private func answerWithFaults(_ request: HTTPRequest) async -> Outcome {
        let path = "/" + request.path.joined(separator: "/")
        var closes = false
        for fault in unit.faults.take(.request, method: request.method.rawValue, path: path) {
            switch fault.kind.name {
            case "delay": try? await Task.sleep(for: .seconds(fault.number("seconds")))
            case "close" where fault.isOn("execute"): closes = true
            case "close": return .closed
            default: return .sent(Self.text(fault.count("status"), fault.text("text")))
            }
        }
        let response = await carryOut(request)
        return closes ? .closed : .sent(response)
    }

    private func carryOut(_ request: HTTPRequest) async -> HTTPResponse {
        do {
            let target = try SIMPLONTarget(request.path)
            switch request.method {
            case .get, .head: return try await get(target, request)
            case .put: return try await put(target, request)
            case .delete: return try delete(target)
            default: throw Refusal(status: 405, text: "method \(request.method) is not allowed")
            }
        } catch let refusal as Refusal {
            return Self.text(refusal.status, refusal.text)
        } catch let failure as HTTPFailure {
            var response = Self.text(failure.status, failure.text)
            for (name, value) in failure.headers { response.headers[name] = value }
            return response
        } catch {
            return Self.text(500, "\(error)")
        }
    }

    // MARK: - GET

    private func get(_ target: SIMPLONTarget, _ request: HTTPRequest) async throws -> HTTPResponse {
        switch target {
        case .version:
            Self.json(.object([("value", .string(SIMPLONTarget.version)), ("value_type", "string")]))
        case .tasks(let subsystem): Self.json(.array(tasks(of: subsystem).map(JSON.string)))
        case .keys(let subsystem, "config"): Self.json(await unit.configurationKeys(subsystem))
        case .keys(let subsystem, "status"): Self.json(await unit.statusKeys(subsystem))
        case .keys(let subsystem, _): Self.json(.array(subsystem.commands.map(JSON.string)))
        case .configuration(let subsystem, let name): try await configuration(subsystem, name)
        case .status(let subsystem, let name): Self.json(try await unit.getStatus(subsystem, name))
        case .files: Self.json(await unit.fileNames())
        case .images(let rest): try await images(rest, request)
        case .data(let name): try FileDownload(unit: unit, name: name).answer(request)
        case .bulk, .command: throw Refusal(status: 405, text: "method GET is not allowed here")
        }
    }

    private func tasks(of subsystem: Subsystem) -> [String] {
        subsystem.tasks + (subsystem == .filewriter ? ["files"] : subsystem == .monitor ? ["images"] : [])
    }

    private func configuration(_ subsystem: Subsystem, _ name: String) async throws -> HTTPResponse {
        guard let array = try await unit.array(subsystem, name) else {
            return Self.json(try await unit.getConfiguration(subsystem, name))
        }
        let access = #""access_mode":"rw","value":{"__darray__":[1,0,0],"type":""#
        let shape = #"","shape":[\#(unit.model.rows),\#(unit.model.columns)],"filters":["base64"],"data":""#
        let valueType = array.type == "<f4" ? "float[][]" : "uint[][]"
        var bytes = Array("{\(access)\(array.type)\(shape)".utf8)
        bytes += Base64.encode(array.bytes)
        bytes += Array(#""},"value_type":"\#(valueType)"}"#.utf8)
        return HTTPResponse(200, type: "application/json; charset=utf-8", bytes: bytes)
    }

    /// The monitor is always off here: it has no image, and who waits for one waits in vain.
    private func images(_ rest: [String], _ request: HTTPRequest) async throws -> HTTPResponse {
        switch rest.first {
        case nil: return Self.json(.array([]))
        case "monitor", "next":
            let milliseconds = request.query("timeout").flatMap(Int.init) ?? 500
            try await Task.sleep(for: .milliseconds(min(max(milliseconds, 0), 60_000)))
            throw Refusal(status: 408, text: "no image within \(milliseconds) ms")
        default: throw Refusal.missing("image \(rest.joined(separator: "/"))")
        }
    }

    // MARK: - PUT and DELETE

    private func put(_ target: SIMPLONTarget, _ request: HTTPRequest) async throws -> HTTPResponse {
        switch target {
        case .configuration(let subsystem, let name):
            guard let value = try body(request)?["value"] else {
                throw Refusal.badValue("Parameter \(name): expected an object with the member \"value\"")
            }
            return Self.json(try await unit.putConfiguration(subsystem, name, value))
        case .bulk(let subsystem):
            guard let members = try body(request)?.members, !members.isEmpty else {
                throw Refusal.badValue("expected an object of keys, each with the member \"value\"")
            }
            return Self.json(try await unit.putConfiguration(subsystem, members))
        case .command(let subsystem, let name):
            guard subsystem.commands.contains(name) else { throw Refusal.missing("command \(name)") }
            return Self.json(try await unit.command(subsystem, name, argument: try argument(name, request)))
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

    private func delete(_ target: SIMPLONTarget) throws -> HTTPResponse {
        guard case .data(let name) = target else {
            throw Refusal(status: 405, text: "method DELETE is not allowed here")
        }
        guard unit.store.remove(name) else { throw Refusal.missing("file \(name)") }
        return HTTPResponse(204)
    }

    // MARK: - Replies

    /// A reply in JSON.
    static func json(_ value: JSON) -> HTTPResponse {
        HTTPResponse(200, type: "application/json; charset=utf-8", text: value.text)
    }

    /// A reply in plain text.
    static func text(_ status: Int, _ text: String) -> HTTPResponse {
        HTTPResponse(status, type: "text/plain; charset=utf-8", text: text)
    }
}
