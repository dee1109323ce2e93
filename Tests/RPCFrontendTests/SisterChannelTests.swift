// Part of daqd
// SPDX-License-Identifier: MIT

@testable import DAQKernel
import Foundation
@testable import RPCFrontend
import ServerTesting
import Synchronization
import Testing

@Suite("RPC's sister channels")
struct SisterChannelTests {
    @Test("a structure's changes are told as sipyco tells them")
    func recordedChanges() async throws {
        let fixture = try await RPCFixture()
        let notifier = Notifier(.dictionary([]))
        fixture.frontend.publisher.add(notifier, as: "test")
        try await blocking {
            let client = try RawClient(port: fixture.port)
            try client.send("ARTIQ sync_struct\ntest\n")
            #expect(try client.line() == #"{"action":"init","struct":{}}"#)
            notifier.setItem(.string("0"), .integer(0))
            #expect(try client.line() == #"{"action":"setitem","path":[],"key":"0","value":0}"#)
            notifier.setItem(.string("list"), .list([]))
            _ = try client.line()
            notifier.setItem(
                .extended(.slice(start: .null, stop: .null, step: .null)), .list([.integer(34), .integer(31)]),
                in: [.string("list")])
            #expect(
                try client.line()
                    == #"{"action":"setitem","path":["list"],"key":{"__jsonclass__":["slice",[null,null,null]]},"value":[34,31]}"#
            )
            notifier.append(.integer(42), in: [.string("list")])
            #expect(try client.line() == #"{"action":"append","path":["list"],"x":42}"#)
            notifier.insert(.integer(1), at: 1, in: [.string("list")])
            #expect(try client.line() == #"{"action":"insert","path":["list"],"i":1,"x":1}"#)
            notifier.pop(.integer(0), in: [.string("list")])
            #expect(try client.line() == #"{"action":"pop","path":["list"],"i":0}"#)
            notifier.deleteItem(.string("0"))
            #expect(try client.line() == #"{"action":"delitem","path":[],"key":"0"}"#)
            let second = try RawClient(port: fixture.port)
            try second.send("ARTIQ sync_struct\ntest\n")
            #expect(try second.line() == #"{"action":"init","struct":{"list":[1,31,42]}}"#)
        }
    }

    @Test("a plugin publishes structures and broadcasts of its own")
    func publications() async throws {
        let registry = Registry()
        let publish = Mutex<(@Sendable (String, DataValue) -> Void)?>(nil)
        let receiver: @Sendable (@escaping @Sendable (String, DataValue) -> Void) -> Void = { given in
            publish.withLock { $0 = given }
        }
        registry.contribute("board", receiver)
        let fixture = try await RPCFixture(registry: registry) { $0.publications = ["board"] }
        let tell = try #require(publish.withLock { $0 })
        func change(_ action: String, _ fields: (String, DataValue)...) {
            tell("own", .object([("action", .string(action))] + fields))
        }
        change("init", ("struct", .object([("list", .list([.integer(1)]))])))
        change("setitem", ("path", .list([])), ("key", .string("array")), ("value", .array(ArrayValue([1.0, 2.0]))))
        change("setitem", ("path", .list([.string("array")])), ("key", .integer(0)), ("value", .integer(10)))
        change("append", ("path", .list([.string("list")])), ("x", .integer(2)))
        change("pop", ("path", .list([.string("list")])), ("i", .integer(0)))
        change("nonsense")
        tell("own", .null)
        try await blocking {
            let client = try RawClient(port: fixture.port)
            try client.send("ARTIQ sync_struct\nown\n")
            let array = #"{"__jsonclass__":["nparray",[[2],"<f8","AAAAAAAAJEAAAAAAAAAAQA=="]]}"#
            #expect(try client.line() == #"{"action":"init","struct":{"list":[2],"array":\#(array)}}"#)
        }
        await #expect(throws: DeviceError.self) { _ = try await RPCFixture { $0.publications = ["nobody"] } }
    }

    @Test("devices, their values, and the log are published")
    func published() async throws {
        let fixture = try await RPCFixture { $0.daemon = .never }
        try await blocking {
            let devices = try RawClient(port: fixture.port)
            try devices.send("ARTIQ sync_struct\ndevices\n")
            #expect(
                try devices.line().contains(
                    #""emccd":{"type":"andor","summary":"Demo EMCCD.","state":"connected","message":""}"#))
            let status = try RawClient(port: fixture.port)
            try status.send("ARTIQ sync_struct\nstatus\n")
            var text = try status.line()
            while !text.contains(#""emccd":{"#) { text = try status.line() }
            #expect(text.contains(#""sensor/temperature":null"#) && text.contains(#""readout/mode":"slow""#))
            fixture.temperature.publish(-79.5)
            while text != #"{"action":"setitem","path":["emccd"],"key":"sensor/temperature","value":-79.5}"# {
                text = try status.line()
            }
            fixture.node.set(.disconnected("emccd is away"))
            text = try devices.line()
            while !text.contains("emccd is away") { text = try devices.line() }
            while !(text.contains("sensor/temperature") && text.contains(#""value":null"#)) { text = try status.line() }
            let log = try RawClient(port: fixture.port)
            try log.send("ARTIQ sync_struct\nlog\n")
            _ = try log.line()
            fixture.logger.warning("Something happened", ["where": "here"])
            text = try log.line()
            while !text.contains("Something happened where=here") { text = try log.line() }
            #expect(text.hasPrefix(#"{"action":"append","path":[],"x":""#))
        }
    }

    @Test("a subscriber that does not read is told everything anew instead of filling the memory")
    func slowSubscriber() async throws {
        let fixture = try await RPCFixture()
        let notifier = Notifier(.dictionary([]))
        fixture.frontend.publisher.add(notifier, as: "test")
        try await blocking {
            let client = try RawClient(port: fixture.port, receiveBuffer: 4096)
            try client.send("ARTIQ sync_struct\ntest\n")
            _ = try client.line()
            let text = String(repeating: "x", count: 10_000)
            for number in 0..<2000 { notifier.setItem(.string("n"), .string("\(number) \(text)")) }
            var initials = 0
            var last = ""
            while !last.contains(#""1999 x"#) {
                last = try client.line()
                if last.hasPrefix(#"{"action":"init""#) { initials += 1 }
            }
            #expect(initials >= 1)
            notifier.setItem(.string("n"), .integer(1))
            while last != #"{"action":"setitem","path":[],"key":"n","value":1}"# { last = try client.line() }
        }
    }

    @Test("broadcasts reach those who listen; frames are announced")
    func broadcast() async throws {
        let fixture = try await RPCFixture()
        let client = try await blocking { () -> RawClient in
            let client = try RawClient(port: fixture.port)
            try client.send("ARTIQ broadcast\ntest\n")
            return client
        }
        let sender = Task {
            while !Task.isCancelled {
                fixture.frontend.broadcaster.broadcast("test", .object([("t", .tuple([.integer(1)]))]))
                try? await Task.sleep(nanoseconds: 5_000_000)
            }
        }
        #expect(try await blocking { try client.line() } == #"{"t":{"__jsonclass__":["tuple",[[1]]]}}"#)
        sender.cancel()
        let frames = try await blocking { () -> RawClient in
            let client = try RawClient(port: fixture.port)
            try client.send("ARTIQ broadcast\nframes\n")
            return client
        }
        let publisher = Task {
            while !Task.isCancelled {
                let buffer = FrameBuffer([1, 2, 3, 4, 5, 6])
                fixture.frames.publish(
                    Frame(shape: [2, 3], elementType: .uint8, channel: "main", index: 17, buffer: buffer))
                try? await Task.sleep(nanoseconds: 5_000_000)
            }
        }
        let notice = try await blocking { try frames.line() }
        publisher.cancel()
        #expect(
            notice.hasPrefix(
                #"{"device":"emccd","channel":"main","index":17,"acquisition":"","shape":[2,3],"type":"uint8""#))
    }

    @Test("the log is forwarded in the channel's form, with what was said before the master was there")
    func logForwarding() async throws {
        let heard = Mutex("")
        let server = try RawServer { connection in
            while let bytes = connection.read() { heard.withLock { $0 += String(decoding: bytes, as: UTF8.self) } }
        }
        let fixture = try await RPCFixture { settings in
            settings.logServer = RPCSettings.LogServer(host: "127.0.0.1", port: Int(server.port), source: "daqd(here)")
        }
        fixture.logger.warning("one line", ["n": 3])
        fixture.logger.error("two\nlines")
        #expect(
            await eventually {
                heard.withLock {
                    $0.hasPrefix("ARTIQ logging\n") && $0.contains("daqd(here):ERROR<2>:test:two\nlines\n")
                }
            })
        #expect(heard.withLock { $0.contains("daqd(here):WARNING:test:one line n=3\n") })
    }
}
