// Part of daqd
// SPDX-License-Identifier: MIT

@testable import DAQKernel
import Foundation
@testable import RPCFrontend
import Synchronization
import Testing

/// A client that is alone for a while gets a thread of its own (``DirectReader``): nothing that it sees may depend on that.
@Suite("RPC, a busy client")
struct BusyClientTests {
    @Test("a client that asks all the time is waited for alone, and goes back to the others when it is silent")
    func comesAndGoes() async throws {
        let fixture = try await RPCFixture()
        let client = try await busy(fixture)
        #expect(await eventually { fixture.frontend.directClients == 0 })
        #expect(try await blocking { try client.call("get_gain") } == #"{"status":"ok","ret":5}"#)
        try await makeBusy(client, fixture)
        #expect(try await blocking { try client.call("get_gain") } == #"{"status":"ok","ret":5}"#)
    }

    @Test("lines in pieces, several at once, long ones and large arrays are what they would be")
    func pieces() async throws {
        let fixture = try await RPCFixture()
        let request = #"{"action":"call","name":"get_gain","args":{"__jsonclass__":["tuple",[[]]]},"kwargs":{}}"# + "\n"
        for cut in [1, 40, request.utf8.count - 1] {
            let client = try await busy(fixture)
            try await blocking { () throws in
                try client.send(String(request.prefix(cut)))
                usleep(2000)
                try client.send(String(request.dropFirst(cut)) + request + request)
                for _ in 0..<3 { #expect(try client.line() == #"{"status":"ok","ret":5}"#) }
            }
        }
        let client = try await busy(fixture)
        try await blocking { () throws in
            let text = String(repeating: "x", count: 1_000_000)
            #expect(try client.call("echo", "\"\(text)\"") == #"{"status":"ok","ret":"\#(text)"}"#)
        }
        try await makeBusy(client, fixture)
        try await blocking { () throws in
            let whole = try client.call("large", "1000000")
            #expect(whole.contains(Data(pattern).base64EncodedString()))
            #expect(try client.call("ping") == #"{"status":"ok","ret":true}"#)
        }
        try await makeBusy(client, fixture)
        try await blocking { () throws in
            try client.send([UInt8](repeating: UInt8(ascii: "x"), count: 6 << 20))
            #expect(try client.line().contains("the request is longer than 4194304 bytes"))
            #expect(client.isClosedSilently())
        }
    }

    @Test("others are served beside it, and it may wait for a call as anybody")
    func others() async throws {
        let fixture = try await RPCFixture()
        let client = try await busy(fixture)
        try await blocking { () throws in
            for _ in 0..<20 { #expect(try fixture.client().call("ping") == #"{"status":"ok","ret":true}"#) }
        }
        try await makeBusy(client, fixture)
        try await blocking { () throws in
            #expect(try client.call("sleep", "0.05") == #"{"status":"ok","ret":true}"#)
            #expect(try client.call("ping") == #"{"status":"ok","ret":true}"#)
        }
        try await makeBusy(client, fixture)
        try await blocking { () throws in
            try client.send(#"{"action":"call","name":"tied","args":[],"kwargs":{}}"# + "\n")
        }
        #expect(await eventually { fixture.node.command("tied")?.busy.value == true })
        client.close()
        #expect(await eventually { fixture.node.command("tied")?.busy.value == false })
    }

    @Test("two that are busy at the same time each get their own answers")
    func two() async throws {
        let fixture = try await RPCFixture()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in 0..<4 {
                group.addTask {
                    try await blocking { () throws in
                        let one = try fixture.client()
                        for number in 0..<2000 {
                            let value = "\(client)\(number % 3)"
                            #expect(try one.call("echo", "1\(value)") == #"{"status":"ok","ret":1\#(value)}"#)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    enum Farewell: CaseIterable { case close, reset, finish, malformed }

    @Test("however it leaves, its connection ends", arguments: Farewell.allCases)
    func farewell(_ way: Farewell) async throws {
        let fixture = try await RPCFixture()
        let connections = fixture.site.daemon.counter("frontends/rpc/connections", "")
        let client = try await busy(fixture)
        switch way {
        case .close: client.close()
        case .reset: client.reset()
        case .finish:
            try await blocking { () throws in
                try client.send(#"{"action":"call","name":"ping","args":[],"kwargs":{}}"#)
                client.finish()
                #expect(try client.line() == #"{"status":"ok","ret":true}"#)
                #expect(client.isClosedSilently())
            }
        case .malformed:
            try await blocking { () throws in
                try client.send("{\n")
                #expect(try client.line().contains(#""class":"ValueError""#))
                #expect(client.isClosedSilently())
            }
        }
        #expect(await eventually { connections.value == 0 })
        #expect(await eventually { fixture.frontend.directClients == 0 })
        #expect(try await blocking { try fixture.client().call("ping") } == #"{"status":"ok","ret":true}"#)
    }

    @Test("when the frontend stops, it sees the end")
    func stop() async throws {
        let fixture = try await RPCFixture()
        let client = try await busy(fixture)
        await fixture.frontend.stop()
        #expect(try await blocking { client.isClosedSilently() })
    }

    @Test("a request that is the last one again is a call of its own")
    func again() async throws {
        let fixture = try await RPCFixture()
        let isForbidden = Flag()
        let echo = try #require(fixture.node.command("echo"))
        echo.allow { isForbidden.isSet ? "the day is over" : nil }
        try await blocking { () throws in
            let client = try fixture.client()
            for number in [1, 1, 2, 2, 1, 1] {
                #expect(try client.call("echo", "\(number)") == #"{"status":"ok","ret":\#(number)}"#)
            }
            isForbidden.set(true)
            #expect(try client.call("echo", "1").contains("is not possible: the day is over"))
            isForbidden.set(false)
            #expect(try client.call("echo", "1") == #"{"status":"ok","ret":1}"#)
        }
        #expect(fixture.site.operations.all.filter { $0.command == "echo" }.count == 7)
    }

    // MARK: - Helpers

    private func busy(_ fixture: RPCFixture) async throws -> RawClient {
        let client = try await blocking { try fixture.client() }
        try await makeBusy(client, fixture)
        return client
    }

    /// Asks until a thread of its own waits for the client.
    private func makeBusy(_ client: RawClient, _ fixture: RPCFixture) async throws {
        try await blocking { () throws in
            // One that was busy before may still be waited for.
            for _ in 0..<12_000 where fixture.frontend.directClients > 0 { usleep(5000) }
            for _ in 0..<100_000 where fixture.frontend.directClients == 0 {
                #expect(try client.call("get_exposure") == #"{"status":"ok","ret":0.5}"#)
            }
            #expect(fixture.frontend.directClients == 1)
        }
    }
}

/// Something that is so or not, told to another thread.
private final class Flag: Sendable {
    private let value = Atomic<Bool>(false)
    var isSet: Bool { value.load(ordering: .acquiring) }
    func set(_ to: Bool) { value.store(to, ordering: .releasing) }
}
