// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import DAQRoutes
import Synchronization

/// Shows devices over HTTP, or serves the routes that another plugin contributes.
final class RESTFrontend: Frontend {
    static let factory = FrontendFactory(
        "rest", summary: "HTTP and JSON: parameters, commands, acquisitions, files, events",
        settings: RESTSettings.declared
    ) { settings, context in
        RESTFrontend(try RESTSettings(settings), context)
    }

    private let settings: RESTSettings
    private let context: FrontendContext
    private let service: RESTService
    private let server = Mutex<HTTPServer?>(nil)

    init(_ settings: RESTSettings, _ context: FrontendContext) {
        self.settings = settings
        self.context = context
        service = RESTService(settings, context)
    }

    /// The port on which it listens; nil before the start and after the stop.
    var port: Int? { server.withLock { $0?.port } }

    func start() async throws {
        var configuration = settings.server
        let logger = context.logger
        configuration.log = { text in logger.debug("A connection went wrong", ["reason": .string(text)]) }
        let server: HTTPServer
        if let name = settings.routes {
            guard let router = context.site.registry.contribution(name, as: HTTPRouter.self) else {
                throw ConfigurationError("no plugin contributes routes of the name \(name); load the plugin that does")
            }
            server = try HTTPServer(configuration, router)
        } else {
            service.open()
            server = try HTTPServer(configuration, service.router())
        }
        service.watch(server)
        logger.notice(
            "Listening",
            [
                "address": .string(configuration.address), "port": .integer(Int64(server.port)),
                "tls": .bool(configuration.tls != nil),
            ])
        self.server.withLock { $0 = server }
    }

    func run() async throws {
        while !Task.isCancelled {
            try await Task.sleep(nanoseconds: 500_000_000)
            service.count()
        }
    }

    func stop() async {
        service.close()
        let server = self.server.withLock { server in
            defer { server = nil }
            return server
        }
        server?.stop()
    }

    func names() -> [ServedName] { settings.routes == nil ? service.names() : [] }
}
