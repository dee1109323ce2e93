// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import DAQRoutes

extension RESTService {
    /// Devices under the names that other clients know: the sets that their plugins declare.
    var nameEndpoints: [RESTEndpoint] {
        let names = Schema.list(Schema.reference("Name"))
        return [
            RESTEndpoint(
                .get, "/api/v1/devices/:device/names", "listNameSets", "names", "The name sets of a device",
                .immediate { [self] request in try listNameSets(request) }
            ).with {
                let set = Schema.object([
                    ("name", Schema.text), ("summary", Schema.text), ("count", Schema.anyInteger),
                    ("links", Schema.dictionary(of: Schema.text)),
                ])
                $0.replies[200] = .init(
                    description: "The sets, in the plugin's order",
                    schema: Schema.object([("name_sets", Schema.list(set))]))
            },
            RESTEndpoint(
                .get, "/api/v1/devices/:device/names/:set", "listNames", "names",
                "All names of a set with their last samples",
                .immediate { [self] request in try listNames(request) }
            ).with {
                $0.replies[200] = .init(
                    description: "The names, in the set's order", schema: Schema.object([("names", names)]))
            },
            RESTEndpoint(
                .get, "/api/v1/devices/:device/names/:set/*", "readName", "names",
                "One name with its last sample; never asks the device",
                .immediate { [self] request in
                    let (member, set) = try nameMember(request)
                    return .json(resource(member, set, request.capture("device")))
                }
            ).with { $0.replies[200] = .init(description: "The name", schema: Schema.reference("Name")) },
            RESTEndpoint(
                .put, "/api/v1/devices/:device/names/:set/*", "writeName", "names",
                "Writes a name; answers when the write is complete as the set declares it: a command's name when the command has ended",
                .asynchronous { [self] request in try await writeName(request) }
            ).with {
                $0.body = Schema.object([("value", Schema.anything)])
                $0.replies[200] = .init(description: "The name after the write", schema: Schema.reference("Name"))
            },
        ]
    }

    private func listNameSets(_ request: HTTPRequest) throws -> HTTPResponse {
        let device = try device(request)
        let sets = device.nameSets.map { set in
            JSON.object([
                ("name", .string(set.name)), ("summary", .string(set.summary)),
                ("count", .integer(Int64(set.entries.count))),
                ("links", .object([("self", .string(Self.path(of: set.name, in: "names", of: device.name)))])),
            ])
        }
        return .json(.object([("name_sets", .array(sets))]))
    }

    private func listNames(_ request: HTTPRequest) throws -> HTTPResponse {
        let view = try nameView(request)
        let device = request.capture("device")
        return .json(.object([("names", .array(view.members.map { resource($0, view.name, device) }))]))
    }

    private func nameView(_ request: HTTPRequest) throws -> NameView {
        let device = try device(request)
        let name = request.capture("set")
        if let view = catalog.view(name, of: device) { return view }
        throw HTTPFailure(
            404,
            "\(device.name) has no name set “\(name.short)”; \(Self.path(of: "", in: "names", of: device.name)) lists them"
        )
    }

    private func nameMember(_ request: HTTPRequest) throws -> (NamedMember, set: String) {
        let view = try nameView(request)
        let name = request.rest.joined(separator: "/")
        if let member = view.member(name) { return (member, view.name) }
        throw HTTPFailure(404, "the name set \(view.name) has no name “\(name.short)”")
    }

    private func writeName(_ request: HTTPRequest) async throws -> HTTPResponse {
        let (member, set) = try nameMember(request)
        let value = try written(request, to: member)
        _ = try await member.put(value, origin: origin(request))
        return .json(resource(member, set, request.capture("device")))
    }

    /// The value of `{"value": …}`.
    private func written(_ request: HTTPRequest, to member: NamedMember) throws -> DataValue {
        guard member.metadata.access != .read else { throw DeviceError(.readOnly, "\(member.name) cannot be written") }
        guard let json = try request.json(), let members = json.members else {
            throw HTTPFailure(400, #"the body must be a JSON object such as {"value": 1}"#)
        }
        guard members.count == 1, members[0].0 == "value" else {
            let names = members.map(\.0).joined(separator: ", ").short
            throw HTTPFailure(422, "the body must have the one member value\(names.isEmpty ? "" : ", not \(names)")")
        }
        return DataValue(members[0].1)
    }

    private func resource(_ member: NamedMember, _ set: String, _ device: String) -> JSON {
        let metadata = member.metadata
        let sample = member.sample
        let own = Self.path(of: set + "/" + member.name, in: "names", of: device)
        return .object([
            ("device", .string(device)), ("set", .string(set)), ("name", .string(member.name)),
            ("value", sample.value.json),
            ("timestamp", sample.timestamp == .never ? .null : .string(sample.timestamp.description)),
            ("alarm", sample.alarm.json),
            ("type", .string(metadata.type.name)), ("unit", .string(metadata.unit)),
            ("access", .string(metadata.access.word)), ("description", .string(metadata.description)),
            (
                "limits",
                metadata.limits.map { .object([("low", .number($0.lowerBound)), ("high", .number($0.upperBound))]) }
                    ?? .null
            ),
            ("precision", metadata.precision.map { .integer(Int64($0)) } ?? .null),
            ("choices", .array(metadata.choices.map { .string($0) })), ("command", .bool(member.command != nil)),
            ("links", .object([("self", .string(own)), ("device", .string(Self.root + "devices/" + device))])),
        ])
    }
}
