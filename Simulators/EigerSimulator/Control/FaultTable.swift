// Part of daqd
// SPDX-License-Identifier: MIT

internal import DAQKernel
internal import Synchronization

/// The misbehaviours that are ordered at present.
final class FaultTable: Sendable {
    private struct State {
        var faults: [Fault] = []
        var nextID = 1
        /// How often a delay was forgotten.
        var healings = 0
    }
    private let state = Mutex(State())

    /// Faults that can be ordered at the same time.
    static let capacity = 1000

    /// Adds one from the body of a request.
    func add(_ body: JSON) throws(Refusal) -> Fault {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID - 1
        }
        let fault = try Fault(id: id, body)
        let fits = state.withLock { state in
            state.faults.removeAll(where: \.isSpent)
            guard state.faults.count < Self.capacity else { return false }
            if fault.kind.stage != .immediate { state.faults.append(fault) }
            return true
        }
        guard fits else { throw .forbidden("\(Self.capacity) faults are ordered already; DELETE /sim/fault first") }
        return fault
    }

    /// Those that strike now, each counted as one hit.
    func take(_ stage: FaultKind.Stage, method: String = "", path: String) -> [Fault] {
        state.withLock { state in
            var struck: [Fault] = []
            for index in state.faults.indices {
                let fault = state.faults[index]
                guard fault.kind.stage == stage, !fault.isSpent, fault.matches(method: method, path: path) else {
                    continue
                }
                if fault.skipped < fault.skip {
                    state.faults[index].skipped += 1
                } else {
                    state.faults[index].hits += 1
                    struck.append(fault)
                }
            }
            return struck
        }
    }

    /// All, spent ones too.
    var all: [Fault] { state.withLock { $0.faults } }

    /// Forgets all, or the one of that number; `false` when there is none such.
    func remove(_ id: Int?) -> Bool {
        state.withLock { state in
            let gone = state.faults.filter { id == nil || $0.id == id }
            state.faults.removeAll { id == nil || $0.id == id }
            if gone.contains(where: { $0.kind.name == "delay" }) { state.healings += 1 }
            return id == nil || !gone.isEmpty
        }
    }

    /// Holds a request up for so many seconds, or until a delay is forgotten.
    func hold(seconds: Double) async {
        let before = state.withLock { $0.healings }
        let end = ContinuousClock.now + .seconds(seconds)
        while state.withLock({ $0.healings }) == before, ContinuousClock.now < end, !Task.isCancelled {
            try? await Task.sleep(for: min(.milliseconds(20), end - .now))
        }
    }
}
