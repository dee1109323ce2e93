// Part of daqd
// SPDX-License-Identifier: MIT
internal import Synchronization

/// What a parameter knows of its device: the name, the connection alarm, and whom to tell.
final class ParameterOwner: Sendable {
    let device: String
    private let active = Atomic<Bool>(false)
    private let alarm = Mutex(Alarm.none)
    /// Who hears of writes by clients.
    let writes: WriteObservers
    private let onMetadata: @Sendable (AnyParameter, Bool) -> Void
    private let onFirstWord: @Sendable () -> Void
    private let awaiting = Atomic<Bool>(true)
    private let ended = Atomic<Bool>(false)

    init(
        device: String, writes: WriteObservers, onMetadata: @escaping @Sendable (AnyParameter, Bool) -> Void,
        onFirstWord: @escaping @Sendable () -> Void
    ) {
        self.device = device
        self.writes = writes
        self.onMetadata = onMetadata
        self.onFirstWord = onFirstWord
    }

    /// Whether the device's connection alarm lies over every parameter.
    var hasOverlay: Bool { active.load(ordering: .acquiring) }

    /// The alarm over every parameter; an overlay, so that soft parameters lose it on recovery.
    var overlay: Alarm {
        get { alarm.withLock { $0 } }
        set {
            alarm.withLock { $0 = newValue }
            active.store(newValue.isActive, ordering: .releasing)
        }
    }

    /// Whether the device is stopped, so that nothing can be written to its hardware.
    var hasEnded: Bool { ended.load(ordering: .acquiring) }

    /// The device is stopped.
    func end() { ended.store(true, ordering: .releasing) }

    /// Whether the next value that the device publishes proves that its hardware answers.
    var awaitsFirstWord: Bool {
        get { awaiting.load(ordering: .relaxed) }
        set { awaiting.store(newValue, ordering: .relaxed) }
    }

    /// A value came from the device.
    func heard() {
        if awaiting.exchange(false, ordering: .acquiringAndReleasing) { onFirstWord() }
    }

    func metadataDidChange(_ parameter: AnyParameter, typeChanged: Bool) { onMetadata(parameter, typeChanged) }
}
