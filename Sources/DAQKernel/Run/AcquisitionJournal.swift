// Part of daqd
// SPDX-License-Identifier: MIT
internal import Synchronization

/// The one way by which acquisitions change: run log first, then memory, then observers, in one order for all.
final class AcquisitionJournal: Sendable {
    typealias Observer = @Sendable (AcquisitionEvent) -> Void

    let log: RunLog
    private let live = Mutex<[String: Acquisition]>([:])
    private let observers = Mutex<(next: Int, list: [(Int, Observer)])>((0, []))

    init(log: RunLog) { self.log = log }

    /// The acquisitions that have not ended.
    var acquisitions: [Acquisition] { live.withLock { Array($0.values) }.sorted { $0.id < $1.id } }

    func acquisition(_ id: String) -> Acquisition? { live.withLock { $0[id] } }

    func add(_ acquisition: Acquisition) { live.withLock { $0[acquisition.id] = acquisition } }

    func remove(_ id: String) { live.withLock { $0[id] = nil } }

    /// Calls the closure for every event until the observation ends.
    func observe(_ observer: @escaping Observer) -> AcquisitionObservation {
        let key = observers.withLock { observers in
            observers.next += 1
            observers.list.append((observers.next, observer))
            return observers.next
        }
        return AcquisitionObservation { [weak self] in
            self?.observers.withLock { $0.list.removeAll { $0.0 == key } }
        }
    }

    func publish(_ event: AcquisitionEvent) {
        for (_, observer) in observers.withLock({ $0.list }) { observer(event) }
    }

    /// What is to be told, made from the record as it then is.
    typealias Announcement = @Sendable (AcquisitionRecord) -> AcquisitionEvent

    /// Changes a record inside a transaction, and says what is to be told afterwards.
    typealias Edit = @Sendable (inout AcquisitionRecord, SQLiteConnection) throws -> [Announcement]

    private typealias Change = (AcquisitionRecord, [Announcement])

    /// Changes one acquisition, whether it has ended or not: the record as it then is.
    ///
    /// The edit sees the newest record and runs inside the transaction; when it throws, nothing has changed.
    @discardableResult
    func change(_ id: String, durable: Bool = true, _ edit: @escaping Edit) async throws -> AcquisitionRecord {
        try await log.write(durable: durable) { connection in
            guard var record = try self.acquisition(id)?.record ?? connection.acquisition(id) else {
                throw RunLogError(.illegal, "acquisition \(id) is not in the run log")
            }
            let events = try edit(&record, connection)
            try connection.update(record)
            return (record, events)
        } then: { (change: Change) in
            self.acquisition(id)?.store(change.0)
            for event in change.1 { self.publish(event(change.0)) }
            return change.0
        }
    }

    /// Puts a new acquisition into the run log, then calls the closure, then tells the observers.
    func begin(
        _ record: AcquisitionRecord, configuration: JSON?,
        then make: @escaping @Sendable (AcquisitionRecord) -> Acquisition
    ) async throws -> Acquisition {
        try await log.write { connection in
            var record = record
            if let configuration { record.configuration = try connection.save(configuration: configuration) }
            try connection.insert(record)
            return record
        } then: { record in
            let acquisition = make(record)
            self.add(acquisition)
            self.publish(.began(record))
            return acquisition
        }
    }

    /// Tells observers how far the frames are, and saves it without waiting for the disk.
    func progress(_ acquisition: Acquisition, save: Bool) {
        log.writeSoon { connection in
            let record = acquisition.record
            guard record.state.isActive else { return }
            if save { try? connection.update(record) }
            self.publish(.frames(record))
        }
    }
}
