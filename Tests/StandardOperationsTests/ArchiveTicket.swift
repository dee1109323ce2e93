// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// Leaves a ticket for the archive's own mover: one line per file, in a folder that the mover watches.
struct ArchiveTicket: PostOperation {
    static let factory = PostOperationFactory(
        "archive_ticket", summary: "Leaves a ticket for the archive's mover",
        settings: [.path("inbox", "Folder that the mover watches")]
    ) { settings, _ in ArchiveTicket(inbox: try settings["inbox"]) }

    let inbox: String

    func run(_ job: PostOperationJob, _ context: PostOperationContext) async throws -> PostOperationResult {
        guard job.outcome == .done else { return PostOperationResult("no ticket: the acquisition is \(job.outcome)") }
        let lines = job.acquisition.artifacts.map { "\($0.sha256?.hex ?? "-")  \($0.path)\n" }
        let file = try DurableFile(path: "\(inbox)/\(job.acquisition.id).txt", tag: job.name, resume: false)
        try file.write(Array(lines.joined().utf8))
        let ticket = try await file.commitInBackground()
        return PostOperationResult("ticket \(ticket.path)", artifacts: [Artifact(ticket, role: .log)])
    }
}
