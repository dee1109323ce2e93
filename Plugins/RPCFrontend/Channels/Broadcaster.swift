// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Synchronization

/// Sends events to whoever listens at the moment: `acquisitions`, `frames`, and the same per device under its name.
final class Broadcaster: Sendable {
    private struct State {
        var channels: [String: LineChannel] = [:]
        var observation: AcquisitionObservation?
        var followers: [String: FrameSubscription] = [:]
        var isOpen = false
    }

    /// Channels that receivers may name at one time.
    private static let limit = 1000

    private let context: FrontendContext
    private let shows: @Sendable (String) -> Bool
    private let state = Mutex(State())

    init(_ context: FrontendContext, shows: @escaping @Sendable (String) -> Bool) {
        self.context = context
        self.shows = shows
    }

    func open() {
        let observation = context.site.acquisitions.observe { [weak self] event in self?.acquisitionChanged(event) }
        state.withLock { state in
            state.observation = observation
            state.isOpen = true
        }
    }

    func close() {
        let followers = state.withLock { state in
            state.isOpen = false
            state.observation = nil
            defer { state.followers = [:] }
            return state.followers
        }
        for follower in followers.values { follower.cancel() }
    }

    /// Looks for new sources of frames once a second.
    func begin(on loop: EventLoop) {
        loop.schedule(after: 1) { [weak self, weak loop] in
            guard let self, let loop else { return }
            receiversChanged()
            begin(on: loop)
        }
    }

    /// The channel of a name, made when it is first asked for; nil when there are too many.
    func channel(_ name: String) -> LineChannel? {
        state.withLock { state in
            if let channel = state.channels[name] { return channel }
            state.channels = state.channels.filter { !$0.value.isEmpty }
            guard !name.isEmpty, state.channels.count < Self.limit else { return nil }
            let channel = LineChannel()
            state.channels[name] = channel
            return channel
        }
    }

    /// Sends a value to the receivers of a channel.
    func broadcast(_ name: String, _ value: @autoclosure () -> DataValue) {
        guard let channel = state.withLock({ $0.channels[name] }), !channel.isEmpty else { return }
        var text = PYONText(.v2)
        guard (try? text.append(value())) != nil else { return }
        channel.send(text.joined + [10])
    }

    // MARK: - Acquisitions

    private func acquisitionChanged(_ event: AcquisitionEvent) {
        guard let record = event.record, shows(record.device) else { return }
        broadcast("acquisitions", Self.notice(record))
        broadcast(record.device, Self.notice(record))
    }

    private static func notice(_ record: AcquisitionRecord) -> DataValue {
        .object([
            ("device", .string(record.device)), ("acquisition", .string(record.id)),
            ("state", .string(record.state.rawValue)), ("received", number(record.frames.received)),
            ("expected", number(record.frames.expected)), ("result", record.result.map { .string($0) } ?? .null),
            ("timestamp", .float(Timestamp.now().seconds)),
        ])
    }

    private static func number(_ value: Int64?) -> DataValue { value.map { .integer($0) } ?? .null }

    // MARK: - Frames

    /// Follows the frames of those devices that somebody listens to.
    func receiversChanged() {
        let sources = wantedSources
        let (ended, missing) = state.withLock { state -> ([FrameSubscription], [String]) in
            let ended = state.followers.filter { sources[$0.key] == nil }
            for key in ended.keys { state.followers[key] = nil }
            let missing = state.isOpen ? sources.keys.filter { state.followers[$0] == nil } : []
            for key in missing { state.followers[key] = sources[key]?.1.subscribe(.everyDropping(capacity: 256)) }
            return (Array(ended.values), missing)
        }
        for subscription in ended { subscription.cancel() }
        for key in missing {
            guard let device = sources[key]?.0, let subscription = state.withLock({ $0.followers[key] }) else {
                continue
            }
            Task { [weak self] in
                while let frame = await subscription.next() { self?.frameCame(frame, device) }
            }
        }
    }

    private var wantedSources: [String: (String, FrameSource)] {
        let heard = state.withLock { Set($0.channels.filter { !$0.value.isEmpty }.keys) }
        guard !heard.isEmpty else { return [:] }
        var sources: [String: (String, FrameSource)] = [:]
        for device in context.site.devices
        where shows(device.name) && (heard.contains("frames") || heard.contains(device.name)) {
            for (channel, source) in device.frameSources {
                sources["\(device.name)/\(channel)/\(ObjectIdentifier(source).hashValue)"] = (device.name, source)
            }
        }
        return sources
    }

    private func frameCame(_ frame: Frame, _ device: String) {
        let notice = DataValue.object([
            ("device", .string(device)), ("channel", .string(frame.channel)), ("index", DataValue(frame.index)),
            ("acquisition", .string(frame.acquisition)), ("shape", .list(frame.shape.map { DataValue($0) })),
            ("type", .string(frame.elementType.rawValue)), ("lost", DataValue(frame.lostBefore)),
            ("timestamp", .float(frame.received.seconds)),
        ])
        broadcast("frames", notice)
        broadcast(device, notice)
    }
}
