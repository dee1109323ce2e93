// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// What one circuit may use.
struct CircuitLimits: Sendable {
    var channels = 100_000
    var subscriptions = 200_000
    var pendingPuts = 10_000
    /// Writes with callback that wait behind another of the same channel.
    var pendingPutsPerChannel = 16
    /// Updates in the circuit's queue before the newest of a channel is replaced.
    var queue = 4096
    /// Unsent bytes from which updates wait.
    var sendBuffer = 65_536
    /// Unsent bytes from which requests wait.
    var replyBuffer = 1_048_576
    /// Requests for channels that do not exist before the circuit is closed.
    var badChannels = 100
    var idleSeconds = 600
    var messageSeconds = 30
    var greetingSeconds = 10
    /// For how long a peer may acknowledge nothing, or take nothing.
    var unreadSeconds = 60

    init() {}

    init(_ settings: Settings) throws {
        channels = try settings["max_channels"]
        subscriptions = try settings["max_subscriptions"]
        pendingPuts = try settings["max_pending_puts"]
        queue = try settings["queue"]
        sendBuffer = try settings["send_buffer"]
        replyBuffer = try settings["reply_buffer"]
        idleSeconds = try Self.seconds("idle_timeout", settings)
        messageSeconds = try Self.seconds("message_timeout", settings)
        greetingSeconds = try Self.seconds("greeting_timeout", settings)
        unreadSeconds = try Self.seconds("unread_timeout", settings)
    }

    private static func seconds(_ name: String, _ settings: Settings) throws -> Int {
        let duration: Duration = try settings[name]
        return max(1, Int(duration.components.seconds))
    }
}
