// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import DAQRoutes

/// The OpenAPI 3.1 description of a frontend, made from its endpoints and from the members that the devices have now.
///
/// Every parameter and command has a path of its own with its type, limits and choices; a device with more members than
/// ``expansionLimit`` is described by the templates alone.
struct OpenAPIDocument {
    /// The document as JSON text.
    let bytes: [UInt8]

    static let expansionLimit = 2000

    init(_ service: RESTService) {
        var paths: [(String, [(String, JSON)])] = []
        func add(_ path: String, _ method: HTTPMethod, _ operation: JSON) {
            let entry = (method.rawValue.lowercased(), operation)
            if let index = paths.firstIndex(where: { $0.0 == path }) {
                paths[index].1.append(entry)
            } else {
                paths.append((path, [entry]))
            }
        }
        let builder = OperationBuilder(hasToken: service.settings.token != nil)
        let devices = service.devices
        let expanded = devices.filter { $0.parameters.count + $0.commands.count <= Self.expansionLimit }
        for endpoint in service.endpoints {
            if endpoint.isExpanded {
                for device in expanded {
                    for (path, operation) in builder.operations(endpoint, of: device) {
                        add(path, endpoint.method, operation)
                    }
                }
                if expanded.count == devices.count { continue }
            }
            add(OperationBuilder.path(endpoint.path), endpoint.method, builder.operation(endpoint))
        }
        bytes = Self.text(paths, service)
    }

    private static func text(_ paths: [(String, [(String, JSON)])], _ service: RESTService) -> [UInt8] {
        var components: [(String, JSON)] = [("schemas", .object(OpenAPISchemas.all))]
        var document: [(String, JSON)] = [
            ("openapi", "3.1.0"),
            (
                "info",
                .object([
                    ("title", .string("daqd: " + service.context.site.name)), ("version", "1"),
                    ("description", "Devices, parameters, commands, acquisitions and files of one daqd."),
                    ("license", .object([("name", "MIT"), ("identifier", "MIT")])),
                ])
            ), ("servers", .array([.object([("url", "/")])])),
            ("paths", .object(paths.map { ($0.0, .object($0.1)) })),
        ]
        if service.settings.token != nil {
            components.append(
                ("securitySchemes", .object([("token", .object([("type", "http"), ("scheme", "bearer")]))])))
            document.append(("security", .array([.object([("token", .array([]))])])))
        }
        document.append(("components", .object(components)))
        var bytes: [UInt8] = []
        JSON.object(document).write(to: &bytes)
        return bytes
    }
}
