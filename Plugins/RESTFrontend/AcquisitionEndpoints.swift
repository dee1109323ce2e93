// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import DAQRoutes

extension RESTService {
    /// Acquisitions and their files.
    var acquisitionEndpoints: [RESTEndpoint] {
        [
            RESTEndpoint(
                .get, "/api/v1/acquisitions", "listAcquisitions", "acquisitions",
                "Acquisitions, newest first, a page at a time",
                .asynchronous { [self] request in
                    let page = try await page(request)
                    return try list(page, as: "acquisitions", request) { self.describe($0) }
                }
            ).with {
                $0.query = Self.pageQuery
                $0.replies[200] = .init(
                    description: "One page; next is the path of the one after it",
                    schema: Schema.page("acquisitions", of: "Acquisition"), links: Self.links(from: "acquisitions"))
            },
            RESTEndpoint(
                .get, "/api/v1/acquisitions/:acquisition", "readAcquisition", "acquisitions",
                "One acquisition, running or ended",
                .asynchronous { [self] request in .json(describe(try await acquisition(request))) }
            ).with {
                $0.replies[200] = .init(description: "The acquisition", schema: Schema.reference("Acquisition"))
            },
            RESTEndpoint(
                .post, "/api/v1/acquisitions/:acquisition/stop", "stopAcquisition", "acquisitions",
                "Asks a running acquisition to end; what is complete is kept",
                .asynchronous { [self] request in try await stop(request) }
            ).with {
                $0.replies[200] = .init(description: "It had ended already", schema: Schema.reference("Acquisition"))
                $0.replies[202] = .init(description: "It was asked to end", schema: Schema.reference("Acquisition"))
            },
            RESTEndpoint(
                .get, "/api/v1/acquisitions/:acquisition/artifacts", "listArtifacts", "artifacts",
                "The files of an acquisition",
                .asynchronous { [self] request in
                    let record = try await acquisition(request)
                    return .json(.object([("artifacts", .array(record.artifacts.map { describe($0, of: record) }))]))
                }
            ).with {
                $0.replies[200] = .init(
                    description: "The files, in the order in which they came",
                    schema: Schema.object([("artifacts", Schema.list(Schema.reference("Artifact")))]))
            },
            RESTEndpoint(
                .get, "/api/v1/acquisitions/:acquisition/artifacts/:artifact", "readArtifact", "artifacts",
                "A file, or the part of it that Range asks for",
                .asynchronous { [self] request in try await download(request) }
            ).with {
                let binary: JSON = .object([("type", "string"), ("format", "binary")])
                $0.replies[200] = .init(description: "The file", type: "*/*", schema: binary)
                $0.replies[206] = .init(description: "The part asked for", type: "*/*", schema: binary)
            },
        ]
    }

    // MARK: - Looking

    static var pageQuery: [RESTEndpoint.Query] {
        [
            .init(name: "device", description: "Only of this device", schema: Schema.text),
            .init(name: "state", description: "Only in this state", schema: Schema.words(stateNames)),
            .init(name: "name", description: "Only with a name that contains this", schema: Schema.text),
            .init(name: "since", description: "Only begun at or after this time", schema: Schema.time),
            .init(name: "until", description: "Only begun before this time", schema: Schema.time),
            .init(name: "limit", description: "At most so many", schema: Schema.integer(1, 1000)),
            .init(name: "after", description: "The cursor of the page before", schema: Schema.cursor),
        ]
    }

    private static var stateNames: [String] {
        AcquisitionState.allCases.filter { $0 != .idle }.map(\.rawValue)
    }

    /// What can be asked about the first acquisition of a list.
    static func links(from list: String) -> [(operation: String, captures: [(String, String)])] {
        let id = ("acquisition", "/\(list)/0/id")
        let ways = ["readAcquisition", "listArtifacts", "readRun", "stopAcquisition"].map {
            (operation: $0, captures: [id])
        }
        guard list == "acquisitions" else { return ways }
        return ways + [(operation: "readArtifact", captures: [id, ("artifact", "/acquisitions/0/artifacts/0/name")])]
    }

    /// The page of the run log that a request asks for.
    func page(_ request: HTTPRequest) async throws -> AcquisitionPage {
        var query = AcquisitionQuery()
        query.device = request.query("device")
        if let device = query.device, !shows(device) { throw HTTPFailure(404, "there is no device “\(device.short)”") }
        query.states = try request.word("state", of: Self.stateNames).flatMap(AcquisitionState.init).map { [$0] } ?? []
        query.nameContains = request.query("name")
        query.since = try request.time("since")
        query.until = try request.time("until")
        query.limit = try request.integer("limit", in: 1...1000) ?? 100
        if let cursor = request.query("after") {
            guard Int64(cursor) != nil else {
                throw HTTPFailure(400, "after must be the cursor that the page before gave")
            }
            query.after = cursor
        }
        var page = try await context.site.runLog.acquisitions(query)
        page.records.removeAll { !shows($0.device) }
        return page
    }

    /// A page as JSON, with the path of the next.
    func list(
        _ page: AcquisitionPage, as name: String, _ request: HTTPRequest, _ describe: (AcquisitionRecord) -> JSON
    ) throws -> HTTPResponse {
        let next: JSON =
            page.next.map { cursor in
                let kept = request.query.filter { $0.name != "after" }.map { "\($0.name)=\($0.value.percentEncoded)&" }
                    .joined()
                return .string("\(Self.root)\(name)?\(kept)after=\(cursor)")
            } ?? .null
        return .json(
            .object([
                (name, .array(page.records.map(describe))), ("cursor", page.next.map { .string($0) } ?? .null),
                ("next", next),
            ]))
    }

    /// The record that a request's path names: as it is now while the acquisition runs.
    func acquisition(_ request: HTTPRequest) async throws -> AcquisitionRecord {
        let id = request.capture("acquisition")
        let record: AcquisitionRecord?
        if let running = context.site.acquisitions.acquisition(id) {
            record = running.record
        } else {
            record = try await context.site.runLog.acquisition(id)
        }
        guard let record, shows(record.device) else {
            throw HTTPFailure(404, "there is no acquisition “\(id.short)”; \(Self.root)acquisitions lists them")
        }
        return record
    }

    /// A record with links; one that runs as it is at this moment.
    func describe(_ stored: AcquisitionRecord) -> JSON {
        let record = context.site.acquisitions.acquisition(stored.id)?.record ?? stored
        let own = Self.root + "acquisitions/" + record.id
        var members = record.json.members ?? []
        if let index = members.firstIndex(where: { $0.0 == "artifacts" }) {
            members[index].1 = .array(record.artifacts.map { describe($0, of: record) })
        }
        let links: JSON = .object([
            ("self", .string(own)), ("artifacts", .string(own + "/artifacts")),
            ("run", .string(Self.root + "runs/" + record.id)),
            ("device", .string(Self.root + "devices/" + record.device)),
        ])
        return .object(members + [("links", links)])
    }

    private func describe(_ artifact: Artifact, of record: AcquisitionRecord) -> JSON {
        let path = "\(Self.root)acquisitions/\(record.id)/artifacts/\(artifact.name.percentEncoded)"
        return .object((artifact.json.members ?? []) + [("links", .object([("self", .string(path))]))])
    }

    // MARK: - Acting

    private func stop(_ request: HTTPRequest) async throws -> HTTPResponse {
        let record = try await acquisition(request)
        guard let running = context.site.acquisitions.acquisition(record.id), !running.record.state.isFinal else {
            return .json(describe(record))
        }
        try await running.requestStop(AcquisitionStop(.user, origin: origin(request)))
        return .json(describe(running.record), status: 202)
    }

    /// Only files that the record names are ever opened; the request's name is compared, never joined to a path.
    private func download(_ request: HTTPRequest) async throws -> HTTPResponse {
        let record = try await acquisition(request)
        let name = request.capture("artifact")
        let candidates = record.artifacts.filter { $0.name == name }
        guard let artifact = candidates.first(where: { $0.role != .copy }) ?? candidates.first else {
            throw HTTPFailure(404, "acquisition \(record.id) has no file “\(name.short)”")
        }
        let file: OpenFile
        do throws(HTTPFailure) {
            file = try OpenFile(artifact.path)
        } catch {
            guard error.status == 404 else { throw error }
            throw HTTPFailure(410, "\(name) was moved or deleted since acquisition \(record.id) wrote it")
        }
        var response = try HTTPResponse.file(file, for: request, type: Self.mediaType(name))
        if let sum = artifact.sha256 { response.headers.add("ETag", "\"\(sum.hex)\"") }
        response.headers.add("Content-Disposition", "attachment; filename*=UTF-8''\(name.percentEncoded)")
        return response
    }

    private static func mediaType(_ name: String) -> String {
        let endings = [
            ".h5": "application/x-hdf5", ".nxs": "application/x-hdf5", ".png": "image/png", ".jpg": "image/jpeg",
            ".tif": "image/tiff", ".tiff": "image/tiff", ".json": "application/json",
            ".txt": "text/plain; charset=utf-8",
            ".log": "text/plain; charset=utf-8",
        ]
        return endings.first { name.lowercased().hasSuffix($0.key) }?.value ?? "application/octet-stream"
    }
}

extension String {
    /// Safe in a path segment, a query or a header.
    var percentEncoded: String {
        var encoded = ""
        for byte in utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                encoded += "%" + (digits.utf8.count == 1 ? "0" : "") + digits
            }
        }
        return encoded
    }
}
