// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Foundation
@testable import RPCFrontend
import Testing

@Suite("RPC, hostile clients")
struct HostileClientTests {
    static let handshakes = [
        "GET / HTTP/1.1\r\n\r\n", "ARTIQ pc_rpc\r\n", "ARTIQ\n", "\n", "ARTIQ logging\nx:y\n",
        "ARTIQ sync_struct\nnosuch\n",
        "ARTIQ broadcast\n\n", String(repeating: "x", count: 100_000) + "\n",
    ]

    @Test("a wrong banner or name closes without a word", arguments: handshakes)
    func wrongBanner(text: String) async throws {
        let fixture = try await RPCFixture()
        try await blocking {
            let client = try RawClient(port: fixture.port)
            try? client.send(text)
            #expect(client.isClosedSilently())
        }
        #expect(try await blocking { try fixture.client().call("ping") } == #"{"status":"ok","ret":true}"#)
    }

    static let selections = [
        "nope pyon_v2", "", "emccd pyon_v3", "emccd  pyon_v2", " emccd", "emccd raw_arrays", "emccd pyon_v2 ",
        String(repeating: "e", count: 10_000),
    ]

    @Test("an unknown target or feature closes without a word", arguments: selections)
    func wrongSelection(line: String) async throws {
        let fixture = try await RPCFixture()
        try await blocking {
            let client = try RawClient(port: fixture.port)
            try client.send("ARTIQ pc_rpc\n")
            _ = try client.line()
            try client.send(line + "\n")
            #expect(client.isClosedSilently())
        }
    }

    @Test("v1 can be switched off")
    func withoutV1() async throws {
        let fixture = try await RPCFixture { $0.allowsV1 = false }
        try await blocking {
            let client = try RawClient(port: fixture.port)
            try client.send("ARTIQ pc_rpc\n")
            _ = try client.line()
            try client.send("emccd\n")
            #expect(client.isClosedSilently())
            #expect(try fixture.client().call("ping") == #"{"status":"ok","ret":true}"#)
        }
    }

    static let unreadable = [
        "", "{", "nonsense", "{\"action\":\"call\",", String(repeating: "[", count: 100_000), "\u{1}",
        #"{"action":"call","name":"echo","args":{"__jsonclass__":["nparray",[[9],"<u2","AA=="]]},"kwargs":{}}"#,
        #"{"action":"call","name":"echo","args":{"__jsonclass__":["tuple",[[[}"#,
    ]

    @Test("what cannot be read is answered, then the connection ends", arguments: unreadable)
    func unreadableRequest(line: String) async throws {
        let fixture = try await RPCFixture()
        try await blocking {
            let client = try fixture.client()
            try client.send(line + "\n" + line + "\n")
            #expect(
                try client.line().hasPrefix(
                    #"{"status":"failed","exception":{"class":"ValueError","message":"the request"#))
            #expect(client.isClosedSilently())
        }
    }

    static let wrongRequests = [
        "1", "null", "{}", #"{"action":1}"#, #"{"action":"call","name":1,"args":[],"kwargs":{}}"#,
        #"{"action":"call","name":"ping","args":1,"kwargs":{}}"#,
        #"{"action":"call","name":"ping","args":[],"kwargs":[]}"#,
        #"{"action":"call","name":"ping","args":[1],"kwargs":{}}"#,
        #"{"action":"call","name":"ping","args":[],"kwargs":{"a":1}}"#,
        #"{"action":"call","name":"","args":[],"kwargs":{}}"#,
        #"{"action":"call","name":"terminate","args":[1],"kwargs":{}}"#,
        #"{"action":"call","name":"ping","args":[],"kwargs":{"__jsonclass__":["dict",[[[1,2]]]]}}"#,
    ]

    @Test("a request that is none is answered, and the connection goes on", arguments: wrongRequests)
    func wrongRequest(line: String) async throws {
        let fixture = try await RPCFixture()
        try await blocking {
            let client = try fixture.client()
            try client.send(line + "\n")
            #expect(try client.line().hasPrefix(#"{"status":"failed""#))
            #expect(try client.call("ping") == #"{"status":"ok","ret":true}"#)
        }
        #expect(fixture.count.value == 0)
    }

    @Test("a line just below the limit is taken, one of a gigabyte is answered and thrown away")
    func endlessLine() async throws {
        let fixture = try await RPCFixture()
        try await blocking {
            let client = try fixture.client()
            let text = String(repeating: "x", count: 4_194_304 - 200)
            #expect(try client.call("echo", "\"\(text)\"").utf8.count == text.utf8.count + 24)
        }
        try await blocking {
            let client = try fixture.client()
            let chunk = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
            // The server takes it as fast as it comes until it has said goodbye; then it may close.
            for _ in 0..<1024 { guard (try? client.send(chunk)) != nil else { break } }
            let reply = try? client.line()
            #expect(reply == nil || reply?.contains("longer than 4194304 bytes") == true)
        }
        try await blocking {
            let client = try fixture.client()
            try client.send([UInt8](repeating: UInt8(ascii: "x"), count: 6 << 20))
            #expect(try client.line().contains("the request is longer than 4194304 bytes"))
            #expect(client.isClosedSilently())
        }
        #expect(try await blocking { try fixture.client().call("ping") } == #"{"status":"ok","ret":true}"#)
    }

    @Test("200 clients are served, and leave no connection behind")
    func manyClients() async throws {
        let fixture = try await RPCFixture()
        try await blocking {
            let clients = try (0..<200).map { number in
                try fixture.client(number % 2 == 0 ? "emccd pyon_v2" : "emccd pyon_v2 raw_arrays")
            }
            for _ in 0..<3 {
                for client in clients {
                    try client.send(#"{"action":"call","name":"get_gain","args":[],"kwargs":{}}"# + "\n")
                }
                for client in clients { #expect(try client.line() == #"{"status":"ok","ret":5}"#) }
            }
            for (number, client) in clients.enumerated() { number % 3 == 0 ? client.reset() : client.close() }
        }
        let connections = fixture.site.daemon.counter("frontends/rpc/connections", "")
        #expect(await eventually { connections.value == 0 })
    }

    @Test("connections beyond the limit are closed")
    func tooMany() async throws {
        let fixture = try await RPCFixture { $0.maximumConnections = 2 }
        try await blocking {
            let kept = [try fixture.client(), try fixture.client()]
            #expect(try RawClient(port: fixture.port).isClosedSilently())
            for client in kept { #expect(try client.call("ping") == #"{"status":"ok","ret":true}"#) }
        }
    }

    @Test("a client that does not read costs no copies of the arrays, and others are served meanwhile")
    func slowReaders() async throws {
        let fixture = try await RPCFixture()
        try await blocking {
            let slow = try (0..<4).map { _ in try fixture.client() }
            for client in slow {
                for _ in 0..<8 {
                    try client.send(#"{"action":"call","name":"large","args":[1000000],"kwargs":{}}"# + "\n")
                }
            }
            for _ in 0..<50 { #expect(try fixture.client().call("ping") == #"{"status":"ok","ret":true}"#) }
            for client in slow {
                for _ in 0..<8 { #expect(try client.line().utf8.count > 1_333_333) }
            }
        }
    }
}
