// Part of daqd
// SPDX-License-Identifier: MIT

/// What a device says when it begins an acquisition.
public struct AcquisitionPlan: Sendable {
    /// Name for people and files: the series' prefix, the run's title.
    public var name: String
    /// Frames asked for; `nil`: run till stopped.
    public var expected: Int64?
    /// Whether the device will report frames; if not, the record says `not counted`.
    public var countsFrames: Bool
    /// The index of the first frame, where frames are reported with indexes.
    public var firstIndex: Int64
    /// Who asked for it.
    public var origin: Origin?
    /// Every setting with its value, as JSON; equal ones are stored once.
    public var configuration: JSON?
    /// What the device needs to go on after a crash: its own business, see ``Acquisition/note(_:)``.
    public var notes: JSON?

    /// Makes a plan.
    @_alwaysEmitIntoClient
    public init(
        _ name: String, expected: Int64?, countsFrames: Bool = true, firstIndex: Int64 = 0, origin: Origin? = nil,
        configuration: JSON? = nil, notes: JSON? = nil
    ) {
        self.init(named: name)
        self.expected = expected
        self.countsFrames = countsFrames
        self.firstIndex = firstIndex
        self.origin = origin
        self.configuration = configuration
        self.notes = notes
    }

    /// Makes a plan with nothing but a name: run till stopped, frames counted from index 0.
    public init(named name: String) {
        self.name = name
        expected = nil
        countsFrames = true
        firstIndex = 0
        origin = nil
        configuration = nil
        notes = nil
    }
}
