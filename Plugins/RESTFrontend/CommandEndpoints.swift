// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import DAQRoutes

extension RESTService {
    /// Commands and how they are called.
    var commandEndpoints: [RESTEndpoint] {
        [
            RESTEndpoint(
                .get, "/api/v1/devices/:device/commands", "listCommands", "commands", "All commands of a device",
                .immediate { [self] request in
                    let device = try device(request)
                    return .json(.object([("commands", .array(device.commands.map { describe($0, of: device.name) }))]))
                }
            ).with {
                $0.replies[200] = .init(
                    description: "The commands, by name",
                    schema: Schema.object([("commands", Schema.list(Schema.reference("Command")))]))
            },
            RESTEndpoint(
                .get, "/api/v1/devices/:device/commands/*", "readCommand", "commands", "One command and its arguments",
                .immediate { [self] request in .json(describe(try command(request), of: request.capture("device"))) }
            ).with {
                $0.isExpanded = true
                $0.replies[200] = .init(description: "The command", schema: Schema.reference("Command"))
            },
            RESTEndpoint(
                .post, "/api/v1/devices/:device/commands/*", "callCommand", "commands",
                "Calls a command; answers with its end, or with the operation that goes on",
                .asynchronous { [self] request in try await call(request) }
            ).with {
                $0.isExpanded = true
                $0.query = [
                    .init(
                        name: "wait", description: "Seconds to wait for the end; 0 answers at once",
                        schema: Schema.number(0, settings.maximumWait))
                ]
                $0.body = Schema.anything
                $0.replies[200] = .init(description: "It ended", schema: Schema.reference("Operation"))
                $0.replies[202] = .init(
                    description: "It goes on: poll the operation, or cancel it",
                    schema: Schema.reference("Operation"))
            },
        ]
    }

    /// The command that a request's path names.
    private func command(_ request: HTTPRequest) throws -> AnyCommand {
        let device = try device(request)
        let name = request.rest.joined(separator: "/")
        guard let command = device.command(name) else {
            throw HTTPFailure(
                404,
                "\(device.name) has no command “\(name.short)”; \(Self.root)devices/\(device.name)/commands lists them")
        }
        return command
    }

    private func describe(_ command: AnyCommand, of device: String) -> JSON {
        .object([
            ("device", .string(device)), ("name", .string(command.name)), ("description", .string(command.description)),
            ("arguments", .array(command.arguments.map(\.json))), ("result", .string(command.resultType.name)),
            ("busy", .bool(command.busy.value)), ("progress", .number(command.progress.value)),
            ("dangerous", .bool(command.policy.isDangerous)),
            (
                "links",
                .object([
                    ("self", .string(Self.path(of: command.name, in: "commands", of: device))),
                    ("device", .string(Self.root + "devices/" + device)),
                ])
            ),
        ])
    }

    private func call(_ request: HTTPRequest) async throws -> HTTPResponse {
        let command = try command(request)
        let wait = try request.seconds("wait", atMost: settings.maximumWait) ?? settings.wait
        let operation = try command.start(try arguments(request, of: command), origin: origin(request))
        let status = await operation.status(within: wait)
        if Task.isCancelled, command.policy.endsWithCaller { operation.cancel() }
        if !status.state.isFinal {
            var response = HTTPResponse.json(describe(operation), status: 202)
            response.headers.add("Location", Self.root + "operations/\(operation.id)")
            return response
        }
        if let error = status.error { throw OperationFailure(error: error) }
        let response = HTTPResponse.json(describe(operation))
        _ = operation.takeResult()  // the caller has it: a large one need not be kept
        return response
    }

    /// The arguments: an object by name, a list by position, or no body at all.
    private func arguments(_ request: HTTPRequest, of command: AnyCommand) throws -> Arguments {
        guard let json = try request.json() else { return Arguments() }
        let specs = command.arguments
        func value(_ json: JSON, _ spec: ArgumentSpec?) throws -> DataValue {
            if let spec, spec.type == .bool, json.bool == nil, !(spec.isOptional && json == .null) {
                throw DeviceError(.wrongType, "\(command.name) expects true or false as \(spec.name), not \(json.kind)")
            }
            return DataValue(json)
        }
        switch json {
        case .object(let members):
            return Arguments(
                named: try members.map { name, json in (name, try value(json, specs.first { $0.name == name })) })
        case .array(let items):
            let places = specs.filter { !$0.isKeywordOnly }
            return Arguments(
                try items.enumerated().map { index, json in
                    try value(json, places.indices.contains(index) ? places[index] : nil)
                })
        default:
            throw HTTPFailure(
                422, #"the body must hold the arguments as an object by name, {"to": "open"}, or a list by position"#)
        }
    }
}

/// A command that was started and failed.
struct OperationFailure: Error {
    let error: DeviceError
}

extension ArgumentSpec {
    /// What a client needs to know of an argument.
    var json: JSON {
        .object([
            ("name", .string(name)), ("description", .string(description)), ("type", .string(type.name)),
            ("unit", .string(unit)),
            (
                "limits",
                limits.map { .object([("low", .number($0.lowerBound)), ("high", .number($0.upperBound))]) } ?? .null
            ),
            ("choices", .array(choices.map { .string($0) })), ("required", .bool(defaultValue == nil)),
            ("default", defaultValue?.json ?? .null), ("keyword_only", .bool(isKeywordOnly)),
        ])
    }
}
