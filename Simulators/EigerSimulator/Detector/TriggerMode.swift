// Part of daqd
// SPDX-License-Identifier: MIT

/// How a series is started.
///
/// Source: SIMPLON 1.8, `detector/config/trigger_mode`.
enum TriggerMode: String, Sendable, CaseIterable {
    case ints, inte, exts, exte, extg, eies

    /// The modes that a generation offers, in its order.
    static func offered(by firmware: APIVersion) -> [TriggerMode] {
        firmware == .v16 ? [.ints, .exts, .inte, .exte] : allCases
    }

    /// One image per trigger, so that `nimages` must be 1.
    var takesOneImagePerTrigger: Bool { self == .inte || self == .exte }

    /// Started by the `trigger` command rather than by a signal.
    var isSoftware: Bool { self == .ints || self == .inte }

    /// Whether the detector is idle again after the last image without a `disarm`.
    func disarmsItself(_ firmware: APIVersion) -> Bool { firmware == .v16 ? self == .ints : self != .extg }
}
