// Part of daqd
// SPDX-License-Identifier: MIT

internal import CMicroHTTPD
internal import Glibc
internal import Synchronization

/// An HTTP/1.1 server: a router behind libmicrohttpd.
///
///     var router = HTTPRouter()
///     router.on(.get, "/state", immediate: { _ in HTTPResponse(200, type: "application/json", text: "{}") })
///     router.on(.put, "/command/:name") { request in            // async: holds no thread while it waits
///         try await device.run(request.capture("name"))
///         return HTTPResponse(200)
///     }
///     router.on(.get, "/data/*", immediate: { request in
///         try .file(OpenFile(root + "/" + safeName(request.rest)), for: request, type: "application/x-hdf5")
///     })
///     var configuration = HTTPServerConfiguration()             // loopback, a free port
///     configuration.threading = .threadPerConnection            // only where handlers block
///     let server = try HTTPServer(configuration, router)        // listens from here on
///     print(server.port)
///     server.stop()                                             // ends every connection; also when it is released
///
/// - A handler returns an ``HTTPResponse``: status, headers, and a body of bytes, a file's part, or a stream
///   (`HTTPBody.stream(length:)` { writer in … }: server-sent events, slow downloads; `writer.cut()` ends it half-way).
/// - `HTTPResponse.disconnect` closes the connection without a reply.
/// - What goes out is the handler's headers plus Date, Content-Length and, where needed, Connection. Small replies leave
///   in one segment; TCP_NODELAY is set.
/// - `request.path` holds decoded segments and resolves no dots: check names before they meet a file system.
/// - When a client leaves, the task that works for it is cancelled (within a second or two).
/// - Errors: throw ``HTTPFailure``; replace `router.failure` to give all of them another shape.
public final class HTTPServer: Sendable {
    /// What a server did since it started.
    public struct Statistics: Sendable {
        /// Connections that are open now.
        public var connections = 0
        /// Connections accepted so far.
        public var accepted = 0
        /// Requests that were read completely.
        public var requests = 0
    }

    /// The port on which the server listens.
    public let port: Int
    let core: ServerCore
    private let daemon: Mutex<MHDDaemon?>
    private let watch: Task<Void, Never>

    /// Listens and serves from here on.
    /// - Throws: ``HTTPServerError`` when the address or the port cannot be had, or the certificate is not usable.
    public init(_ configuration: HTTPServerConfiguration, _ router: HTTPRouter) throws(HTTPServerError) {
        let socket = try ListeningSocket(address: configuration.address, port: configuration.port)
        let core = ServerCore(configuration, router)
        guard let daemon = MHDDaemon(socket, configuration, core) else {
            close(socket.descriptor)
            let hint =
                configuration.tls == nil ? "" : "; check that the certificate and the key are PEM and belong together"
            throw HTTPServerError(
                "the HTTP server at \(configuration.address) port \(socket.port) does not start\(hint)")
        }
        self.core = core
        self.daemon = Mutex(daemon)
        port = socket.port
        watch = Task {
            while (try? await Task.sleep(for: .seconds(1))) != nil {
                core.cutOverdue()
                core.endAbandoned()
            }
        }
    }

    /// What the server did so far.
    public var statistics: Statistics { core.statistics }

    /// Stops listening, ends waiting requests with 503 and streams where they are, and returns when all threads ended.
    ///
    /// Blocks until handlers that run on server threads returned; safe a second time. Not to be called from a handler.
    public func stop() {
        guard
            let daemon = daemon.withLock({ daemon in
                defer { daemon = nil }
                return daemon
            })
        else { return }
        watch.cancel()
        core.terminate()
        daemon.stop()
    }

    deinit { stop() }
}
