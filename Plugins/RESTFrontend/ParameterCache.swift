// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Synchronization

/// Parameters by the target under which clients read them, with the text that only changes with the metadata.
///
/// Holds at most one entry for each parameter: only targets in their plain form are remembered.
final class ParameterCache: Sendable {
    private struct State {
        var entries: [String: ParameterText] = [:]
        var generation = 0

        mutating func forgetAll() {
            entries = [:]
            generation += 1
        }
    }

    private let state = Mutex(State())

    /// What is remembered of a target.
    func find(_ target: String) -> ParameterText? { state.withLock { $0.entries[target] } }

    /// Makes a parameter's text and remembers it, unless the tree changed meanwhile.
    func text(of parameter: AnyParameter, device: String, target: String) -> ParameterText {
        let generation = state.withLock { $0.generation }
        let text = ParameterText(parameter, device: device)
        state.withLock { state in
            if state.generation == generation { state.entries[target] = text }
        }
        return text
    }

    /// The tree changed: what concerns it is forgotten.
    func forget(_ event: TreeEvent) {
        switch event {
        case .deviceState, .memberAdded: return
        case .deviceAdded, .deviceRemoved: state.withLock { $0.forgetAll() }
        case .memberRemoved(let device, let path), .metadataChanged(let device, let path),
            .typeChanged(let device, let path):
            let target = RESTService.path(of: path, in: "parameters", of: device)
            state.withLock { state in
                state.entries[target] = nil
                state.generation += 1
            }
        @unknown default: state.withLock { $0.forgetAll() }
        }
    }
}
