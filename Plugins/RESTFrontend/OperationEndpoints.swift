// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import DAQRoutes

extension RESTService {
    /// Operations: calls of commands, running or ended.
    var operationEndpoints: [RESTEndpoint] {
        let states = ["queued", "running", "succeeded", "failed", "cancelled"]
        return [
            RESTEndpoint(
                .get, "/api/v1/operations", "listOperations", "operations",
                "Running operations and the last that ended, newest first",
                .immediate { [self] request in try listOperations(request, states) }
            ).with {
                $0.query = [
                    .init(name: "device", description: "Only of this device", schema: Schema.text),
                    .init(name: "state", description: "Only in this state", schema: Schema.words(states)),
                    .init(name: "limit", description: "At most so many", schema: Schema.integer(1, 1000)),
                ]
                $0.replies[200] = .init(
                    description: "The operations",
                    schema: Schema.object([("operations", Schema.list(Schema.reference("Operation")))]))
            },
            RESTEndpoint(
                .get, "/api/v1/operations/:operation", "readOperation", "operations",
                "One operation, now or at its end",
                .both(
                    { [self] request in
                        let operation = try operation(request)
                        let wait = try request.seconds("wait", atMost: settings.maximumWait) ?? 0
                        return wait == 0 || operation.status.state.isFinal ? .json(describe(operation)) : nil
                    },
                    { [self] request in
                        let operation = try operation(request)
                        let wait = try request.seconds("wait", atMost: settings.maximumWait) ?? 0
                        _ = await operation.status(within: wait)
                        return .json(describe(operation))
                    })
            ).with {
                $0.query = [
                    .init(
                        name: "wait", description: "Seconds to wait for the end",
                        schema: Schema.number(0, settings.maximumWait))
                ]
                $0.replies[200] = .init(description: "The operation", schema: Schema.reference("Operation"))
            },
            RESTEndpoint(
                .post, "/api/v1/operations/:operation/cancel", "cancelOperation", "operations",
                "Asks an operation to stop; it ends when its device is safe",
                .immediate { [self] request in
                    let operation = try operation(request)
                    operation.cancel()
                    return .json(describe(operation), status: operation.status.state.isFinal ? 200 : 202)
                }
            ).with {
                $0.replies[200] = .init(description: "It had ended already", schema: Schema.reference("Operation"))
                $0.replies[202] = .init(description: "It was asked to stop", schema: Schema.reference("Operation"))
            },
        ]
    }

    private func listOperations(_ request: HTTPRequest, _ states: [String]) throws -> HTTPResponse {
        let limit = try request.integer("limit", in: 1...1000) ?? 100
        let state = try request.word("state", of: states)
        let device = request.query("device")
        let chosen = context.site.operations.all.filter { operation in
            shows(operation.device) && (device == nil || operation.device == device)
                && (state == nil || operation.status.state.rawValue == state)
        }
        return .json(.object([("operations", .array(chosen.prefix(limit).map { describe($0, inFull: false) }))]))
    }

    private func operation(_ request: HTTPRequest) throws -> Operation {
        let text = request.capture("operation")
        guard let number = UInt64(text), let operation = context.site.operations.operation(number),
            shows(operation.device)
        else {
            throw HTTPFailure(404, "there is no operation “\(text.short)”; those that ended long ago are forgotten")
        }
        return operation
    }

    /// An operation with links; not in full, a large result is left out.
    func describe(_ operation: Operation, inFull: Bool = true) -> JSON {
        let status = operation.status
        return .object(
            operation.members(status, inFull: inFull) + [
                (
                    "links",
                    .object([
                        ("self", .string(Self.root + "operations/\(operation.id)")),
                        ("cancel", .string(Self.root + "operations/\(operation.id)/cancel")),
                        ("command", .string(Self.path(of: operation.command, in: "commands", of: operation.device))),
                    ])
                )
            ])
    }
}

extension Operation {
    /// What there is to know, as members of a JSON object.
    func members(_ status: OperationStatus, inFull: Bool) -> [(String, JSON)] {
        let isOmitted = status.isResultGone || !inFull && status.hasLargeResult
        return [
            ("id", .integer(Int64(clamping: id))), ("device", .string(device)), ("command", .string(command)),
            ("state", .string(status.state.rawValue)), ("progress", .number(status.fraction)),
            ("message", .string(status.message)), ("result", isOmitted ? .null : status.result.json),
            ("result_omitted", .bool(isOmitted)),
            ("error", status.error?.json ?? .null),
            ("intermediate", .array(status.emitted.map(\.json))), ("started", .string(started.description)),
            ("ended", status.ended.map { .string($0.description) } ?? .null), ("origin", .string(origin.description)),
        ]
    }

    /// The status at the end, or after so many seconds if it goes on.
    func status(within seconds: Double) async -> OperationStatus {
        if seconds > 0, !status.state.isFinal {
            let once = OneResume()
            let number = observe { status in
                if status.state.isFinal { once.resume() }
            }
            let timer = Task {
                try? await Task.sleep(nanoseconds: UInt64(seconds * 1e9))
                once.resume()
            }
            await once.wait()
            timer.cancel()
            removeObserver(number)
        }
        return status
    }
}
