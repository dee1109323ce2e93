// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Glibc
@testable import RPCFrontend
import Testing

@Suite("RPC, calls")
struct RPCSessionTests {
    @Test("parameters are read and written; a command of a generated name wins; errors name what was wrong")
    func parameters() async throws {
        let fixture = try await RPCFixture()
        try await blocking {
            let client = try fixture.client()
            #expect(try client.call("get_exposure") == #"{"status":"ok","ret":0.5}"#)
            #expect(try client.call("set_exposure", "3") == #"{"status":"ok","ret":3.0}"#)
            #expect(try client.call("get_exposure") == #"{"status":"ok","ret":0.5}"#)
            #expect(try client.call("set_gain", "17") == #"{"status":"ok","ret":null}"#)
            #expect(try client.call("get_gain") == #"{"status":"ok","ret":17}"#)
            #expect(try client.call("set_gain", named: #""value":18"#) == #"{"status":"ok","ret":null}"#)
            #expect(try client.call("set_gain", "1000").contains(#""class":"ValueError""#))
            #expect(
                try client.call("set_gain").contains(
                    #""class":"TypeError","message":"set_gain() misses the argument 'value'""#))
            #expect(try client.call("set_gain", "1,2").contains("takes 1 arguments by position but 2 were given"))
            #expect(
                try client.call("set_gain", "1", named: #""value":2"#).contains("multiple values for argument 'value'"))
            #expect(try client.call("set_gain", named: #""volume":2"#).contains("unexpected keyword argument 'volume'"))
            #expect(try client.call("get_gain", "1").contains(#""class":"TypeError""#))
            #expect(try client.call("get_readout_mode") == #"{"status":"ok","ret":"slow"}"#)
            #expect(try client.call("set_readout_mode", #""fast""#) == #"{"status":"ok","ret":null}"#)
            #expect(try client.call("set_readout_mode", #""faster""#).contains(#""class":"ValueError""#))
            #expect(
                try client.call("get_roi")
                    == #"{"status":"ok","ret":{"__jsonclass__":["nparray",[[4],"<i4","AAAAAAAAAAAIAAAACAAAAA=="]]}}"#)
            let array = #"{"__jsonclass__":["nparray",[[4],"<i8","AQAAAAAAAAACAAAAAAAAAAMAAAAAAAAABAAAAAAAAAA="]]}"#
            #expect(try client.call("set_roi", array) == #"{"status":"ok","ret":null}"#)
            #expect(try client.call("set_exposure", "1,2,3").contains(#""class":"TypeError""#))
            #expect(try client.call("unsayable").contains(#""class":"TypeError","message":"the result cannot be sent"#))
            #expect(try client.call("__init__").contains("AttributeError"))
        }
    }

    @Test("a value that cannot be trusted is an error, not a number")
    func invalid() async throws {
        let fixture = try await RPCFixture()
        #expect(try await blocking { try fixture.client().call("get_sensor_temperature") }.contains("RuntimeError"))
        fixture.temperature.publish(-80)
        #expect(
            try await blocking { try fixture.client().call("get_sensor_temperature") }
                == #"{"status":"ok","ret":-80.0}"#)
        fixture.temperature.publish(-80, alarm: Alarm(.invalid, .communication, "emccd does not answer"), at: .now())
        let reply = try await blocking { try fixture.client().call("get_sensor_temperature") }
        #expect(
            reply.contains(#""class":"ConnectionError","message":"emccd/sensor/temperature: emccd does not answer""#))
        let sample = try await blocking { try fixture.client().call("get_sample", #""sensor/temperature""#) }
        #expect(
            sample.contains(#""value":-80.0"#) && sample.contains(#""severity":"invalid","status":"communication""#))
    }

    @Test(
        "limits and choices that a device changes are those of the method list, of the next call, and of what is published"
    )
    func changedLimits() async throws {
        let fixture = try await RPCFixture()
        try await blocking {
            let client = try fixture.client()
            let request = #"{"action":"get_rpc_method_list"}"# + "\n"
            try client.send(request)
            #expect(try client.line().contains("Of the amplifier\\n\\n1 to 300."))
            let board = try RawClient(port: fixture.port)
            try board.send("ARTIQ sync_struct\nparameters\n")
            var text = try board.line()
            while !text.contains(#""gain":{"#) { text = try board.line() }
            #expect(
                text.contains(
                    #""gain":{"description":"Of the amplifier","type":"int32","unit":"","access":"readWrite","limits":[1.0,300.0],"choices":[]}"#
                ))
            fixture.node.parameter("gain")?.updateMetadata { metadata in
                metadata.limits = 4...8
                metadata.unit = "e"
            }
            try client.send(request)
            #expect(try client.line().contains("Of the amplifier\\n\\nunit e, 4 to 8."))
            #expect(try client.call("set_gain", "9").contains("it accepts 4 to 8 e"))
            #expect(try client.call("set_gain", "8") == #"{"status":"ok","ret":null}"#)
            let change = #"{"action":"setitem","path":["emccd"],"key":"gain","value":{"#
            while !text.hasPrefix(change) { text = try board.line() }
            #expect(text.contains(#""unit":"e","access":"readWrite","limits":[4.0,8.0]"#))
            fixture.node.parameter("readout/mode")?.updateMetadata { $0.choices = ["slow", "fast", "burst"] }
            try client.send(request)
            #expect(try client.line().contains("one of slow, fast, burst."))
            while !text.contains(#""choices":["slow","fast","burst"]"#) { text = try board.line() }
            // A second subscriber, later, gets what holds now.
            let second = try RawClient(port: fixture.port)
            try second.send("ARTIQ sync_struct\nparameters\n")
            #expect(try second.line().contains(#""limits":[4.0,8.0]"#))
        }
    }

    @Test("ping and reading never wait behind a call, whichever connection it came from")
    func pingDoesNotWait() async throws {
        let fixture = try await RPCFixture()
        let sleeper = try await blocking { () -> RawClient in
            let client = try fixture.client()
            try client.send(#"{"action":"call","name":"sleep","args":[],"kwargs":{}}"# + "\n")
            return client
        }
        #expect(await eventually { fixture.node.command("sleep")?.busy.value == true })
        #expect(try await blocking { try fixture.client().call("ping") } == #"{"status":"ok","ret":true}"#)
        #expect(try await blocking { try fixture.client().call("get_exposure") } == #"{"status":"ok","ret":0.5}"#)
        sleeper.close()
    }

    @Test("calls of several connections run beside each other, in a serial target one after the other")
    func serialTarget() async throws {
        let fixture = try await RPCFixture { settings in
            settings.targets = [("one", RPCSettings.Target(device: "emccd", names: nil, isSerial: true))]
        }
        let command = try #require(fixture.node.command("sleep"))
        let clients = try await blocking { () -> [RawClient] in
            let clients = try (0..<3).map { _ in try fixture.client("one pyon_v2") }
            for client in clients {
                try client.send(#"{"action":"call","name":"sleep","args":[0.05],"kwargs":{}}"# + "\n")
            }
            #expect(try fixture.client("one pyon_v2").call("ping") == #"{"status":"ok","ret":true}"#)
            for client in clients { #expect(try client.line() == #"{"status":"ok","ret":true}"#) }
            return clients
        }
        #expect(clients.count == 3)
        let operations = fixture.site.operations.all.filter { $0.command == command.name }.sorted { $0.id < $1.id }
        #expect(operations.count == 3)
        for (earlier, later) in zip(operations, operations.dropFirst()) {
            let ended = try #require(earlier.status.ended)
            #expect(ended <= later.started)
        }
    }

    @Test(
        "what becomes of a call whose client is gone is as its command declares", arguments: ["sleep", "tied"],
        [true, false])
    func clientGone(command: String, byReset: Bool) async throws {
        let fixture = try await RPCFixture()
        let client = try await blocking { () -> RawClient in
            let client = try fixture.client()
            try client.send(#"{"action":"call","name":"\#(command)","args":[],"kwargs":{}}"# + "\n")
            return client
        }
        #expect(await eventually { fixture.node.command(command)?.busy.value == true })
        if byReset { client.reset() } else { client.close() }
        let operation = try #require(fixture.site.operations.all.first { $0.command == command })
        if command == "tied" {
            #expect(await eventually { operation.status.state == .cancelled })
        } else {
            // Several more conversations later it still runs.
            for _ in 0..<5 { _ = try await blocking { try fixture.client().call("ping") } }
            #expect(operation.status.state == .running)
            operation.cancel()
        }
    }

    @Test("requests sent at once are answered in order, also the last one without its end")
    func pipelined() async throws {
        let fixture = try await RPCFixture()
        try await blocking {
            let client = try RawClient(port: fixture.port)
            var text = "ARTIQ pc_rpc\nemccd pyon_v2\n"
            for number in 0..<1000 {
                let name = number % 7 == 0 ? "set_exposure" : "echo"
                text +=
                    #"{"action":"call","name":"\#(name)","args":{"__jsonclass__":["tuple",[[\#(number)]]]},"kwargs":{}}"#
                    + "\n"
            }
            text.removeLast()
            try client.send(text)
            client.finish()
            _ = try client.line()
            _ = try client.line()
            for number in 0..<1000 {
                let value = number % 7 == 0 ? "\(number).0" : "\(number)"
                #expect(try client.line() == #"{"status":"ok","ret":\#(value)}"#)
            }
            #expect(client.isClosedSilently())
        }
    }

    @Test("a target with a name set shows that set, ping and terminate, and nothing else")
    func nameSet() async throws {
        let fixture = try await RPCFixture { settings in
            settings.targets = [("camera", RPCSettings.Target(device: "emccd", names: "driver", isSerial: false))]
        }
        try await blocking {
            let client = try RawClient(port: fixture.port)
            try client.send("ARTIQ pc_rpc\n")
            #expect(try client.line().contains(#""targets":["camera","daqd","emccd"]"#))
            try client.send("camera pyon_v2\n")
            #expect(
                try client.line()
                    == #"{"__jsonclass__":["set",[["Start","get_Exposure","get_Note","get_Version","ping","set_Exposure","set_Note","terminate"]]]}"#
            )
            #expect(try client.call("get_Version") == #"{"status":"ok","ret":"1.2"}"#)
            #expect(try client.call("set_Exposure", "2") == #"{"status":"ok","ret":null}"#)
            #expect(try client.call("get_Exposure") == #"{"status":"ok","ret":2.0}"#)
            #expect(try client.call("Start").contains("AAABAAIAAwAEAAUA"))
            #expect(try client.call("get_exposure").contains("AttributeError"))
        }
    }

    @Test("the daemon is a target; beside a single device it steps back for clients that name none")
    func daemonTarget() async throws {
        let always = try await RPCFixture { $0.daemon = .always }
        try await blocking {
            let client = try always.client("daqd pyon_v2")
            #expect(try client.call("devices").contains(#""emccd":"connected""#))
            #expect(try client.call("get_uptime").contains(#""status":"ok""#))
        }
        let auto = try await RPCFixture()
        try await blocking {
            let client = try RawClient(port: auto.port)
            try client.send("ARTIQ pc_rpc\n")
            #expect(try client.line().contains(#""targets":["emccd"]"#))
        }
    }

    @Test("terminate ends the daemon after its reply, where it may")
    func terminate() async throws {
        let fixture = try await RPCFixture()
        #expect(try await blocking { try fixture.client().call("terminate") } == #"{"status":"ok","ret":null}"#)
        #expect(await eventually { fixture.count.value == 1 })
        let never = try await RPCFixture { $0.terminate = .never }
        #expect(try await blocking { try never.client().call("terminate") }.contains("AttributeError"))
        #expect(never.count.value == 0)
    }

    @Test("a server that only shows refuses what could change something")
    func readOnly() async throws {
        let fixture = try await RPCFixture { $0.isReadOnly = true }
        try await blocking {
            let client = try fixture.client()
            #expect(try client.call("set_gain", "3").contains(#""class":"PermissionError""#))
            #expect(try client.call("image").contains(#""class":"PermissionError""#))
            #expect(try client.call("get_gain") == #"{"status":"ok","ret":5}"#)
        }
    }

    @Test("a long poll ends with the next sample, with one that was missed, or with nothing")
    func longPoll() async throws {
        let fixture = try await RPCFixture()
        fixture.temperature.publish(1)
        let first = fixture.temperature.sample.timestamp.nanoseconds
        let waiting = Task {
            try await blocking {
                try fixture.client().call("wait_value", #""sensor/temperature""#, named: #""timeout":60"#)
            }
        }
        #expect(
            await eventually {
                fixture.site.frontends.isEmpty && fixture.temperature.sample.timestamp.nanoseconds == first
            })
        let publisher = Task {
            while !Task.isCancelled {
                fixture.temperature.publish(2)
                try? await Task.sleep(nanoseconds: 5_000_000)
            }
        }
        #expect(try await waiting.value.contains(#""value":2.0"#))
        publisher.cancel()
        let missed = try await blocking {
            try fixture.client().call("wait_value", #""sensor/temperature""#, named: #""since":\#(first),"timeout":60"#)
        }
        #expect(missed.contains(#""value":2.0"#))
        let nothing = try await blocking {
            try fixture.client().call("wait_value", #""gain""#, named: #""timeout":0.01"#)
        }
        #expect(nothing == #"{"status":"ok","ret":null}"#)
        #expect(try await blocking { try fixture.client().call("wait_value", #""nothing""#) }.contains("KeyError"))
    }

    @Test("images are waited for one by one or several as one array")
    func images() async throws {
        let fixture = try await RPCFixture()
        let publisher = Task {
            var index = 0
            while !Task.isCancelled {
                let buffer = FrameBuffer([UInt8](repeating: UInt8(truncatingIfNeeded: index % 200), count: 6))
                fixture.frames.publish(
                    Frame(shape: [2, 3], elementType: .uint8, channel: "main", index: index, buffer: buffer))
                index += 1
                try? await Task.sleep(nanoseconds: 2_000_000)
            }
        }
        let one = try await blocking { try fixture.client().call("wait_image", "60") }
        #expect(one.contains(#""nparray",[[2,3],"|u1""#))
        let several = try await blocking {
            try fixture.client().call("wait_images", "4,60", named: #""channel":"main""#)
        }
        publisher.cancel()
        guard case .dictionary(let reply) = try PYONv2Decoder.decode(Array(several.utf8)),
            case .array(let array)? = reply.last?.value
        else {
            Issue.record("no array: \(several)")
            return
        }
        #expect(array.shape == [4, 2, 3])
        for index in 1..<4 { #expect(array.bytes[index * 6] == (array.bytes[0] + UInt8(index)) % 200) }
        let none = try await blocking { try fixture.client().call("wait_images", "5", named: #""timeout":0.01"#) }
        #expect(none == #"{"status":"ok","ret":null}"#)
        #expect(
            try await blocking { try fixture.client().call("wait_image", named: #""channel":"x""#) }.contains(
                "KeyError"))
    }

    @Test("a target per connection has its own stored values and its own place in the images")
    func perConnection() async throws {
        let fixture = try await RPCFixture { settings in
            settings.targets = [
                ("mine", RPCSettings.Target(device: "emccd", names: nil, isSerial: false, isPerConnection: true)),
                ("own", RPCSettings.Target(device: "emccd", names: "driver", isSerial: false, isPerConnection: true)),
            ]
        }
        try await blocking {
            let (first, second) = (try fixture.client("own pyon_v2"), try fixture.client("own pyon_v2"))
            #expect(try first.call("set_Note", #""mine""#) == #"{"status":"ok","ret":null}"#)
            #expect(try first.call("get_Note") == #"{"status":"ok","ret":"mine"}"#)
            #expect(try second.call("get_Note") == #"{"status":"ok","ret":""}"#)
            let client = try fixture.client("mine pyon_v2")
            #expect(try client.call("next_image", "0") == #"{"status":"ok","ret":null}"#)
            for index in 0..<5 {
                let buffer = FrameBuffer([UInt8(index)])
                fixture.frames.publish(
                    Frame(shape: [1], elementType: .uint8, channel: "main", index: index, buffer: buffer))
            }
            for text in ["AA==", "AQ==", "Ag==", "Aw==", "BA=="] {
                #expect(try client.call("next_image").contains(text))
            }
            #expect(try client.call("images_lost") == #"{"status":"ok","ret":0}"#)
            #expect(try fixture.client().call("next_image").contains("AttributeError"))
        }
    }

    @Test("raw arrays follow the line for clients that name the feature")
    func rawArrays() async throws {
        let fixture = try await RPCFixture()
        try await blocking {
            let client = try fixture.client("emccd pyon_v2 raw_arrays")
            #expect(
                try client.call("large", "100000")
                    == #"{"status":"ok","ret":{"__jsonclass__":["rawarray",[[100000],"|u1",100000]]}}"#)
            #expect(try client.bytes(100_000) == Array(pattern.prefix(100_000)))
            #expect(try client.call("ping") == #"{"status":"ok","ret":true}"#)
            #expect(try client.call("image").contains("nparray"))
        }
    }
}
