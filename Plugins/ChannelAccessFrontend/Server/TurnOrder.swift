// Part of daqd
// SPDX-License-Identifier: MIT

/// What waits in one turn of a loop, in the order of the circuits' priorities.
///
/// Nothing waits here while all circuits have the same priority, as they have as a rule: then all is done as it comes.
struct TurnOrder<Work> {
    private struct Waiting {
        var priority: UInt16
        var place: Int
        var work: Work
    }

    private var circuits: [UInt16: Int] = [:]
    private var waiting: [Waiting] = []

    /// Whether there are circuits of different priorities.
    private(set) var isNeeded = false

    /// Whether nothing waits.
    var isEmpty: Bool { waiting.isEmpty }

    // MARK: - Circuits

    mutating func add(_ priority: UInt16) {
        circuits[priority, default: 0] += 1
        isNeeded = circuits.count > 1
    }

    mutating func remove(_ priority: UInt16) {
        guard let count = circuits[priority] else { return }
        circuits[priority] = count > 1 ? count - 1 : nil
        isNeeded = circuits.count > 1
    }

    // MARK: - A turn

    mutating func put(_ work: Work, _ priority: UInt16) {
        waiting.append(Waiting(priority: priority, place: waiting.count, work: work))
    }

    /// Takes everything: the highest priority first, the rest as it came.
    mutating func take() -> [Work] {
        waiting.sort { ($1.priority, $0.place) < ($0.priority, $1.place) }
        defer { waiting.removeAll(keepingCapacity: true) }
        return waiting.map(\.work)
    }
}
