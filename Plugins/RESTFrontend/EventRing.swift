// Part of daqd
// SPDX-License-Identifier: MIT

/// What an event is about; its SSE name.
enum EventTopic: String, CaseIterable, Sendable {
    case parameter, alarm, acquisition, operation, tree
}

/// One event as it goes out.
struct RESTEvent: Sendable {
    /// Rising by one.
    var number: Int
    var topic: EventTopic
    var device: String
    /// The member's path; empty where the event is about no member.
    var name: String
    /// The data, one line of JSON.
    var data: [UInt8]
}

/// The last events, so that a client that comes back gets what it missed; pure, without clock and lock.
struct EventRing: Sendable {
    private let capacity: Int
    private var events: [RESTEvent] = []
    private var start = 0
    /// The number of the next event.
    private(set) var next = 1

    init(capacity: Int) { self.capacity = max(1, capacity) }

    /// The number of the oldest event that is still there; `next` when there is none.
    var oldest: Int { next - events.count }

    /// Appends an event and drops the oldest when full.
    mutating func append(_ topic: EventTopic, _ device: String, _ name: String, _ data: [UInt8]) {
        let event = RESTEvent(number: next, topic: topic, device: device, name: name, data: data)
        next += 1
        if events.count < capacity {
            events.append(event)
        } else {
            events[start] = event
            start = (start + 1) % capacity
        }
    }

    /// At most `limit` events from a number on; nil when some of them are gone already, or it was never reached.
    func events(from number: Int, limit: Int) -> [RESTEvent]? {
        guard number >= oldest, number <= next else { return nil }
        let first = number - oldest
        return (first..<min(events.count, first + limit)).map { events[(start + $0) % events.count] }
    }
}
