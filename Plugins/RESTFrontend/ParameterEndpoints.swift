// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import DAQRoutes

extension RESTService {
    /// Reading and writing parameters.
    var parameterEndpoints: [RESTEndpoint] {
        [
            RESTEndpoint(
                .get, "/api/v1/devices/:device/parameters", "listParameters", "parameters",
                "All parameters of a device with their last samples",
                .immediate { [self] request in try listParameters(request) }
            ).with {
                $0.query = [
                    .init(
                        name: "prefix",
                        description: "Only names that begin with this: a group such as detector/config/",
                        schema: Schema.text)
                ]
                $0.replies[200] = .init(
                    description: "The parameters, by name",
                    schema: Schema.object([("parameters", Schema.list(Schema.reference("Parameter")))]))
            },
            RESTEndpoint(
                .get, "/api/v1/devices/:device/parameters/*", "readParameter", "parameters",
                "One parameter with its last sample; never asks the device",
                .immediate { [self] request in try readParameter(request) }
            ).with {
                $0.isExpanded = true
                $0.replies[200] = .init(description: "The parameter", schema: Schema.reference("Parameter"))
            },
            RESTEndpoint(
                .put, "/api/v1/devices/:device/parameters/*", "writeParameter", "parameters",
                "Writes a parameter; answers when the device took the value",
                .both(
                    { [self] request in try writeAtOnce(request) },
                    { [self] request in try await write(request) })
            ).with {
                $0.isExpanded = true
                $0.body = Schema.object([("value", Schema.anything)])
                $0.replies[200] = .init(
                    description: "The parameter after the write", schema: Schema.reference("Parameter"))
            },
        ]
    }

    private func listParameters(_ request: HTTPRequest) throws -> HTTPResponse {
        let device = try device(request)
        let prefix = request.query("prefix") ?? ""
        var bytes: [UInt8] = Array(#"{"parameters":["#.utf8)
        for parameter in device.parameters where parameter.name.hasPrefix(prefix) {
            if bytes.last == UInt8(ascii: "}") { bytes.append(UInt8(ascii: ",")) }
            let target = Self.path(of: parameter.name, in: "parameters", of: device.name)
            (cache.find(target) ?? cache.text(of: parameter, device: device.name, target: target)).write(to: &bytes)
        }
        bytes.append(contentsOf: "]}".utf8)
        return HTTPResponse(200, type: "application/json", bytes: bytes)
    }

    private func readParameter(_ request: HTTPRequest) throws -> HTTPResponse {
        if let known = cache.find(request.target) {
            return HTTPResponse(200, type: "application/json", bytes: known.bytes())
        }
        return show(try parameter(request), of: request.capture("device"))
    }

    /// The parameter that a request's path names; slashes of its name may also come as `%2F`.
    private func parameter(_ request: HTTPRequest) throws -> AnyParameter {
        let device = try device(request)
        let name = request.rest.joined(separator: "/")
        if let parameter = device.parameter(name) { return parameter }
        let group = name.hasSuffix("/") ? name : name + "/"
        let isGroup = device.parameters.contains { $0.name.hasPrefix(group) }
        let list = "\(Self.root)devices/\(device.name)/parameters" + (isGroup ? "?prefix=\(group)" : "")
        throw HTTPFailure(404, "\(device.name) has no parameter “\(name.short)”; \(list) lists what there is")
    }

    private func show(_ parameter: AnyParameter, of device: String) -> HTTPResponse {
        let target = Self.path(of: parameter.name, in: "parameters", of: device)
        let text = cache.find(target) ?? cache.text(of: parameter, device: device, target: target)
        return HTTPResponse(200, type: "application/json", bytes: text.bytes())
    }

    // MARK: - Writing

    private func writeAtOnce(_ request: HTTPRequest) throws -> HTTPResponse? {
        let parameter = try parameter(request)
        let value = try value(of: request, for: parameter)
        guard try parameter.putImmediately(value, origin: origin(request)) else { return nil }
        return show(parameter, of: request.capture("device"))
    }

    private func write(_ request: HTTPRequest) async throws -> HTTPResponse {
        let parameter = try parameter(request)
        try await parameter.put(try value(of: request, for: parameter), origin: origin(request))
        return show(parameter, of: request.capture("device"))
    }

    /// The value of `{"value": …}`, as strictly typed as JSON can tell.
    private func value(of request: HTTPRequest, for parameter: AnyParameter) throws -> DataValue {
        guard parameter.metadata.access != .read else {
            throw DeviceError(.readOnly, "\(parameter.path) cannot be written")
        }
        guard let json = try request.json(), let members = json.members else {
            throw HTTPFailure(400, #"the body must be a JSON object such as {"value": 1}"#)
        }
        guard members.count == 1, members[0].0 == "value" else {
            let names = members.map(\.0).joined(separator: ", ").short
            throw HTTPFailure(422, "the body must have the one member value\(names.isEmpty ? "" : ", not \(names)")")
        }
        let value = members[0].1
        if parameter.metadata.type == .bool, value.bool == nil {
            throw DeviceError(.wrongType, "\(parameter.path) expects true or false, not \(value.kind)")
        }
        // JSON does not tell 2 from 2.0; the index of a choice is a whole number all the same.
        if parameter.metadata.type == .enumeration, let index = value.integer { return .integer(index) }
        return DataValue(value)
    }
}
