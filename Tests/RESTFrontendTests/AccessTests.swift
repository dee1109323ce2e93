// Part of daqd
// SPDX-License-Identifier: MIT

@testable import DAQKernel
import DAQRoutes
import Foundation
import HTTPTesting
@testable import RESTFrontend
import Testing

@Suite("REST access")
struct AccessTests {
    private func ask(_ port: Int, _ text: String) async throws -> RawReply {
        try await blocking {
            let connection = try RawConnection(port: port)
            connection.send(text)
            return try connection.reply()
        }
    }

    @Test("with a token nothing but the health is answered without it")
    func token() async throws {
        let fixture = try await RESTFixture { $0.token = "correct-horse" }
        for path in ["/api/v1/devices", "/metrics", "/api/v1/openapi.json", "/nothing"] {
            let reply = try await fixture.ask("GET " + path)
            #expect(reply.status == 401 && reply["WWW-Authenticate"]?.hasPrefix("Bearer") == true)
        }
        for word in ["correct-hors", "correct-horse1", "", "Correct-horse"] {
            let reply = try await ask(
                fixture.port, "GET /api/v1/devices HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(word)\r\n\r\n"
            )
            #expect(reply.status == 401)
        }
        let good = try await ask(
            fixture.port, "GET /api/v1/devices HTTP/1.1\r\nHost: x.org\r\nAuthorization: Bearer correct-horse\r\n\r\n")
        #expect(good.status == 200)
        for path in ["/healthz", "/readyz"] { #expect(try await fixture.ask("GET " + path).status == 200) }
    }

    @Test(
        "foreign web pages and foreign names are refused",
        arguments: [
            ("Host: localhost\r\nOrigin: http://evil.example", 403), ("Host: localhost:80\r\nOrigin: null", 403),
            ("Host: evil.example", 403), ("Host: 127.0.0.1.evil.example", 403), ("Host: localhost", 200),
            ("Host: 127.0.0.1:8080", 200),
            ("Host: [::1]:8080", 200), ("Host: localhost:8080\r\nOrigin: http://localhost:8080", 200),
        ])
    func foreign(headers: String, status: Int) async throws {
        let fixture = try await RESTFixture()
        #expect(try await ask(fixture.port, "GET /api/v1/devices HTTP/1.1\r\n\(headers)\r\n\r\n").status == status)
    }

    @Test(
        "a body that is not declared as JSON is refused",
        arguments: ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
    func contentType(type: String) async throws {
        let fixture = try await RESTFixture()
        let reply = try await ask(
            fixture.port,
            "PUT /api/v1/devices/eiger1/parameters/enabled HTTP/1.1\r\nHost: localhost\r\nContent-Type: \(type)\r\nContent-Length: 15\r\n\r\n{\"value\": true}"
        )
        #expect(reply.status == 415)
        #expect(fixture.enabled.value == false)
    }

    @Test("listening beyond loopback takes a token or the word insecure")
    func beyond() throws {
        func settings(_ values: KeyValuePairs<String, SettingValue>) throws -> RESTSettings {
            var all: [(String, SettingValue)] = RESTSettings.declared.compactMap { setting in
                setting.defaultValue.map { (setting.name, $0) }
            }
            all.removeAll { name, _ in values.contains { $0.key == name } }
            all += values.map { ($0.key, $0.value) }
            return try RESTSettings(Self.settings(all))
        }
        for address in ["0.0.0.0", "::", "10.0.0.1", "example.org"] {
            #expect(throws: ConfigurationError.self) { try settings(["address": .string(address)]) }
            #expect(throws: Never.self) { try settings(["address": .string(address), "insecure": true]) }
            #expect(throws: Never.self) {
                try settings(["address": .string(address), "token": .secret(Secret("12345678"))])
            }
        }
        for address in ["127.0.0.1", "127.1.2.3", "::1", "[::1]", "localhost"] {
            #expect(throws: Never.self) { try settings(["address": .string(address)]) }
        }
        #expect(throws: ConfigurationError.self) { try settings(["token": .secret(Secret("short"))]) }
        #expect(throws: ConfigurationError.self) { try settings(["token": .secret(Secret("has blanks in it"))]) }
        #expect(throws: ConfigurationError.self) { try settings(["certificate": .string("/nowhere.pem")]) }
        #expect(throws: ConfigurationError.self) {
            try settings(["certificate": .string("/etc/passwd"), "key": .string("/etc/passwd")])
        }
    }

    /// Settings from pairs; literals of pairs cannot be computed.
    private static func settings(_ values: [(String, SettingValue)]) -> Settings {
        var settings = Settings([:])
        for (name, value) in values { settings.set(name, Settings.Entry(value: value, place: nil, isDefault: false)) }
        return settings
    }

    @Test("contributed routes are served byte for byte, and nothing else is")
    func contributed() async throws {
        var router = HTTPRouter()
        router.on(
            .get, "/api/v1/state",
            immediate: { _ in
                HTTPResponse(
                    200, headers: ["content-type": "application/json", "Server": "WSGI"],
                    body: .text("{\"state\": \"ok\"}"))
            })
        router.failure = { failure, _ in
            HTTPResponse(failure.status, type: "text/html", text: "<h1>\(failure.status)</h1>")
        }
        let registry = Registry()
        registry.contribute("dia", router)
        let fixture = try await RESTFixture(registry: registry) { $0.routes = "dia" }
        let reply = try await fixture.ask("GET /api/v1/state")
        #expect(reply.text == "{\"state\": \"ok\"}")
        let own = reply.headers.filter { $0.name != "Date" }.map { "\($0.name): \($0.value)" }
        #expect(own.sorted() == ["Content-Length: 15", "Server: WSGI", "content-type: application/json"])
        let missing = try await fixture.ask("GET /api/v1/devices")
        #expect(missing.status == 404 && missing.text == "<h1>404</h1>")
    }

    @Test("routes that no plugin contributes are an error at the start")
    func missingRoutes() async throws {
        await #expect(throws: ConfigurationError.self) { try await RESTFixture { $0.routes = "dia" } }
    }
}
