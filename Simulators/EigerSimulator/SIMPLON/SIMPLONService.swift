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
        router.failure = { failure, _ in Reply.text(failure.status, failure.text).response }
        return router
    }

    private func answer(_ request: HTTPRequest) async -> HTTPResponse {
        if request.path.first == "sim" { return await SimulatorControl(service: self).answer(request) }
        let number = log.add(
            time: DateText.milliseconds(), method: request.method.rawValue, path: request.target,
            body: request.body, state: await unit.state.rawValue)
        guard let life = unit.power.life else {
            log.answered(number, status: 0)
            return .disconnect
        }
        let (reply, response) = await answerWithFaults(request)
        // Who waited while the power went off gets no answer, but who switched it off does.
        let isCut = unit.power.life != life && request.path.first != "system"
        log.answered(number, status: isCut ? 0 : reply.status)
        return isCut ? .disconnect : response
    }

    private func answerWithFaults(_ request: HTTPRequest) async -> (Reply, HTTPResponse) {
        let path = "/" + request.path.joined(separator: "/")
        let faults = RequestFaults(unit.faults.take(.request, method: request.method.rawValue, path: path))
        if faults.delay > 0 { await unit.faults.hold(seconds: faults.delay) }
        switch faults.refused {
        case .closed: return (.closed, .disconnect)
        case .reply(let status, let text):
            let reply = Reply.text(status, text)
            return (reply, faults.spoiling.map(reply.spoiled) ?? reply.response)
        case nil: break
        }
        var (reply, downloadSpoiling) = await carryOut(request)
        if faults.closesAfterEffect { return (.closed, .disconnect) }
        if let replacement = faults.replacement {
            reply = await replaced(replacement.status, replacement.text)
            downloadSpoiling = nil
        }
        if let spoiling = faults.spoiling ?? downloadSpoiling { return (reply, reply.spoiled(by: spoiling)) }
        return (reply, faults.closesAfterReply ? reply.closing() : reply.response)
    }

    /// The answer that a fault ordered, with the series' number in it where it says `$id`.
    private func replaced(_ status: Int, _ text: String) async -> Reply {
        let number = String(await unit.machine.seriesNumber)
        let parts = text.split(separator: "$id", omittingEmptySubsequences: false)
        return .text(status, parts.joined(separator: number), type: "application/json; charset=utf-8")
    }

    private func carryOut(_ request: HTTPRequest) async -> (Reply, Spoiling?) {
        do {
            let (version, target) = try SIMPLONTarget.parse(request.path, serving: unit.versions)
            if case .data(let name) = target, request.method == .get || request.method == .head {
                return try FileDownload(unit: unit, name: name).answer(request)
            }
            let handler = SIMPLONHandler(unit: unit, version: version, isLenient: isLenient)
            switch request.method {
            case .get, .head: return (try await handler.get(target, request), nil)
            case .put: return (try await handler.put(target, request), nil)
            case .delete: return (try await handler.delete(target), nil)
            default: throw Refusal(status: 405, text: "method \(request.method) is not allowed")
            }
        } catch let refusal as Refusal {
            return (.text(refusal.status, refusal.text), nil)
        } catch let failure as HTTPFailure {
            var headers = HTTPHeaders("Content-Type", "text/plain; charset=utf-8")
            for (name, value) in failure.headers { headers[name] = value }
            return (.bytes(status: failure.status, headers: headers, Array(failure.text.utf8)), nil)
        } catch {
            return (.text(500, "\(error)"), nil)
        }
    }
}
