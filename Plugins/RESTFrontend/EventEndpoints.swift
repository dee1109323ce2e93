// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import DAQRoutes

/// What a client of the events wants to hear.
struct EventFilter: Sendable {
    var topics: Set<EventTopic>
    var device: String?
    var prefix: String?

    func wants(_ event: RESTEvent) -> Bool {
        topics.contains(event.topic) && (device == nil || event.device == device)
            && (prefix.map { event.name.hasPrefix($0) } ?? true)
    }
}

extension RESTService {
    /// Server-sent events.
    var eventEndpoints: [RESTEndpoint] {
        [
            RESTEndpoint(
                .get, "/api/v1/events", "followEvents", "events",
                "What happens, as server-sent events; Last-Event-ID resumes",
                .immediate { [self] request in try follow(request) }
            ).with {
                $0.query = [
                    .init(
                        name: "topics",
                        description:
                            "Which of parameter, alarm, acquisition, operation, tree, with commas between; all by default",
                        schema: .object([
                            ("type", "string"),
                            (
                                "pattern",
                                "^(parameter|alarm|acquisition|operation|tree)(,(parameter|alarm|acquisition|operation|tree))*$"
                            ),
                        ])),
                    .init(name: "device", description: "Only of this device", schema: Schema.text),
                    .init(
                        name: "prefix", description: "Only of members whose name begins with this", schema: Schema.text),
                    .init(
                        name: "snapshot", description: "Whether to begin with the present values; true by default",
                        schema: .object([("type", "boolean")])),
                ]
                $0.replies[200] = .init(
                    description: "The events, without end", type: "text/event-stream", schema: Schema.text)
            }
        ]
    }

    private func follow(_ request: HTTPRequest) throws -> HTTPResponse {
        var filter = EventFilter(
            topics: Set(EventTopic.allCases), device: request.query("device"), prefix: request.query("prefix"))
        if let list = request.query("topics") {
            filter.topics = try Set(
                list.split(separator: ",", omittingEmptySubsequences: false).map { word in
                    guard let topic = EventTopic(rawValue: String(word)) else {
                        let known = EventTopic.allCases.map(\.rawValue).joined(separator: ", ")
                        throw HTTPFailure(400, "topics may hold \(known), not “\(String(word).short)”")
                    }
                    return topic
                })
        }
        if let device = filter.device, !shows(device) || context.site.device(device) == nil {
            throw HTTPFailure(404, "there is no device “\(device.short)”")
        }
        let lastID = request.headers["Last-Event-ID"]
        let snapshot = try request.flag("snapshot") ?? (lastID == nil)
        let headers: HTTPHeaders = [
            "Content-Type": "text/event-stream", "Cache-Control": "no-cache", "X-Accel-Buffering": "no",
        ]
        let wanted = filter
        return HTTPResponse(
            200, headers: headers,
            body: .stream(length: nil) { [self] writer in
                try await send(wanted, lastID: lastID, snapshot: snapshot, to: writer)
            })
    }

    /// Writes events until the client leaves; a comment every 15 seconds finds out whether it has.
    private func send(_ filter: EventFilter, lastID: String?, snapshot: Bool, to writer: HTTPBodyWriter) async throws {
        let position = events.enter(lastID: lastID)
        defer { events.leave() }
        var next = position.next
        var bytes = Array("retry: 2000\n\n".utf8)
        if position.isGap { Self.append("reset", position.epoch, next - 1, Self.resetData, to: &bytes) }
        try await writer.write(bytes)
        if snapshot || position.isGap { try await sendSnapshot(filter, position.epoch, next - 1, to: writer) }
        while !Task.isCancelled {
            bytes = []
            switch await events.events(from: next, waiting: 15) {
            case .closed: return
            case .gap(let now):
                next = now
                Self.append("reset", position.epoch, next - 1, Self.resetData, to: &bytes)
                try await writer.write(bytes)
                try await sendSnapshot(filter, position.epoch, next - 1, to: writer)
            case .events(let batch):
                for event in batch where filter.wants(event) {
                    Self.append(event.topic.rawValue, position.epoch, event.number, event.data, to: &bytes)
                }
                if batch.isEmpty { bytes = Array(": still here\n\n".utf8) }
                next += batch.count
                if !bytes.isEmpty { try await writer.write(bytes) }
            }
        }
    }

    /// The present samples as events that carry the number before the first new one.
    private func sendSnapshot(_ filter: EventFilter, _ epoch: String, _ number: Int, to writer: HTTPBodyWriter)
        async throws
    {
        guard filter.topics.contains(.parameter) else { return }
        for device in devices where filter.device == nil || filter.device == device.name {
            var bytes: [UInt8] = []
            for parameter in device.parameters where filter.prefix.map({ parameter.name.hasPrefix($0) }) ?? true {
                let data = EventListener.data(parameter.sample, device.name, parameter.name)
                Self.append(EventTopic.parameter.rawValue, epoch, number, data, to: &bytes)
            }
            if !bytes.isEmpty { try await writer.write(bytes) }
        }
    }

    private static let resetData = Array(
        #"{"event":"reset","detail":"events were lost; read again what you keep"}"#.utf8)

    private static func append(_ name: String, _ epoch: String, _ number: Int, _ data: [UInt8], to bytes: inout [UInt8])
    {
        bytes += Array("id: \(epoch)-\(number)\nevent: \(name)\ndata: ".utf8)
        bytes += data
        bytes += [10, 10]
    }
}
