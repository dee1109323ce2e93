// Part of daqd
// SPDX-License-Identifier: MIT

@testable import DAQKernel
@testable import RPCFrontend
import Testing

@Suite("RPC, settings and names")
struct RPCSettingsTests {
    @Test("addresses follow sipyco's conventions")
    func addresses() {
        #expect(RPCSettings.addresses([], localhost: true) == ["127.0.0.1", "::1"])
        #expect(RPCSettings.addresses(["10.0.0.7"], localhost: true) == ["127.0.0.1", "::1", "10.0.0.7"])
        #expect(RPCSettings.addresses(["10.0.0.7"], localhost: false) == ["10.0.0.7"])
        #expect(RPCSettings.addresses(["*", "10.0.0.7"], localhost: false) == ["0.0.0.0", "::"])
    }

    @Test("a path becomes a name of Python that clients can call")
    func identifiers() {
        #expect(MethodTable.identifier("filewriter/mode", separator: "_") == "filewriter_mode")
        #expect(MethodTable.identifier("a-b.c+d", separator: "_") == "a_b_c_d")
        #expect(MethodTable.identifier("2theta", separator: "_") == "m2theta")
        #expect(MethodTable.identifier("_private", separator: "_") == "m_private")
        #expect(MethodTable.identifier("close_rpc", separator: "_") == "close_rpc_")
    }

    @Test("two names that give one method are both there, and a terminal's words are refused as targets")
    func clashes() async throws {
        let fixture = try await RPCFixture()
        try fixture.node.add(Parameter<Int>("a/b", "", initial: 1))
        try fixture.node.add(Parameter<Int>("a_b", "", initial: 2))
        try await blocking {
            let client = try fixture.client()
            #expect(try client.call("get_a_b") == #"{"status":"ok","ret":1}"#)
            #expect(try client.call("get_a_b_") == #"{"status":"ok","ret":2}"#)
        }
    }

    @Test("names that come and go while clients are connected are followed")
    func changes() async throws {
        let fixture = try await RPCFixture()
        let client = try await blocking { () -> RawClient in
            let client = try fixture.client()
            #expect(try client.call("get_found").contains("AttributeError"))
            return client
        }
        try fixture.node.add(Parameter<Int>("found", "", access: .read, initial: 7))
        #expect(try await blocking { try client.call("get_found") } == #"{"status":"ok","ret":7}"#)
        #expect(try await blocking { try client.call("set_found", "1") }.contains("AttributeError"))
        fixture.node.parameter("found")?.updateMetadata { $0.access = .readWrite }
        #expect(try await blocking { try client.call("set_found", "8") } == #"{"status":"ok","ret":null}"#)
        fixture.node.remove("found")
        #expect(try await blocking { try client.call("get_found") }.contains("AttributeError"))
    }

    @Test("the declared settings decode, and a half of TLS is refused with the missing one")
    func decoding() throws {
        let settings = Settings([
            "bind": .list([]), "localhost": .bool(true), "port": .integer(3249), "devices": .list([]),
            "daemon": .string("never"), "terminate": .string("always"), "read_only": .bool(false),
            "pyon_v1": .bool(true),
            "raw_arrays": .bool(true), "threads": .integer(2), "maximum_connections": .integer(10),
            "maximum_request": .integer(5000), "keepalive": .duration(.seconds(60)), "log_port": .integer(1066),
            "accept_logs": .string("never"),
            "certificate": .string("/a"), "key": .string("/b"),
        ])
        #expect(throws: ConfigurationError.self) { try RPCSettings(settings) }
    }
}
