// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import DAQRoutes
import Glibc

/// What the configuration says of one REST frontend, checked as a whole.
struct RESTSettings: Sendable {
    var server = HTTPServerConfiguration()
    /// The word that clients must send; nil where none is asked for.
    var token: String?
    /// Devices to show beyond the context's choice; empty shows all.
    var devices: [String] = []
    /// The contribution to serve instead of the API.
    var routes: String?
    /// How long a command's call waits for its end where the client does not say.
    var wait = 10.0
    /// The longest wait that a client may ask for.
    var maximumWait = 300.0
    /// How many events are kept for clients that come back.
    var replay = 10_000

    static let declared: [Setting] = [
        .string("address", "Address to listen at; 0.0.0.0 or :: for all interfaces", default: "127.0.0.1"),
        .integer("port", "TCP port; 0 takes a free one", default: 8080, in: 0...65535),
        .secret("token", "What clients send as “Authorization: Bearer …”; from a file or the environment").optional,
        .bool("insecure", "Listen beyond loopback without a token", default: false),
        .path("certificate", "Certificate chain in PEM, for HTTPS").optional,
        .path("key", "Private key in PEM, for HTTPS").optional,
        .devices("devices", "Devices to show; all of them when empty"),
        .string("routes", "Name of the routes that a plugin contributes, served here instead of the API").optional,
        .integer("threads", "Threads that serve connections", default: 1, in: 1...64),
        .integer("maximum_connections", "Connections beyond these wait", default: 256, in: 1...10_000),
        .integer(
            "maximum_header", "Largest request line and headers", unit: "B", default: 32_768, in: 4096...1_048_576),
        .integer("maximum_body", "Largest request body", unit: "B", default: 1_048_576, in: 0...1_073_741_824),
        .duration(
            "idle_timeout", "An idle connection is closed after this", default: .seconds(60),
            in: .seconds(1) ... .seconds(86400)),
        .duration(
            "request_timeout", "A request must be complete within this", default: .seconds(30),
            in: .seconds(1) ... .seconds(86400)),
        .duration(
            "wait", "How long a command's call waits for its end unless it says ?wait=", default: .seconds(10),
            in: .zero ... .seconds(86400)),
        .duration(
            "maximum_wait", "The longest ?wait= that is accepted", default: .seconds(300),
            in: .zero ... .seconds(86400)),
        .integer("replay", "Events kept for clients that come back", default: 10_000, in: 1...1_000_000),
    ]

    init() {}

    init(_ settings: Settings) throws {
        server.address = try settings["address"]
        server.port = try settings["port"]
        server.threading = .events(threads: try settings["threads"])
        server.maximumConnections = try settings["maximum_connections"]
        server.maximumHeaderBytes = try settings["maximum_header"]
        server.maximumBodyBytes = try settings["maximum_body"]
        server.idleTimeoutSeconds = Self.seconds(try settings["idle_timeout"])
        server.requestTimeoutSeconds = Self.seconds(try settings["request_timeout"])
        devices = try settings["devices"]
        routes = try settings["routes"]
        replay = try settings["replay"]
        let wait: Duration = try settings["wait"]
        let maximumWait: Duration = try settings["maximum_wait"]
        self.maximumWait = maximumWait.fractionalSeconds
        self.wait = min(wait.fractionalSeconds, self.maximumWait)
        let secret: Secret? = try settings["token"]
        token = try secret.map { try Self.word($0, settings) }
        server.tls = try Self.tls(settings)
        let insecure: Bool = try settings["insecure"]
        if token == nil, !insecure, !isLoopback {
            throw settings.error(
                "\(server.address) can be reached from other machines: set a token, or insecure: true if everybody may "
                    + "write", at: "address")
        }
    }

    /// Whether only this machine can connect.
    var isLoopback: Bool { Self.isLoopback(server.address) }

    static func isLoopback(_ address: String) -> Bool {
        let name = address.hasPrefix("[") && address.hasSuffix("]") ? String(address.dropFirst().dropLast()) : address
        var bytes = in_addr()
        if unsafe inet_pton(AF_INET, name, &bytes) == 1 { return UInt32(bigEndian: bytes.s_addr) >> 24 == 127 }
        return name == "::1" || name == "localhost"
    }

    private static func word(_ secret: Secret, _ settings: Settings) throws -> String {
        let word = secret.reveal()
        let plain = word.utf8.allSatisfy { (33...126).contains($0) }
        guard word.utf8.count >= 8, plain else {
            throw settings.error("must have at least 8 characters, visible ASCII without blanks", at: "token")
        }
        return word
    }

    private static func tls(_ settings: Settings) throws -> HTTPServerConfiguration.TLS? {
        let certificate: String? = try settings["certificate"]
        let key: String? = try settings["key"]
        guard let certificate, let key else {
            if certificate == nil, key == nil { return nil }
            throw settings.error(
                "is needed: HTTPS takes a certificate and a key", at: key == nil ? "key" : "certificate")
        }
        return HTTPServerConfiguration.TLS(
            certificate: try text(of: certificate, settings, "certificate"), key: try text(of: key, settings, "key"))
    }

    private static func text(of path: String, _ settings: Settings, _ name: String) throws -> String {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw settings.error("\(path) cannot be read: \(unsafe String(cString: strerror(errno)))", at: name)
        }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe bytes.withUnsafeMutableBytes { raw in unsafe read(descriptor, raw.baseAddress, raw.count) }
        guard count > 0, let text = String(validating: bytes.prefix(count), as: UTF8.self), text.contains("-----BEGIN")
        else {
            throw settings.error("\(path) is not PEM", at: name)
        }
        return text
    }

    private static func seconds(_ duration: Duration) -> Int { max(1, Int(duration.components.seconds)) }
}

extension Duration {
    /// Seconds with their fraction.
    var fractionalSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
