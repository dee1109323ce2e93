// Part of daqd
// SPDX-License-Identifier: MIT

import DAQRoutes
import Glibc

/// Who may ask: clients with the token, and no web page of another server.
///
/// A browser sends `Origin` with every request that a foreign page could misuse; and where no token guards the loopback
/// interface, `Host` must name this machine, so that a foreign name made to point here (DNS rebinding) opens nothing.
struct AccessControl: Sendable {
    private let token: [UInt8]?
    private let checksHost: Bool
    /// What nearly all requests say, so that it need not be taken apart.
    private let usualHosts: [String]

    init(_ settings: RESTSettings) {
        token = settings.token.map { Array($0.utf8) }
        usualHosts = [
            "127.0.0.1:\(settings.server.port)", "localhost:\(settings.server.port)", "127.0.0.1", "localhost",
        ]
        checksHost = settings.token == nil && settings.isLoopback
    }

    /// Lets a request pass or refuses it.
    /// - Throws: ``HTTPFailure`` 401 or 403.
    func check(_ request: HTTPRequest) throws(HTTPFailure) {
        try checkOrigin(request)
        guard let token, request.path != ["healthz"], request.path != ["readyz"] else { return }
        let given = request.headers["Authorization"].map { Array($0.utf8) } ?? []
        guard Self.equal(given, Array("Bearer ".utf8) + token) else {
            var failure = HTTPFailure(401, "send the token of this daqd as “Authorization: Bearer …”")
            failure.headers["WWW-Authenticate"] = "Bearer realm=\"daqd\""
            throw failure
        }
    }

    private func checkOrigin(_ request: HTTPRequest) throws(HTTPFailure) {
        let host = request.headers["Host"] ?? ""
        if checksHost, !host.isEmpty, !usualHosts.contains(host), !Self.isLocal(host) {
            throw HTTPFailure(403, "this daqd is reached as localhost or by its address, not as “\(host.short)”")
        }
        guard let origin = request.headers["Origin"], origin != "http://" + host, origin != "https://" + host else {
            return
        }
        throw HTTPFailure(403, "web pages of \(origin.short) may not use this daqd")
    }

    /// Whether a `Host` header holds an address or `localhost`, with or without port.
    static func isLocal(_ host: String) -> Bool {
        if host.hasPrefix("[") { return host.contains("]") }
        let name = host.prefix { $0 != ":" }
        var address = in_addr()
        let isAddress = unsafe inet_pton(AF_INET, String(name), &address) == 1
        return isAddress || name == "localhost" || name.hasSuffix(".localhost")
    }

    /// Compares in a time that depends on the lengths only.
    static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
