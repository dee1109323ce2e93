// Part of daqd
// SPDX-License-Identifier: MIT

/// Where one acquisition stands.
///
/// Pure: no clock, no lock, no log; ``AcquisitionVerdict`` decides which end an acquisition deserves.
public enum AcquisitionState: String, Sendable, Hashable, CaseIterable {
    /// Nothing has begun; a device without an acquisition is here.
    case idle
    /// Begun: the device is being configured.
    case preparing
    /// The device waits for a trigger.
    case armed
    /// Frames are being taken.
    case acquiring
    /// No more frames will come; files are collected and waiting post-operations run.
    case finishing
    /// Ended with everything that was asked for.
    case done
    /// Ended by a user before everything was there; what is complete was kept.
    case aborted
    /// Ended in every other way, one missing frame included.
    case failed

    /// What happens to an acquisition.
    public enum Event: String, Sendable, Hashable, CaseIterable {
        /// A device begins.
        case prepare
        /// The device is ready for a trigger.
        case arm
        /// The first trigger was given or the first frame came.
        case start
        /// No more frames will come, whatever the reason.
        case finish
        /// The verdict is: everything is there.
        case succeed
        /// The verdict is: stopped by a user.
        case abort
        /// The verdict is: failed.
        case fail
        /// A post-operation that ran behind proved that data is missing or wrong.
        case refute
    }

    /// Where an event leads; `nil` means that it is illegal here.
    public func after(_ event: Event) -> AcquisitionState? {
        switch (self, event) {  // no `default`: a new state or event will not compile unnoticed
        case (.idle, .prepare): .preparing
        case (.preparing, .arm): .armed
        case (.armed, .start): .acquiring
        case (.preparing, .finish), (.armed, .finish), (.acquiring, .finish): .finishing
        case (.finishing, .succeed): .done
        case (.finishing, .abort): .aborted
        case (.finishing, .fail): .failed
        case (.done, .refute): .failed
        case (.idle, .arm), (.idle, .start), (.idle, .finish), (.idle, .succeed), (.idle, .abort), (.idle, .fail),
            (.idle, .refute):
            nil
        case (.preparing, .prepare), (.preparing, .start), (.preparing, .succeed), (.preparing, .abort),
            (.preparing, .fail), (.preparing, .refute):
            nil
        case (.armed, .prepare), (.armed, .arm), (.armed, .succeed), (.armed, .abort), (.armed, .fail),
            (.armed, .refute):
            nil
        case (.acquiring, .prepare), (.acquiring, .arm), (.acquiring, .start), (.acquiring, .succeed),
            (.acquiring, .abort), (.acquiring, .fail), (.acquiring, .refute):
            nil
        case (.finishing, .prepare), (.finishing, .arm), (.finishing, .start), (.finishing, .finish),
            (.finishing, .refute):
            nil
        case (.done, .prepare), (.done, .arm), (.done, .start), (.done, .finish), (.done, .succeed), (.done, .abort),
            (.done, .fail):
            nil
        case (.aborted, .prepare), (.aborted, .arm), (.aborted, .start), (.aborted, .finish), (.aborted, .succeed),
            (.aborted, .abort), (.aborted, .fail), (.aborted, .refute):
            nil
        case (.failed, .prepare), (.failed, .arm), (.failed, .start), (.failed, .finish), (.failed, .succeed),
            (.failed, .abort), (.failed, .fail), (.failed, .refute):
            nil
        }
    }

    /// Whether the acquisition has ended.
    public var isFinal: Bool {
        switch self {
        case .done, .aborted, .failed: true
        case .idle, .preparing, .armed, .acquiring, .finishing: false
        }
    }

    /// Whether a device is busy with it: begun and not ended.
    public var isActive: Bool {
        switch self {
        case .preparing, .armed, .acquiring, .finishing: true
        case .idle, .done, .aborted, .failed: false
        }
    }
}
