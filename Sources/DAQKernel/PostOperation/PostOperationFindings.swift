// Part of daqd
// SPDX-License-Identifier: MIT

/// What a post-operation found out that the acquisition's record must say.
struct PostOperationFindings: Sendable {
    private let name: String
    private var artifacts: [Artifact] = []
    private var refutation: String?

    init(_ outcome: PostOperationOutcome, of job: PostOperationRecord) {
        name = job.name
        switch outcome {
        case .succeeded(let result): artifacts = result.artifacts
        case .failed(let error):
            artifacts = error.artifacts
            if error.kind == .dataWrong { refutation = "\(job.name): \(error.message)" }
        case .timedOut, .ranAway, .putBack, .crashed: break
        }
    }

    /// Adds files and marks to the record; a refutation makes it failed, before or after its end.
    func apply(
        to record: inout AcquisitionRecord, _ connection: SQLiteConnection, at time: Timestamp
    ) throws -> [AcquisitionJournal.Announcement] {
        var events: [AcquisitionJournal.Announcement] = []
        var changed: [Artifact] = []
        for var artifact in artifacts {
            if let index = record.artifacts.firstIndex(where: { $0.path == artifact.path }) {
                if artifact.maker == nil { artifact.maker = record.artifacts[index].maker }
                record.artifacts[index] = artifact
            } else {
                if artifact.maker == nil { artifact.maker = name }
                record.artifacts.append(artifact)
            }
            try connection.save(artifact, of: record.id)
            changed.append(artifact)
        }
        let made = changed
        if !made.isEmpty { events.append { .artifacts($0, made) } }
        guard let refutation else { return events }
        record.result = record.result.map { "\(refutation); \($0)" } ?? refutation
        record.verdict = .failed
        if record.state == .done {
            try record.advance(.refute, at: time)
            events.append { .state($0) }
        } else {
            events.append { .changed($0) }
        }
        return events
    }
}
