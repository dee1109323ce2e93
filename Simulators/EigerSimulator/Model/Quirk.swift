// Part of daqd
// SPDX-License-Identifier: MIT

/// An oddity of real control units that a client must cope with.
///
/// Source: recorded replies of an EIGER 500K with API 1.6.0 and of EIGER2 units; issues of their drivers.
public enum Quirk: String, Sendable, CaseIterable {
    /// Switches and floats without limits carry meaningless ones: ±2³¹, ±3.4e38; whole numbers have limits with a fraction.
    case dummyLimits = "dummy_limits"
    /// `roi_mode` has a string where its list of choices belongs.
    case stringChoices = "string_allowed_values"
    /// The first `photon_energy` after initialize is answered with null.
    case nullAfterInitialize = "null_after_initialize"
    /// `threshold/difference/mode` is answered with the name `difference_mode`, which does not exist.
    case differenceMode = "difference_mode"
    /// `filewriter/status/files` is null, not an empty list, when there are none.
    case nullFiles = "null_files"
    /// Commands without a result answer with an empty body.
    case emptyReplies = "empty_replies"
    /// `nexpi` does not exist.
    case noNexpi = "no_nexpi"
    /// `monitor/images/monitor` shows older images in between.
    case monitorOutOfOrder = "monitor_out_of_order"

    /// What a unit of a generation has unless told otherwise.
    static func usual(_ firmware: APIVersion) -> Set<Quirk> {
        firmware == .v16 ? [.dummyLimits, .stringChoices] : [.differenceMode]
    }
}
