// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Synchronization

/// The OpenAPI document, made anew after a change of the tree.
final class DocumentCache: Sendable {
    private let state = Mutex<(bytes: [UInt8]?, generation: Int)>((nil, 0))

    /// The document; `make` is called where none is remembered.
    func bytes(_ make: () -> [UInt8]) -> [UInt8] {
        let (known, generation) = state.withLock { ($0.bytes, $0.generation) }
        if let known { return known }
        let made = make()
        state.withLock { state in
            if state.generation == generation { state.bytes = made }
        }
        return made
    }

    /// The tree changed.
    func forget(_ event: TreeEvent) {
        if case .deviceState = event { return }
        state.withLock { state in
            state.bytes = nil
            state.generation += 1
        }
    }
}
