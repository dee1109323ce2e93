// Part of daqd
// SPDX-License-Identifier: MIT
internal import Synchronization

/// Who hears of the writes by clients: autosave and the log.
///
/// Most writes concern neither, so each parameter remembers that nobody wanted to hear of it, until somebody changes his mind.
final class WriteObservers: Sendable {
    typealias Handler = @Sendable (AnyParameter, DataValue, Origin) -> Void

    private struct Observer {
        let wants: @Sendable (AnyParameter) -> Bool
        let hear: Handler
    }

    private let observers = Mutex<[Observer]>([])
    /// Never 0; rises when an answer of `wants` may have changed.
    private let generation = Atomic<UInt32>(1)

    /// Adds an observer for good.
    /// - Parameter wants: Whether it wants to hear of a parameter's writes; asked again after ``reconsider()``.
    func add(wants: @escaping @Sendable (AnyParameter) -> Bool = { _ in true }, _ hear: @escaping Handler) {
        observers.withLock { $0.append(Observer(wants: wants, hear: hear)) }
        reconsider()
    }

    /// The answers of observers may be others from now on.
    func reconsider() { if generation.add(1, ordering: .acquiringAndReleasing).newValue == 0 { reconsider() } }

    /// Whether nobody wants to hear of a parameter that has this memory.
    @inline(__always)
    func isSilent(_ memory: UInt32) -> Bool { memory == generation.load(ordering: .acquiring) }

    func tell(_ parameter: AnyParameter, _ value: DataValue, _ origin: Origin) {
        let asked = generation.load(ordering: .acquiring)
        let info = parameter.info
        var isHeard = false
        for observer in observers.withLock({ $0 }) where observer.wants(parameter) {
            isHeard = true
            observer.hear(parameter, value, origin)
        }
        if !isHeard { parameter.rememberSilence(asked, of: info) }
    }
}
