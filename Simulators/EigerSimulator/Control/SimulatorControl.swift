// Part of daqd
// SPDX-License-Identifier: MIT

internal import DAQKernel
internal import DAQRoutes

/// The simulator's own resources under `/sim`, which no detector has: log, files, faults, electrical triggers.
struct SimulatorControl: Sendable {
    let service: SIMPLONService

    /// Answers a request; these are not in the log.
    func answer(_ request: HTTPRequest) async -> HTTPResponse {
        do {
            return try await carryOut(request)
        } catch let refusal as Refusal {
            return Reply.text(refusal.status, refusal.text).response
        } catch {
            return Reply.text(500, "\(error)").response
        }
    }

    private func carryOut(_ request: HTTPRequest) async throws -> HTTPResponse {
        let path = Array(request.path.dropFirst())
        switch (request.method, path.first, path.count) {
        case (.get, "log", 1), (.head, "log", 1): return log(request)
        case (.delete, "log", 1):
            service.log.clear()
            return HTTPResponse(204)
        case (.get, "files", 1), (.head, "files", 1):
            return Reply.json(.array(service.unit.store.records.map(\.json))).response
        case (.get, "fault", 1), (.head, "fault", 1):
            return Reply.json(.array(service.unit.faults.all.map(\.json))).response
        case (.post, "fault", 1): return try await order(request)
        case (.delete, "fault", 1):
            _ = service.unit.faults.remove(nil)
            return HTTPResponse(204)
        case (.delete, "fault", 2):
            guard let id = Int(path[1]), service.unit.faults.remove(id) else {
                throw Refusal.missing("fault \(path[1])")
            }
            return HTTPResponse(204)
        case (.post, "trigger", 1): return try await trigger(request)
        case (.get, "clock", 1), (.post, "clock", 1): return try time(request)
        default: throw Refusal.missing("resource /sim/\(path.joined(separator: "/").prefix(80))")
        }
    }

    /// One JSON object per line; `?from=n` leaves out what is older.
    private func log(_ request: HTTPRequest) -> HTTPResponse {
        let first = request.query("from").flatMap(Int.init) ?? 0
        var bytes: [UInt8] = []
        for entry in service.log.entries(from: first) {
            entry.json.write(to: &bytes)
            bytes.append(UInt8(ascii: "\n"))
        }
        return HTTPResponse(200, type: "application/x-ndjson", bytes: bytes)
    }

    private func order(_ request: HTTPRequest) async throws -> HTTPResponse {
        Reply.json(try await service.order(try object(request)).json).response
    }

    /// `{"edges": n, "period": s, "width": s}`: electrical triggers, evenly spaced; the reply tells how many were taken.
    private func trigger(_ request: HTTPRequest) async throws -> HTTPResponse {
        let body = try object(request)
        let edges = body["edges"]?.integer ?? 1
        let period = body["period"]?.double ?? 0
        let width = body["width"]?.double
        guard (1...1_000_000).contains(edges), (0...3600).contains(period),
            width.map(DetectorKeys.countTimes.contains) ?? true
        else { throw Refusal.badValue("edges must be 1 to 1000000, period and width 0 to 3600 s") }
        let taken = try await service.trigger(edges: Int(edges), period: period, width: width)
        return Reply.json(.object([("edges", .integer(edges)), ("taken", .integer(Int64(taken)))])).response
    }

    /// What time it is for the detector, and how many wait; `{"advance": s}` moves a manual clock on.
    private func time(_ request: HTTPRequest) throws -> HTTPResponse {
        let clock = service.unit.clock
        let manual = clock as? ManualClock
        if request.method == .post {
            guard let manual else {
                throw Refusal.badValue("the clock runs by itself; start the simulator with --manual-clock")
            }
            guard let step = try object(request)["advance"]?.double, (0...1e7).contains(step) else {
                throw Refusal.badValue("\"advance\" must be 0 to 1e7 seconds")
            }
            manual.advance(by: .seconds(step))
        }
        let next = manual?.nextDeadline.map { $0 / .seconds(1) }
        return Reply.json(
            .object([
                ("now", .number(clock.now / .seconds(1))), ("manual", .bool(manual != nil)),
                ("sleeping", .integer(Int64(manual?.sleeping ?? 0))), ("next", next.map(JSON.number) ?? .null),
            ])
        ).response
    }

    private func object(_ request: HTTPRequest) throws(Refusal) -> JSON {
        do {
            let body = request.body.isEmpty ? .object([]) : try JSON(parsing: request.body)
            guard body.members != nil else { throw Refusal.badValue("the body must be an object") }
            return body
        } catch let refusal as Refusal {
            throw refusal
        } catch {
            throw .badValue("the body is not valid JSON: \(error)")
        }
    }
}
