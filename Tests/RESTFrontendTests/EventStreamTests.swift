// Part of daqd
// SPDX-License-Identifier: MIT

@testable import DAQKernel
import Foundation
import HTTPTesting
@testable import RESTFrontend
import Testing

/// A client of the event stream that reads events one by one.
final class EventClient: @unchecked Sendable {  // used from one thread at a time
    struct Event: Sendable {
        var id = ""
        var name = ""
        var data = JSON.null
    }

    private let connection: RawConnection
    private var text = ""
    private var comments = 0

    init(port: Int, query: String = "", lastID: String? = nil) throws {
        connection = try RawConnection(port: port)
        let resume = lastID.map { "Last-Event-ID: \($0)\r\n" } ?? ""
        connection.send("GET /api/v1/events\(query) HTTP/1.0\r\nHost: localhost\r\n\(resume)\r\n")
        let head = connection.receive(until: { $0.contains("retry: 2000\n\n") })
        text = String(head[(head.range(of: "retry: 2000\n\n")?.upperBound ?? head.endIndex)...])
    }

    /// The next event; comments are passed over.
    func next() throws -> Event {
        while true {
            guard let end = text.range(of: "\n\n") else {
                guard let more = connection.receive(), !more.isEmpty else { throw RawError.truncated(text) }
                text += String(decoding: more, as: UTF8.self)
                continue
            }
            let block = text[..<end.lowerBound]
            text = String(text[end.upperBound...])
            var event = Event()
            for line in block.split(separator: "\n") {
                if line.hasPrefix("id: ") { event.id = String(line.dropFirst(4)) }
                if line.hasPrefix("event: ") { event.name = String(line.dropFirst(7)) }
                if line.hasPrefix("data: ") { event.data = try JSON(parsing: String(line.dropFirst(6))) }
            }
            if !event.name.isEmpty { return event }
            comments += 1
            if comments > 3 { throw RawError.truncated("nothing but comments") }
        }
    }

    /// Events until one satisfies the condition, that one included.
    func until(_ isLast: (Event) -> Bool) throws -> [Event] {
        var events: [Event] = []
        repeat { events.append(try next()) } while !isLast(events[events.count - 1])
        return events
    }
}

@Suite("REST events")
struct EventStreamTests {
    @Test("a client gets the present values, then every transition in order")
    func transitions() async throws {
        let fixture = try await RESTFixture()
        let port = fixture.port
        let enabled = fixture.enabled
        let values = try await blocking {
            let client = try EventClient(port: port, query: "?device=eiger1&topics=parameter&prefix=enabled")
            let first = try client.next()
            for value in [true, false, true, false] { enabled.publish(value) }
            return [first.data["value"]?.bool] + (try (0..<4).map { _ in try client.next().data["value"]?.bool })
        }
        #expect(values == [false, true, false, true, false])
    }

    @Test("limits, choices and types that change are told, and hold for the next read and write")
    func metadata() async throws {
        let fixture = try await RESTFixture()
        let (port, time) = (fixture.port, fixture.countTime)
        let mode = try #require(fixture.node.parameter("mode"))
        let state = try #require(fixture.node.parameter("detector/status/state"))
        let told = try await blocking {
            let client = try EventClient(port: port, query: "?device=eiger1&topics=tree")
            time.updateMetadata { $0.limits = 0.5...2 }
            mode.updateMetadata { $0.choices = ["closed", "open"] }
            state.updateMetadata {
                $0.type = .enumeration
                $0.choices = ["idle", "busy"]
            }
            return try (0..<3).map { _ in
                let data = try client.next().data
                return [data["event"]?.string, data["name"]?.string]
            }
        }
        #expect(
            told == [
                ["metadata_changed", "detector/config/count_time"], ["metadata_changed", "mode"],
                ["type_changed", "detector/status/state"],
            ])
        let base = "/api/v1/devices/eiger1/parameters/"
        let limits = try await fixture.json("GET \(base)detector/config/count_time").json["limits"]
        #expect(limits?["low"]?.double == 0.5 && limits?["high"]?.double == 2)
        #expect(try await fixture.json("GET \(base)mode").json["choices"] == .array(["closed", "open"]))
        let shown = try await fixture.json("GET \(base)detector/status/state").json
        #expect(shown["type"] == "enumeration" && shown["choices"] == .array(["idle", "busy"]))
        for (name, value) in [("detector/config/count_time", "0.25"), ("mode", #""moving""#)] {
            let reply = try await fixture.json("PUT \(base)\(name)", body: "{\"value\": \(value)}")
            #expect(reply.status == 422, "\(name): \(reply.json.text)")
        }
        let good = try await fixture.json("PUT \(base)detector/config/count_time", body: #"{"value": 0.75}"#)
        #expect(good.status == 200)
    }

    @Test("Last-Event-ID brings exactly what was missed")
    func resume() async throws {
        let fixture = try await RESTFixture()
        let port = fixture.port
        let time = fixture.countTime
        let query = "?topics=parameter&prefix=detector/config/count_time&snapshot=false"
        let (seen, missed) = try await blocking {
            var client: EventClient? = try EventClient(port: port, query: query)
            time.publish(1)
            let seen = try client?.until { $0.data["value"]?.double == 1 }.last
            client = nil
            for value in [2.0, 3, 4] { time.publish(value) }
            let second = try EventClient(port: port, query: query, lastID: seen?.id)
            return (seen, try (0..<3).map { _ in try second.next() })
        }
        #expect(missed.compactMap { $0.data["value"]?.double } == [2, 3, 4])
        let numbers = ([seen].compactMap { $0 } + missed).compactMap { Int($0.id.split(separator: "-")[1]) }
        #expect(numbers == numbers.sorted() && Set(numbers).count == 4)
    }

    @Test(
        "an id that is not known any more is answered with a reset and the present values",
        arguments: ["zzz-5", "5", "", "-", "a-b-c", "99999999999999999999"])
    func reset(id: String) async throws {
        let fixture = try await RESTFixture()
        let port = fixture.port
        let events = try await blocking {
            let client = try EventClient(port: port, query: "?topics=parameter&prefix=enabled", lastID: id)
            return [try client.next(), try client.next()]
        }
        #expect(events.map(\.name) == (["reset", "parameter"]))
    }

    @Test(
        "numbers that were never given, in the right epoch, are answered with a reset",
        arguments: [Int.max, Int.max - 1, 1000, -1, Int.min])
    func neverGiven(number: Int) async throws {
        let fixture = try await RESTFixture()
        let port = fixture.port
        let name = try await blocking {
            let first = try EventClient(port: port, query: "?topics=parameter&prefix=enabled")
            let epoch = try first.next().id.split(separator: "-")[0]
            let name = try EventClient(
                port: port, query: "?topics=parameter&prefix=enabled", lastID: "\(epoch)-\(number)"
            ).next().name
            withExtendedLifetime(first) {}
            return name
        }
        #expect(name == "reset")
        #expect(try await fixture.ask("GET /healthz").status == 200)
    }

    @Test("a ring that is too small for what was missed says so, too")
    func overrun() async throws {
        let fixture = try await RESTFixture { $0.replay = 4 }
        let port = fixture.port
        let state = fixture.state
        let name = try await blocking {
            let query = "?topics=parameter,tree&prefix=detector/status"
            var client: EventClient? = try EventClient(port: port, query: query)
            let id = try client?.next().id
            client = nil
            let other = try EventClient(port: port, query: query)
            for number in 0..<20 {
                state.publish("s\(number)")
                _ = try other.until { $0.data["value"]?.string == "s\(number)" || $0.name == "reset" }
            }
            return try EventClient(port: port, query: query, lastID: id).next().name
        }
        #expect(name == "reset")
    }

    @Test("alarms, tree, operations and acquisitions are told")
    func topics() async throws {
        let fixture = try await RESTFixture()
        let port = fixture.port
        let node = fixture.node
        let (alarm, tree) = try await blocking {
            let client = try EventClient(port: port, query: "?topics=alarm,tree&device=eiger1")
            node.set(.disconnected("gone"))
            let events = try client.until { $0.name == "alarm" }
            let added = Parameter<Double>("late/comer", "Found later", initial: 1)
            try? node.add(added)
            let more = try client.until { $0.data["event"] == "member_added" }
            node.set(.connected)
            added.publish(alarm: Alarm(.major, .highMajor, "too hot"))
            let hot = try client.until { $0.data["alarm"]?["status"] == "high_major" }
            return (hot.last, events + more)
        }
        #expect(alarm?.data["alarm"]?["severity"] == "major" && alarm?.data["alarm"]?["message"] == "too hot")
        #expect(tree.contains { $0.data["event"] == "device_state" && $0.data["state"] == "disconnected" })
    }

    @Test("acquisitions and operations are followed from beginning to end")
    func work() async throws {
        let fixture = try await RESTFixture()
        let port = fixture.port
        let client = try await blocking { try EventClient(port: port, query: "?topics=acquisition,operation") }
        _ = try await fixture.ask("POST /api/v1/devices/eiger1/commands/add", body: #"{"a": 1}"#)
        try await fixture.site.acquisitions.acquisitions(of: "eiger1").run(AcquisitionPlan(named: "x")) { acquisition in
            try await acquisition.armed()
        }
        let events = try await blocking {
            try client.until { $0.data["record"]?["state"] == "failed" || $0.data["record"]?["state"] == "done" }
        }
        #expect(events.contains { $0.name == "operation" && $0.data["state"] == "succeeded" })
        #expect(events.contains { $0.name == "acquisition" && $0.data["event"] == "began" })
    }

    @Test(
        "bad filters are refused",
        arguments: ["topics=weather", "topics=", "topics=parameter,", "device=nobody", "snapshot=1", "since=0"])
    func badFilter(query: String) async throws {
        let status = try await RESTFixture().ask("GET /api/v1/events?\(query)").status
        #expect(status == 400 || status == 404)
    }

    @Test("a client that reads nothing holds up neither publishers nor other clients")
    func stuck() async throws {
        let fixture = try await RESTFixture()
        let port = fixture.port
        let time = fixture.countTime
        let last = try await blocking {
            let stuck = try EventClient(port: port)
            let client = try EventClient(port: port, query: "?topics=parameter&prefix=detector/config/count_time")
            for number in 0..<200_000 { time.publish(Double(number)) }
            let last = try client.until { $0.data["value"]?.double == 199_999 }.last
            withExtendedLifetime(stuck) {}
            return last
        }
        #expect(last?.data["value"]?.double == 199_999)
        #expect(try await fixture.ask("GET /healthz").status == 200)
    }

    @Test("the stop of the frontend ends every stream")
    func stop() async throws {
        let fixture = try await RESTFixture()
        let port = fixture.port
        let client = try await blocking { try EventClient(port: port, query: "?topics=tree") }
        await fixture.frontend.stop()
        let ended = try await blocking {
            do {
                while true { _ = try client.next() }
            } catch {
                return true
            }
        }
        #expect(ended)
    }
}
