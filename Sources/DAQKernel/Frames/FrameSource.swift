// Part of daqd
// SPDX-License-Identifier: MIT
internal import Synchronization

/// How a consumer of frames falls behind.
public enum FrameDelivery: Sendable {
    /// Only the newest frame matters: live view.
    case newest
    /// Every frame; when so many wait, the source waits: writers.
    case everyBlocking(capacity: Int)
    /// Every frame; when so many wait, further ones are dropped and counted.
    case everyDropping(capacity: Int)
}

/// Where a device's frames come out: one per channel.
///
/// ``publish(_:)`` is called on the device's frame thread; it blocks only for consumers that asked for it.
public final class FrameSource: Sendable {
    /// The channel: `threshold_1`, `monitor`.
    public let channel: String
    private let consumers = Mutex<[FrameSubscription]>([])
    private let published = Atomic<UInt64>(0)

    /// A source for a channel.
    public init(channel: String) { self.channel = channel }

    /// Frames published so far.
    public var count: UInt64 { published.load(ordering: .relaxed) }

    /// Whether anybody would get a frame; a source may spare itself making them.
    public var hasConsumers: Bool {
        consumers.withLock { consumers in
            consumers.removeAll { $0.isCancelled }
            return !consumers.isEmpty
        }
    }

    /// Counts frames that were not made, because there was no consumer.
    public func skip(_ frames: Int) { published.add(UInt64(clamping: frames), ordering: .relaxed) }

    /// Adds a consumer.
    public func subscribe(_ delivery: FrameDelivery) -> FrameSubscription {
        let subscription = FrameSubscription(delivery)
        consumers.withLock { $0.append(subscription) }
        return subscription
    }

    /// Hands a frame to every consumer, by reference.
    public func publish(_ frame: Frame) {
        published.add(1, ordering: .relaxed)
        let present = consumers.withLock { consumers in
            consumers.removeAll { $0.isCancelled }
            return consumers
        }
        for consumer in present { consumer.push(frame) }
    }

    /// Hands frames to every consumer, by reference and in order; cheaper than one by one.
    public func publish(contentsOf frames: [Frame]) {
        published.add(UInt64(frames.count), ordering: .relaxed)
        let present = consumers.withLock { consumers in
            consumers.removeAll { $0.isCancelled }
            return consumers
        }
        for consumer in present { consumer.push(contentsOf: frames) }
    }
}
