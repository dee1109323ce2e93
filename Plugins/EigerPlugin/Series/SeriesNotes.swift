// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// What must be in the run log before anything can be lost: enough to collect the files after a crash.
struct SeriesNotes: Sendable, Equatable {
    /// How far the series was.
    enum Phase: String, Sendable {
        /// The arm command is about to be sent: the series may exist, its number is not known.
        case arming
        /// It is armed or running.
        case running
        /// No more images come: what the detector holds is final.
        case collecting
    }

    var phase: Phase
    /// With `$id` for the number.
    var pattern: String
    var number: Int64?
    /// Images of the whole series.
    var images: Int64
    var imagesPerFile: Int
    /// Where the files go; absolute.
    var folder: String
    /// Whether this daemon sends the triggers, so that none comes after its end.
    var hasSoftwareTriggers: Bool
    /// The detector's files before the series; none of them is ours.
    var before: [String]

    init(
        phase: Phase, pattern: String, images: Int64, imagesPerFile: Int, folder: String, hasSoftwareTriggers: Bool,
        before: [String]
    ) {
        self.phase = phase
        self.pattern = pattern
        self.images = images
        self.imagesPerFile = imagesPerFile
        self.folder = folder
        self.hasSoftwareTriggers = hasSoftwareTriggers
        self.before = before
    }

    /// From the run log; `nil` for anything that this version did not write.
    init?(_ json: JSON) {
        guard let phase = json["phase"]?.string.flatMap(Phase.init), let pattern = json["pattern"]?.string,
            let images = json["images"]?.integer, images >= 0,
            let perFile = json["images_per_file"]?.integer, (0...1_000_000).contains(perFile),
            let folder = json["folder"]?.string, folder.hasPrefix("/"), let before = json["before"]?.array
        else { return nil }
        self.init(
            phase: phase, pattern: pattern, images: images, imagesPerFile: Int(perFile), folder: folder,
            hasSoftwareTriggers: json["software_triggers"]?.bool ?? true, before: before.compactMap(\.string))
        number = json["number"]?.integer
    }

    var json: JSON {
        .object([
            ("phase", .string(phase.rawValue)), ("pattern", .string(pattern)), ("images", .integer(images)),
            ("number", number.map { .integer($0) } ?? .null), ("images_per_file", .integer(Int64(imagesPerFile))),
            ("folder", .string(folder)), ("software_triggers", .bool(hasSoftwareTriggers)),
            ("before", .array(before.map { .string($0) })),
        ])
    }

    /// The files of the series; `nil` as long as its number is not known.
    var files: SeriesFiles? {
        number.map { SeriesFiles(pattern: pattern, number: $0, images: images, imagesPerFile: imagesPerFile) }
    }

    /// The number of the one series whose files came since `before`; for a crash between arm and its reply.
    func number(from listed: [String]) -> Int64? {
        let halves = pattern.split(separator: "$id", maxSplits: 1, omittingEmptySubsequences: false)
        guard halves.count == 2 else { return nil }
        var numbers: Set<Int64> = []
        for name in Set(listed).subtracting(before) where name.hasPrefix(halves[0]) {
            let digits = name.dropFirst(halves[0].count).prefix { $0.isASCII && $0.isNumber }
            let rest = name.dropFirst(halves[0].count + digits.count)
            if rest.hasPrefix(halves[1] + "_"), let number = Int64(digits) { numbers.insert(number) }
        }
        return numbers.count == 1 ? numbers.first : nil
    }
}

extension Substring {
    fileprivate func hasPrefix(_ other: Substring) -> Bool { hasPrefix(String(other)) }
}
