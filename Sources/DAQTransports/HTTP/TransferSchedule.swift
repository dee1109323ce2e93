// Part of daqd
// SPDX-License-Identifier: MIT

/// Which requests wait for a place in their pool, and how many of each pool run.
struct TransferSchedule {
    private let limits: [String: Int]
    private var waiting: [CurlTransfer] = []
    private var runningCounts: [String: Int] = [:]

    init(limits: [String: Int]) {
        self.limits = limits
    }

    mutating func add(_ transfer: CurlTransfer) {
        waiting.append(transfer)
    }

    /// Takes the first waiting request whose pool has a place; counts it as running.
    mutating func next() -> CurlTransfer? {
        guard let index = waiting.firstIndex(where: hasPlace) else { return nil }
        let transfer = waiting.remove(at: index)
        runningCounts[transfer.request.pool, default: 0] += 1
        return transfer
    }

    private func hasPlace(_ transfer: CurlTransfer) -> Bool {
        // A pool that nobody declared has the default's limit, so that a misspelt name cannot stop the device.
        let limit = limits[transfer.request.pool] ?? limits["default"] ?? 4
        return runningCounts[transfer.request.pool, default: 0] < limit
    }

    mutating func ended(_ transfer: CurlTransfer) {
        runningCounts[transfer.request.pool, default: 0] -= 1
    }

    mutating func remove(_ id: UInt64) -> CurlTransfer? {
        guard let index = waiting.firstIndex(where: { $0.id == id }) else { return nil }
        return waiting.remove(at: index)
    }

    mutating func removeOverdue(at now: ContinuousClock.Instant) -> [CurlTransfer] {
        func isOverdue(_ transfer: CurlTransfer) -> Bool { transfer.deadline.map { $0 <= now } ?? false }
        let overdue = waiting.filter(isOverdue)
        if !overdue.isEmpty { waiting.removeAll(where: isOverdue) }
        return overdue
    }

    mutating func removeAll() -> [CurlTransfer] {
        defer { waiting = [] }
        return waiting
    }

    /// When the first of the waiting requests runs out of time.
    var nextDeadline: ContinuousClock.Instant? {
        waiting.compactMap(\.deadline).min()
    }
}
