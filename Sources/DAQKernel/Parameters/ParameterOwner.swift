// Part of daqd
// SPDX-License-Identifier: MIT
internal import Synchronization

/// What a parameter knows of its device: the name, the connection alarm, and whom to tell.
final class ParameterOwner: Sendable {
    let device: String
    private let active = Atomic<Bool>(false)
    private let alarm = Mutex(Alarm.none)
    private let onWrite: @Sendable (AnyParameter, DataValue, Origin) -> Void
    private let onMetadata: @Sendable (AnyParameter, Bool) -> Void

    init(
        device: String, onWrite: @escaping @Sendable (AnyParameter, DataValue, Origin) -> Void,
        onMetadata: @escaping @Sendable (AnyParameter, Bool) -> Void
    ) {
        self.device = device
        self.onWrite = onWrite
        self.onMetadata = onMetadata
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

    func didWrite(_ parameter: AnyParameter, _ value: DataValue, _ origin: Origin) { onWrite(parameter, value, origin) }

    func metadataDidChange(_ parameter: AnyParameter, typeChanged: Bool) { onMetadata(parameter, typeChanged) }
}
