// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// Checks that an acquisition's files are what was written, and hold every frame that was asked for.
struct VerifyOperation: PostOperation {
    static let factory = PostOperationFactory(
        "verify", summary: "Counts the frames in the HDF5 files and checks sizes and SHA-256 sums",
        settings: [
            .bool("checksums", "Reads every file again and compares its SHA-256 sum with the run log's", default: true),
            .bool("count_frames", "Opens the HDF5 files and counts their frames", default: true),
            .list(
                "roles", "Which files: master, data, other and roles of the site's own", of: .string,
                default: ["master", "data", "other"]),
        ],
        waits: true
    ) { settings, _ in try VerifyOperation(settings) }

    private let checksums: Bool
    private let countFrames: Bool
    private let roles: [String]

    init(_ settings: Settings) throws {
        checksums = try settings["checksums"]
        countFrames = try settings["count_frames"]
        roles = try settings["roles"]
    }

    func run(_ job: PostOperationJob, _ context: PostOperationContext) async throws -> PostOperationResult {
        let acquisition = job.acquisition
        let chosen = acquisition.artifacts.filter { roles.contains($0.role.name) }
        var checks: [FileCheck] = []
        for artifact in chosen {
            try Task.checkCancellation()
            checks.append(try await FileCheck(artifact, checksums: checksums))
        }
        var series = FrameSeries()
        if countFrames {
            series = try await SeriesSurvey.survey(checks.filter { $0.isHDF5 && $0.problem == nil }.map(\.path))
        }
        let verdict = VerifyVerdict(
            frames: acquisition.frames, wasStopped: acquisition.stop != nil || job.outcome == .aborted, files: checks,
            series: countFrames ? series : nil)
        let judged = zip(chosen, checks).map { artifact, check in
            var artifact = artifact
            artifact.verified = check.problem == nil
            return artifact
        }
        guard verdict.problems.isEmpty else {
            throw PostOperationError(.dataWrong, verdict.summary, artifacts: judged)
        }
        return PostOperationResult(verdict.summary, artifacts: judged)
    }
}
