// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import DAQRoutes

extension RESTService {
    /// The run log: what `daqd runs` prints, and everything that is kept of one run; plugins.
    var runEndpoints: [RESTEndpoint] {
        [
            RESTEndpoint(
                .get, "/api/v1/runs", "listRuns", "runs", "The run log in short, newest first, a page at a time",
                .asynchronous { [self] request in
                    let page = try await page(request)
                    return try list(page, as: "runs", request) { summary($0) }
                }
            ).with {
                $0.query = Self.pageQuery
                $0.replies[200] = .init(
                    description: "One page; next is the path of the one after it",
                    schema: Schema.page("runs", of: "Run"),
                    links: Self.links(from: "runs"))
            },
            RESTEndpoint(
                .get, "/api/v1/runs/:acquisition", "readRun", "runs",
                "One acquisition with its configuration and its post-operations",
                .asynchronous { [self] request in try await run(request) }
            ).with {
                $0.replies[200] = .init(description: "All that is kept of it", schema: Schema.reference("RunDetails"))
            },
            RESTEndpoint(
                .get, "/api/v1/plugins", "listPlugins", "site",
                "Loaded and refused plugins, and the types they registered",
                .immediate { [self] _ in plugins() }
            ).with {
                $0.replies[200] = .init(
                    description: "The plugins",
                    schema: Schema.object([
                        ("plugins", Schema.list(.object([("type", "object")]))),
                        ("types", Schema.dictionary(of: Schema.list(Schema.reference("ComponentType")))),
                    ]))
            },
        ]
    }

    private func summary(_ record: AcquisitionRecord) -> JSON {
        let took = record.ended.map { Double($0.nanoseconds - record.began.nanoseconds) / 1e9 }
        return .object([
            ("id", .string(record.id)), ("device", .string(record.device)), ("name", .string(record.name)),
            ("state", .string(record.state.rawValue)), ("frames", .string(record.frames.text)),
            ("began", .string(record.began.description)), ("seconds", took.map { .number($0) } ?? .null),
            ("files", .integer(Int64(record.artifacts.count))), ("result", record.result.map { .string($0) } ?? .null),
            (
                "links",
                .object([
                    ("self", .string(Self.root + "runs/" + record.id)),
                    ("acquisition", .string(Self.root + "acquisitions/" + record.id)),
                ])
            ),
        ])
    }

    private func run(_ request: HTTPRequest) async throws -> HTTPResponse {
        let record = try await acquisition(request)
        let log = context.site.runLog
        var configuration = JSON.null
        if let digest = record.configuration { configuration = try await log.configuration(digest) ?? .null }
        let operations = try await log.postOperations(of: record.id)
        return .json(
            .object([
                ("acquisition", describe(record)), ("configuration", configuration),
                ("post_operations", .array(operations.map(\.json))),
            ]))
    }

    private func plugins() -> HTTPResponse {
        let types = FactoryKind.allCases.map { kind in
            (
                kind.rawValue,
                JSON.array(
                    context.site.registry.types(kind).map {
                        .object([("type", .string($0.type)), ("summary", .string($0.summary))])
                    })
            )
        }
        return .json(.object([("plugins", .array(context.site.plugins)), ("types", .object(types))]))
    }
}
