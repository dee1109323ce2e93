// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import DAQStorage

/// Draws one frame of an acquisition as PNG.
struct ThumbnailOperation: PostOperation {
    /// Which frame is drawn.
    enum Choice: String, CaseIterable, SettingConvertible {
        case first
        case middle
        case last
    }

    static let factory = PostOperationFactory(
        "thumbnail", summary: "Draws a frame of the HDF5 files as PNG, masked pixels left out",
        settings: [
            .choice("frame", "Which frame", of: Choice.self, default: .first),
            .integer("size", "The longer side is binned to at most this", unit: "pixel", default: 512, in: 16...4096),
            .choice("scale", "How counts become grey", of: FramePicture.Scale.self, default: .log),
            .choice(
                "binning", "What stands for the pixels of a bin: max keeps single spots", of: FramePicture.Binning.self,
                default: .max),
            .number("low", "Percentile of the bins that is drawn darkest", unit: "%", default: 1, in: 0...100),
            .number("high", "Percentile of the bins that is drawn brightest", unit: "%", default: 99.9, in: 0...100),
            .bool("inverted", "Dark spots on white", default: false),
            Setting.path("destination", "Folder of the pictures, with the places of copy; beside the data by default")
                .optional,
        ]
    ) { settings, _ in try ThumbnailOperation(settings) }

    private let choice: Choice
    private let picture: FramePicture
    private let destination: DestinationTemplate?
    private let bench = Workbench("daqd-picture")

    init(_ settings: Settings) throws {
        choice = try settings["frame"]
        picture = FramePicture(
            largestSide: try settings["size"], scale: try settings["scale"], binning: try settings["binning"],
            lowPercentile: try settings["low"], highPercentile: try settings["high"],
            inverted: try settings["inverted"])
        guard picture.lowPercentile < picture.highPercentile else {
            throw settings.error("is not below high", at: "low")
        }
        let folder: String? = try settings["destination"]
        do {
            destination = try folder.map { (text) throws(TemplateError) in try DestinationTemplate(text) }
        } catch {
            throw settings.error(error.description, at: "destination")
        }
    }

    func run(_ job: PostOperationJob, _ context: PostOperationContext) async throws -> PostOperationResult {
        let acquisition = job.acquisition
        let sources = acquisition.artifacts.filter { $0.role == .master || $0.role == .data || $0.role == .other }
        let series = try await SeriesSurvey.survey(
            sources.map(\.path).filter { (try? FileCheck.hasSignature($0)) ?? false })
        guard let place = series.locate(chosen(of: series.frames)) else {
            return try noFrame(series, job)
        }
        let source: FrameWithMask
        let image: PNGImage
        do {
            source = try await FrameWithMask.load(place.part, index: place.index, master: series.master)
            image = try await bench.run { [picture] in
                try picture.draw(source.stored.expanded(), mask: source.expandedMask(), saturation: source.saturation)
            }
        } catch let error as StorageError {
            throw PostOperationError(.permanent, "frame \(place.index) of \(place.part.file) cannot be drawn: \(error)")
        } catch let error as PictureError {
            throw PostOperationError(.permanent, "frame \(place.index) of \(place.part.file) cannot be drawn: \(error)")
        }
        let target = try path(of: acquisition, beside: series.master ?? place.part.file)
        let artifact = try await write(image, to: target, job)
        context.logger.info(
            "Thumbnail drawn", ["acquisition": .string(acquisition.id), "file": .string(artifact.path)])
        return PostOperationResult(
            "frame \(chosen(of: series.frames)) of \(series.frames) as \(image.width) x \(image.height) pixels in \(target)",
            artifacts: [artifact])
    }

    private func chosen(of frames: Int) -> Int {
        switch choice {
        case .first: 0
        case .middle: frames / 2
        case .last: frames - 1
        }
    }

    /// An acquisition that was stopped may have no frame; that is no failure of the picture.
    private func noFrame(_ series: FrameSeries, _ job: PostOperationJob) throws -> PostOperationResult {
        let reason: String
        if let damaged = series.damaged.first {
            reason = damaged
        } else if let newer = series.newer.first {
            reason = "\(newer) is in a format newer than HDF5 1.10"
        } else {
            reason = "the files hold no frame"
        }
        guard job.outcome != .done else { throw PostOperationError(.permanent, "nothing to draw: \(reason)") }
        return PostOperationResult("nothing to draw: \(reason)")
    }

    private func path(of acquisition: AcquisitionRecord, beside file: String) throws -> String {
        var stem = SafePath.name(of: file)
        for ending in [".h5", ".hdf5", ".nxs", "_master"] where stem.hasSuffix(ending) && stem.count > ending.count {
            stem.removeLast(ending.count)
        }
        guard let destination else { return "\(SafePath.parent(of: file))/\(stem)_thumbnail.png" }
        let folder: String
        do {
            folder = try destination.fill(DestinationTemplate.values(of: acquisition))
        } catch {
            throw PostOperationError(.permanent, "the destination \(error)")
        }
        try SafePath.makeFolders(folder)
        return "\(folder)/\(stem)_thumbnail.png"
    }

    /// Writes the picture; one of the same content from an earlier attempt counts as written.
    private func write(_ image: PNGImage, to target: String, _ job: PostOperationJob) async throws -> Artifact {
        let bytes = try image.encoded()
        let file = try DurableFile(path: target, tag: "\(job.acquisition.id).\(job.name)", resume: false)
        // A picture is drawn anew at the next attempt; nothing of this one is worth keeping.
        defer { file.discard() }
        let commit: DurableFile.Commit
        do {
            try await bench.run { try file.write(bytes) }
            commit = try await file.commitInBackground()
        } catch let error as FileError where error.code == .nameTaken {
            throw PostOperationError(.permanent, error.message)
        }
        return Artifact(commit, role: .thumbnail)
    }
}
