// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import DAQRoutes

/// Makes the document's operations from endpoints.
struct OperationBuilder {
    let hasToken: Bool

    /// The operation of an endpoint as its template says it.
    func operation(_ endpoint: RESTEndpoint) -> JSON {
        operation(
            endpoint, id: endpoint.id, summary: endpoint.summary, replies: endpoint.replies, body: endpoint.body,
            parameters: Self.captures(endpoint.path))
    }

    /// One operation for each member of a device that the endpoint serves.
    func operations(_ endpoint: RESTEndpoint, of device: DeviceNode) -> [(path: String, JSON)] {
        if endpoint.path.contains("/commands/") {
            return device.commands.map { command in
                let name = command.name
                return (
                    RESTService.path(of: name, in: "commands", of: device.name),
                    operation(
                        endpoint, id: Self.id(endpoint.id, device.name, name), summary: command.description,
                        replies: endpoint.replies, body: endpoint.body.map { _ in Self.arguments(command.arguments) },
                        parameters: [])
                )
            }
        }
        return device.parameters.compactMap { parameter in
            let metadata = parameter.metadata
            if endpoint.method == .put, metadata.access == .read { return nil }
            let schema = OpenAPISchemas.parameter(value: metadata.type.outputSchema)
            let reply = RESTEndpoint.Reply(description: metadata.description, schema: schema)
            let value = metadata.type.inputSchema(choices: metadata.choices, limits: metadata.limits)
            return (
                RESTService.path(of: parameter.name, in: "parameters", of: device.name),
                operation(
                    endpoint, id: Self.id(endpoint.id, device.name, parameter.name), summary: metadata.description,
                    replies: [200: reply], body: endpoint.body.map { _ in Schema.object([("value", value)]) },
                    parameters: [])
            )
        }
    }

    /// The template in the document's spelling: `:device` is `{device}`, `*` is `{name}`.
    static func path(_ template: String) -> String {
        template.split(separator: "/", omittingEmptySubsequences: false).map { part in
            part.hasPrefix(":") ? "{\(part.dropFirst())}" : part == "*" ? "{name}" : String(part)
        }.joined(separator: "/")
    }

    private static func captures(_ template: String) -> [JSON] {
        template.split(separator: "/").filter { $0.hasPrefix(":") || $0 == "*" }.map { part in
            .object([
                ("name", .string(part == "*" ? "name" : String(part.dropFirst()))), ("in", "path"), ("required", true),
                ("schema", .object([("type", "string"), ("minLength", 1)])),
            ])
        }
    }

    private static func id(_ id: String, _ device: String, _ member: String) -> String {
        id + "_" + String((device + "_" + member).map { $0.isLetter || $0.isNumber ? $0 : "_" })
    }

    /// Arguments by name, or by position.
    private static func arguments(_ specs: [ArgumentSpec]) -> JSON {
        let members = specs.map { ($0.name, argument($0)) }
        let places = specs.filter { !$0.isKeywordOnly }
        let required = specs.filter { $0.defaultValue == nil }.map(\.name)
        let byName = Schema.object(members, required: required)
        let isListable = specs.allSatisfy { !$0.isKeywordOnly || $0.defaultValue != nil }
        guard isListable else { return byName }
        let needed = places.lastIndex { $0.defaultValue == nil }.map { $0 + 1 } ?? 0
        var list: [(String, JSON)] = [
            ("type", "array"), ("minItems", .integer(Int64(needed))), ("maxItems", .integer(Int64(places.count))),
        ]
        if !places.isEmpty { list.append(("prefixItems", .array(places.map(argument)))) }
        return .object([("anyOf", .array([byName, .object(list)]))])
    }

    private static func argument(_ spec: ArgumentSpec) -> JSON {
        var schema = spec.type.inputSchema(choices: spec.choices, limits: spec.limits)
        if spec.isOptional { schema = Schema.optional(schema) }
        var details = schema.members ?? []
        if !spec.description.isEmpty { details.append(("description", .string(spec.description))) }
        if let value = spec.defaultValue { details.append(("default", value.json)) }
        return .object(details)
    }

    private func operation(
        _ endpoint: RESTEndpoint, id: String, summary: String, replies: [Int: RESTEndpoint.Reply], body: JSON?,
        parameters: [JSON]
    ) -> JSON {
        var members: [(String, JSON)] = [
            ("operationId", .string(id)), ("tags", .array([.string(endpoint.tag)])), ("summary", .string(summary)),
        ]
        let query: [JSON] = endpoint.query.map {
            .object([
                ("name", .string($0.name)), ("in", "query"), ("description", .string($0.description)),
                ("schema", $0.schema),
            ])
        }
        if !(parameters + query).isEmpty { members.append(("parameters", .array(parameters + query))) }
        if let body {
            let byName = body["anyOf"]?.array?.first ?? body
            let isNeeded = endpoint.method == .put || byName["required"] != nil
            members.append(
                (
                    "requestBody",
                    .object([
                        ("required", .bool(isNeeded)),
                        ("content", .object([("application/json", .object([("schema", body)]))])),
                    ])
                ))
        }
        members.append(("responses", .object(responses(endpoint, replies))))
        if hasToken, endpoint.path == "/healthz" || endpoint.path == "/readyz" {
            members.append(("security", .array([])))
        }
        return .object(members)
    }

    private static func link(_ link: (operation: String, captures: [(String, String)])) -> (String, JSON) {
        let captures = link.captures.map { ($0.0, JSON.string("$response.body#" + $0.1)) }
        return (link.operation, .object([("operationId", .string(link.operation)), ("parameters", .object(captures))]))
    }

    private func responses(_ endpoint: RESTEndpoint, _ replies: [Int: RESTEndpoint.Reply]) -> [(String, JSON)] {
        var responses: [(String, JSON)] = replies.sorted { $0.key < $1.key }.map { status, reply in
            var members: [(String, JSON)] = [("description", .string(reply.description))]
            if let schema = reply.schema {
                members.append(("content", .object([(reply.type, .object([("schema", schema)]))])))
            }
            if !reply.links.isEmpty { members.append(("links", .object(reply.links.map(Self.link)))) }
            return (String(status), .object(members))
        }
        responses.append(
            (
                "default",
                .object([
                    ("description", "Why not"),
                    (
                        "content",
                        .object([
                            ("application/problem+json", .object([("schema", Schema.reference("Problem"))]))
                        ])
                    ),
                ])
            ))
        return responses
    }
}
