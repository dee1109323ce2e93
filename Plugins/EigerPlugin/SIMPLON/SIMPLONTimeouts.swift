// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// How long the detector may take for what.
struct SIMPLONTimeouts: Sendable {
    var connect = Duration.seconds(2)
    var read = Duration.seconds(5)
    var configure = Duration.seconds(20)
    /// For keys whose PUT calculates flat fields.
    var configureSlow = Duration.seconds(60)
    var arm = Duration.seconds(120)
    /// Disarm, cancel, abort.
    var stop = Duration.seconds(20)
    /// Initialize and restart.
    var initialize = Duration.seconds(240)
    /// How long a download may go without a byte.
    var stall = Duration.seconds(30)

    static let declarations: [Setting] = [
        .duration(
            "connect", "Until the connection stands", default: .seconds(2), in: .milliseconds(1) ... .seconds(600)),
        .duration("read", "Reading a key", default: .seconds(5), in: .milliseconds(1) ... .seconds(600)),
        .duration("configure", "Setting a key", default: .seconds(20), in: .milliseconds(1) ... .seconds(3600)),
        .duration(
            "configure_slow", "Setting energies and thresholds, which calculates flat fields", default: .seconds(60),
            in: .milliseconds(1) ... .seconds(3600)),
        .duration("arm", "Arming; 300 s for a 16M", default: .seconds(120), in: .milliseconds(1) ... .seconds(3600)),
        .duration("stop", "Disarm, cancel and abort", default: .seconds(20), in: .milliseconds(1) ... .seconds(3600)),
        .duration(
            "initialize", "Initialize and restart", default: .seconds(240), in: .milliseconds(1) ... .seconds(3600)),
        .duration("stall", "A download without a byte", default: .seconds(30), in: .seconds(1) ... .seconds(3600)),
    ]

    init() {}

    init(_ settings: Settings) throws {
        connect = try settings["connect"]
        read = try settings["read"]
        configure = try settings["configure"]
        configureSlow = try settings["configure_slow"]
        arm = try settings["arm"]
        stop = try settings["stop"]
        initialize = try settings["initialize"]
        stall = try settings["stall"]
    }
}
