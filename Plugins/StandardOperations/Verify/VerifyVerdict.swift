// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// What `verify` says about an acquisition, from what was asked for, what was received and what the files hold.
///
/// Pure, so that every combination can be tested.
struct VerifyVerdict: Equatable {
    /// Frames that must be there; nil where nobody knows.
    var wanted: Int64?
    /// Everything that is wrong; empty when the acquisition is whole.
    var problems: [String] = []
    /// One sentence for the log and the run record.
    var summary = ""

    /// Judges.
    /// - Parameters:
    ///   - wasStopped: A user ended the acquisition; then what was received is all that can be there.
    ///   - series: What the HDF5 files hold; nil when frames are not to be counted.
    init(frames: FrameCount, wasStopped: Bool, files: [FileCheck], series: FrameSeries?) {
        wanted = wasStopped ? frames.received : frames.expected ?? frames.received
        problems = files.compactMap(\.problem) + (series?.damaged ?? [])
        if files.isEmpty, wanted ?? 1 > 0 { problems.append("the acquisition has no files to verify") }
        let count = Self.counted(series, files: files)
        if let series, let found = count.found {
            if let wanted, found != wanted { problems.append(Self.difference(wanted, found, series)) }
            summary = Self.agreement(wanted, found, series)
        } else {
            summary = count.reason
        }
        let sums = files.count { $0.compared && $0.problem == nil }
        let rest = files.count - sums
        summary += "; \(files.count) file\(files.count == 1 ? "" : "s")"
        summary +=
            rest == 0
            ? ", all sums right" : sums == 0 ? ", size checked, no sums known" : ", \(sums) with the right sum"
        if !problems.isEmpty { summary = problems.joined(separator: "; ") }
    }

    private static func counted(_ series: FrameSeries?, files: [FileCheck]) -> (found: Int64?, reason: String) {
        guard let series else { return (nil, "frames not counted") }
        if !series.newer.isEmpty {
            let names = series.newer.map { SafePath.name(of: $0) }.joined(separator: ", ")
            return (
                nil, "frames not counted: \(names) in a format newer than HDF5 1.10, so only size and signature count"
            )
        }
        if !series.damaged.isEmpty { return (nil, "frames not counted") }
        if !files.contains(where: \.isHDF5) { return (nil, "frames not counted: no HDF5 file among them") }
        return (Int64(series.frames), "")
    }

    private static func agreement(_ wanted: Int64?, _ found: Int64, _ series: FrameSeries) -> String {
        let place = "in \(series.parts.count) dataset\(series.parts.count == 1 ? "" : "s")"
        guard let wanted else { return "found \(found) frames \(place), nothing known to compare with" }
        return "expected \(wanted), found \(found) \(place)"
    }

    private static func difference(_ wanted: Int64, _ found: Int64, _ series: FrameSeries) -> String {
        var text = "expected \(wanted) frames, found \(found)"
        let unwritten = series.parts.filter { $0.frames < $0.announced }
        if let part = unwritten.first {
            text += "; \(SafePath.name(of: part.file)) announces \(part.announced) and holds \(part.frames)"
        }
        if !series.absent.isEmpty {
            let names = series.absent.prefix(4).map { SafePath.name(of: $0) }.joined(separator: ", ")
            text +=
                "; linked but absent: \(names)\(series.absent.count > 4 ? " and \(series.absent.count - 4) more" : "")"
        }
        return text
    }
}
