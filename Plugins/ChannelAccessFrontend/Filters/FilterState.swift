// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// What the filters of one subscription remember.
struct FilterState: Sendable {
    private var memories: [Memory]

    fileprivate struct Memory: Sendable {
        let filter: ChannelFilter
        /// The number that was sent last, for a dead band.
        var lastSent: Double?
        /// Updates since the last that passed, for a decimation.
        var skipped = 0
        /// The flag at the last update, and that update.
        var lastFlag: Bool?
        var held: Event?
    }

    /// An update on its way to a subscriber.
    struct Event: Sendable {
        var changes: UpdateChanges
        var sample: Sample
    }

    init(_ filters: [ChannelFilter]) { memories = filters.map { Memory(filter: $0) } }

    /// The update as the subscriber gets it; `nil` when it is held back.
    mutating func pass(_ changes: UpdateChanges, _ sample: Sample) -> Event? {
        var event = Event(changes: changes, sample: sample)
        for index in memories.indices {
            guard let passed = memories[index].pass(event) else { return nil }
            event = passed
        }
        return event
    }
}

extension FilterState.Memory {
    fileprivate mutating func pass(_ event: FilterState.Event) -> FilterState.Event? {
        switch filter {
        case .deadBand(let band, let isRelative): beyond(event, band, isRelative)
        case .decimation(let number): decimated(event, number)
        case .synchronization(let mode, let flag): synchronized(event, mode, flag())
        case .subarray, .sendingTime, .stamp:
            FilterState.Event(changes: event.changes, sample: filter.shown(event.sample))
        }
    }

    /// Only value and archive changes are judged; alarm and metadata pass.
    private mutating func beyond(
        _ event: FilterState.Event, _ band: Double, _ isRelative: Bool
    ) -> FilterState.Event? {
        guard let number = event.sample.value.double else { return event }
        if let lastSent {
            let limit = isRelative ? abs(lastSent) * band / 100 : band
            if abs(number - lastSent) <= limit || (number.isNaN && lastSent.isNaN) || number == lastSent {
                var rest = event
                rest.changes.subtract([.value, .archive])
                return rest.changes.isEmpty ? nil : rest
            }
        }
        lastSent = number
        return event
    }

    private mutating func decimated(_ event: FilterState.Event, _ number: Int) -> FilterState.Event? {
        defer { skipped = (skipped + 1) % number }
        return skipped == 0 ? event : nil
    }

    private mutating func synchronized(
        _ event: FilterState.Event, _ mode: ChannelFilter.SyncMode, _ flag: Bool
    ) -> FilterState.Event? {
        let (previous, before) = (lastFlag ?? false, held)
        lastFlag = flag
        held = event
        switch mode {
        case .while: return flag ? event : nil
        case .unless: return flag ? nil : event
        case .first: return flag && !previous ? event : nil
        case .after: return !flag && previous ? event : nil
        case .before: return flag && !previous ? before : nil
        case .last: return !flag && previous ? before : nil
        }
    }
}
