// Part of daqd
// SPDX-License-Identifier: MIT

/// Where a server listens and what it accepts.
public struct HTTPServerConfiguration: Sendable {
    /// How connections share threads.
    public enum Threading: Sendable {
        /// This many threads serve all connections by epoll; handlers must not block them.
        case events(threads: Int)
        /// Each connection has a thread, which its handlers may block: for simulators with few clients.
        case threadPerConnection
    }

    /// The certificate chain and private key of an HTTPS server.
    public struct TLS: Sendable {
        /// The certificate chain in PEM.
        public var certificate: String
        /// The private key in PEM, without a passphrase.
        public var key: String

        /// A certificate and its key, both PEM texts.
        public init(certificate: String, key: String) {
            self.certificate = certificate
            self.key = key
        }
    }

    /// The address to listen at: IPv4 or IPv6, or a name of this host; `0.0.0.0` and `::` are all interfaces.
    public var address = "127.0.0.1"
    /// The TCP port; 0 takes a free one, which ``HTTPServer/port`` reports.
    public var port = 0
    /// How connections share threads.
    public var threading = Threading.events(threads: 1)
    /// Connections beyond these wait until others close.
    public var maximumConnections = 256
    /// Bytes for one request's line and headers, and its reply's; larger requests are answered 431 or 414.
    public var maximumHeaderBytes = 32 * 1024
    /// Bytes of the largest request body; larger ones are answered 413.
    public var maximumBodyBytes = 1024 * 1024
    /// Seconds after which a connection on which nothing moves is closed; 0 never.
    public var idleTimeoutSeconds = 60
    /// Seconds within which a request must arrive completely, however busily it trickles; 0 for ever.
    ///
    /// A connection that starts no request at all is closed after this time and the idle time together.
    public var requestTimeoutSeconds = 60
    /// Serves HTTPS where set.
    public var tls: TLS?
    /// Receives libmicrohttpd's own messages, which concern single connections.
    public var log: (@Sendable (String) -> Void)?

    /// Loopback, a free port, one thread, moderate limits.
    public init() {}
}
