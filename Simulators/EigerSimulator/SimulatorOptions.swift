// Part of daqd
// SPDX-License-Identifier: MIT

/// What a simulated detector is and how fast it lives.
public struct SimulatorOptions: Sendable {
    /// The model's name, `eiger2-500k` for instance.
    public var model = "eiger2-500k"
    /// The address to listen at.
    public var address = "127.0.0.1"
    /// The TCP port; 0 takes a free one.
    public var port = 8910
    /// How much faster than a real detector everything goes, exposures too.
    public var speed = 1.0
    /// Where the random numbers of images and identifiers start.
    public var seed: UInt64 = 1
    /// The versions of the API to serve, `1.6.0` or `1.8.0`; empty leaves it to the model.
    public var apis: [String] = []
    /// The oddities of real units that it has; `nil` for those usual for its generation.
    public var quirks: [Quirk]?
    /// Accepts commands with a body such as `{"value": "arm"}`, as very old clients send them.
    public var isLenient = false
    /// The text of a script of faults and triggers, in YAML.
    public var script: String?
    /// Where the script came from, for messages.
    public var scriptName = "script"
    /// A clock that only moves when told (`POST /sim/clock`), for tests.
    public var hasManualClock = false
    /// Bytes of memory for files.
    public var bufferBytes = 4 << 30
    /// How long `initialize` takes, in seconds.
    public var initializeSeconds = 2.0
    /// How long `arm` takes, in seconds.
    public var armSeconds = 0.3
    /// How long a change of energy or threshold takes, in seconds.
    public var flatfieldSeconds = 0.5
    /// How long a restart of the control unit's service takes, in seconds.
    public var restartSeconds = 1.0
    /// How long nobody answers after `system/command/reboot`, in seconds.
    public var rebootSeconds = 5.0

    /// A detector of the default model at its real speed.
    public init() {}
}
