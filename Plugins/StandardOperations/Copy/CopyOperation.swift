// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// Copies an acquisition's files to another place, complete and compared or not at all.
struct CopyOperation: PostOperation {
    static let factory = PostOperationFactory(
        "copy",
        summary: "Copies the files under a temporary name, syncs, renames without replacing, compares checksums",
        settings: [
            .path(
                "destination", "Folder of the copies; {device}, {name}, {id}, {date}, {year} and others are filled in"),
            .list(
                "roles", "Which files: master, data, thumbnail, other and roles of the site's own", of: .string,
                default: ["master", "data", "other"]),
            .bool("read_back", "Reads each copy again after it was synced and compares its sum", default: true),
            .bool("create", "Makes the destination's folders where they are missing", default: true),
        ]
    ) { settings, _ in try CopyOperation(settings) }

    private let destination: DestinationTemplate
    private let roles: [String]
    private let readBack: Bool
    private let create: Bool
    private let bench = Workbench("daqd-copy")

    init(_ settings: Settings) throws {
        do {
            destination = try DestinationTemplate(settings["destination"])
        } catch let error as TemplateError {
            throw settings.error(error.description, at: "destination")
        }
        roles = try settings["roles"]
        readBack = try settings["read_back"]
        create = try settings["create"]
    }

    func run(_ job: PostOperationJob, _ context: PostOperationContext) async throws -> PostOperationResult {
        let acquisition = job.acquisition
        let chosen = acquisition.artifacts.filter { roles.contains($0.role.name) }
        let folder = try self.folder(of: acquisition)
        var copies: [Artifact] = []
        var moved: Int64 = 0
        for artifact in chosen {
            try Task.checkCancellation()
            let copy = FileCopy(
                source: artifact.path, target: folder + "/" + artifact.name, tag: "\(acquisition.id).\(job.name)",
                size: artifact.size, sha256: artifact.sha256, readsBack: readBack, bench: bench)
            let result = try await self.run(copy)
            moved += result.moved
            let made = Artifact(
                path: copy.target, role: .copy, size: result.size, sha256: result.sha256, verified: true)
            copies.append(made)
            context.logger.info(
                "File copied",
                [
                    "acquisition": .string(acquisition.id), "to": .string(made.path),
                    "bytes": .integer(result.size), "was_there": .bool(result.wasThere),
                ])
        }
        let bytes = copies.reduce(0) { $0 + ($1.size ?? 0) }
        let files = "\(copies.count) file\(copies.count == 1 ? "" : "s")"
        return PostOperationResult(
            "\(files), \(bytes) bytes in \(folder), compared" + (moved == 0 && bytes > 0 ? "; all were there" : ""),
            artifacts: copies)
    }

    /// The destination of one acquisition, made if it is missing.
    private func folder(of acquisition: AcquisitionRecord) throws -> String {
        let folder: String
        do {
            folder = try destination.fill(DestinationTemplate.values(of: acquisition))
        } catch {
            throw PostOperationError(.permanent, "the destination \(error)")
        }
        if create { try SafePath.makeFolders(folder) }
        return folder
    }

    private func run(_ copy: FileCopy) async throws -> FileCopy.Result {
        do {
            return try await copy.run()
        } catch let error as FileError where error.code == .nameTaken {
            throw PostOperationError(.permanent, error.message)
        } catch let error as FileError where error.code == .mismatch {
            throw PostOperationError(.dataWrong, "\(copy.source) is not what the run log says: \(error.message)")
        }
    }
}
