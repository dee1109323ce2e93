// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import DAQRoutes

extension RESTService {
    /// The entrance.
    var indexEndpoints: [RESTEndpoint] {
        [
            RESTEndpoint(
                .get, "/api/v1/", "index", "site", "What there is",
                .immediate { [self] _ in
                    let names = ["devices", "operations", "acquisitions", "runs", "plugins", "events", "openapi.json"]
                    return .json(
                        .object([
                            ("site", .string(context.site.name)), ("frontend", .string(context.name)),
                            ("links", .object(names.map { ($0, .string(Self.root + $0)) })),
                        ]))
                }
            ).with {
                $0.replies[200] = .init(
                    description: "Links to the collections",
                    schema: Schema.object([
                        ("site", Schema.text), ("frontend", Schema.text), ("links", Schema.dictionary(of: Schema.text)),
                    ]))
            }
        ]
    }

    /// Devices and what they are made of.
    var deviceEndpoints: [RESTEndpoint] {
        [
            RESTEndpoint(
                .get, "/api/v1/devices", "listDevices", "devices", "All devices",
                .immediate { [self] _ in .json(.object([("devices", .array(devices.map(summary)))])) }
            ).with {
                $0.replies[200] = .init(
                    description: "The devices, by name",
                    schema: Schema.object([("devices", Schema.list(Schema.reference("Device")))]))
            },
            RESTEndpoint(
                .get, "/api/v1/devices/:device", "readDevice", "devices", "One device and the names of its members",
                .immediate { [self] request in .json(members(try device(request))) }
            ).with {
                $0.replies[200] = .init(description: "The device", schema: Schema.reference("DeviceMembers"))
            },
        ]
    }

    private func summary(_ device: DeviceNode) -> JSON { .object(summaryMembers(device)) }

    private func summaryMembers(_ device: DeviceNode) -> [(String, JSON)] {
        let state = device.deviceState
        let own = Self.root + "devices/" + device.name
        return [
            ("name", .string(device.name)), ("type", .string(device.type)), ("summary", .string(device.summary)),
            ("state", .string(state.name)), ("message", .string(state.message)),
            (
                "links",
                .object([
                    ("self", .string(own)), ("parameters", .string(own + "/parameters")),
                    ("commands", .string(own + "/commands")),
                    ("names", .string(own + "/names")),
                    ("acquisitions", .string(Self.root + "acquisitions?device=" + device.name)),
                ])
            ),
        ]
    }

    private func members(_ device: DeviceNode) -> JSON {
        func names(_ list: [String]) -> JSON { .array(list.map { .string($0) }) }
        return .object(
            summaryMembers(device) + [
                ("parameters", names(device.parameters.map(\.name))), ("commands", names(device.commands.map(\.name))),
                ("frame_channels", names(device.frameSources.keys.sorted())),
                ("name_sets", names(device.nameSets.map(\.name))),
            ])
    }
}
