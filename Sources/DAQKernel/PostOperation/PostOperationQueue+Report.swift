// Part of daqd
// SPDX-License-Identifier: MIT

extension PostOperationQueue {
    /// One line in the operation's own log about where it stands now.
    func report(_ job: PostOperationRecord) {
        let logger = logger.child(job.name)
        let id = JSON.string(job.acquisition)
        let attempts = JSON.integer(Int64(job.attempts))
        let error = JSON.string(job.lastError ?? "")
        switch job.state {
        case .succeeded:
            logger.notice("Post-operation succeeded", ["acquisition": id, "note": .string(job.note ?? "")])
        case .retrying:
            let next = JSON.string(job.nextTime?.description ?? "")
            logger.warning(
                "Post-operation failed and is repeated",
                ["acquisition": id, "attempt": attempts, "next": next, "error": error])
        case .failed: logger.error("Post-operation failed", ["acquisition": id, "attempts": attempts, "error": error])
        case .waiting: logger.notice("Post-operation put back into the queue", ["acquisition": id])
        case .blocked:
            logger.warning(
                "Post-operation cannot run now and waits until it can", ["acquisition": id, "reason": error])
        case .running, .skipped: break
        }
    }
}
