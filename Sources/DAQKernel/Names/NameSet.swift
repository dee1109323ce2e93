// Part of daqd
// SPDX-License-Identifier: MIT

/// A named view of a device for frontends, as data: old clients find the names they know.
///
/// The seed IOC's PVs, areaDetector's records and a Python package's attributes are name sets; one device can be
/// served under several at once, each under its own prefix. The device's own code never mentions a PV.
public struct NameSet: Sendable {
    /// How the site's configuration chooses it: `seed`, `areadetector`.
    public var name: String
    /// One sentence.
    public var summary: String
    /// The names.
    public var entries: [NameEntry]

    /// A name set.
    public init(_ name: String, summary: String, entries: [NameEntry]) {
        self.name = name
        self.summary = summary
        self.entries = entries
    }
}

/// What stands behind a name.
public enum NameSource: Sendable, Equatable {
    /// A parameter, by its path.
    case parameter(String)
    /// A command, by its path: a write calls it.
    case command(String)
    /// Whether a command runs.
    case busy(String)
    /// How far a command is, 0 to 1.
    case progress(String)
    /// A field of the running or last acquisition: `state`, `received`, `expected`, `missing`, `id`, `message`.
    case acquisition(String)
    /// A value that never changes.
    case constant(DataValue)
    /// A value that a client may write and read back and that does nothing.
    case stored(DataValue)
    /// What stands behind another name of the set that comes before: the readback of a stored value.
    case name(String)
}

/// The type that a frontend shows, where it is not the source's own.
public enum FrontendType: Sendable, Equatable {
    /// Text as an array of characters of that length.
    case characters(Int)
    /// An enumeration with labels of its own.
    case enumeration([String])
    /// 16 bits, signed.
    case short
    /// 32 bits, signed.
    case long
    /// IEEE 754, 64 bits.
    case double
    /// A short text.
    case string
}

/// When a write of a name counts as done.
public enum PutCompletion: Sendable, Equatable {
    /// Once the value is stored.
    case stored
    /// Once the device has it and the readback follows.
    case settled
    /// Once the operation that it started has ended.
    case operation
}

/// One name of a name set.
public struct NameEntry: Sendable {
    /// The name without the prefix.
    public var name: String
    /// One sentence; the source's own where it is `nil`.
    public var description: String?
    /// What stands behind it.
    public var source: NameSource
    /// The type shown; the source's own where it is `nil`.
    public var type: FrontendType?
    /// Shown value = source's value × scale.
    public var scale = 1.0
    /// Label shown by the source's label.
    public var labels: [String: String] = [:]
    /// Unit shown; the source's own where it is `nil`.
    public var unit: String?
    /// Digits after the point; the source's own where it is `nil`.
    public var precision: Int?
    /// Limits shown; the source's own where it is `nil`.
    public var limits: ClosedRange<Double>?
    /// Whether clients may write; the source's own where it is `nil`.
    public var access: Access?
    /// The value before the first one.
    public var initial: DataValue?
    /// The value while the device is away; the last one, in alarm, where it is `nil`.
    public var disconnected: DataValue?
    /// What happens to a number outside the limits.
    public var outOfRange = OutOfRange.refuse
    /// When a write counts as done.
    public var completion = PutCompletion.settled
    /// Whether a write bypasses every queue.
    public var interrupts = false
    /// The least time in seconds that a command reads back as on.
    public var dwellSeconds = 0.0
    /// The command that a write of 0 or off calls while ``source`` runs or the device acquires; nothing where it is `nil`.
    public var off: String?

    /// A name for a source; the rest is set afterwards.
    public init(_ name: String, _ source: NameSource, _ change: (inout NameEntry) -> Void = { _ in }) {
        self.name = name
        self.source = source
        change(&self)
    }
}
