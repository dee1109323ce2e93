// Part of daqd
// SPDX-License-Identifier: MIT

/// Acquisitions as a table for a terminal: what `daqd runs` prints.
public enum AcquisitionTable {
    /// The table with its heading, one line for each acquisition, times in UTC; a sentence if there is none.
    public static func text(_ records: [AcquisitionRecord]) -> String {
        if records.isEmpty { return "no acquisitions\n" }
        let heading = ["ID", "DEVICE", "NAME", "STATE", "FRAMES", "BEGAN (UTC)", "TOOK", "FILES", "RESULT"]
        let rows = [heading] + records.map(row)
        let widths = heading.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                line += cell
                if column + 1 < row.count { line += String(repeating: " ", count: widths[column] - cell.count + 2) }
            }
            return line + "\n"
        }.joined()
    }

    private static func row(_ record: AcquisitionRecord) -> [String] {
        [
            record.id, record.device, plain(record.name), record.state.rawValue, frames(record.frames),
            time(record.began), duration(record), String(record.artifacts.count), plain(record.result ?? ""),
        ]
    }

    private static func frames(_ count: FrameCount) -> String {
        guard let received = count.received else { return "not counted" }
        return count.expected.map { "\(received)/\($0)" } ?? String(received)
    }

    /// As `2026-11-21 02:20:58`.
    private static func time(_ time: Timestamp) -> String {
        String(time.description.prefix(19)).split(separator: "T").joined(separator: " ")
    }

    private static func duration(_ record: AcquisitionRecord) -> String {
        guard let ended = record.ended else { return "" }
        let milliseconds = max(0, (ended.nanoseconds &- record.began.nanoseconds) / 1_000_000)
        if milliseconds < 60_000 { return "\(milliseconds / 1000).\(milliseconds % 1000 / 100) s" }
        let minutes = milliseconds / 60_000
        return minutes < 60 ? "\(minutes) min \(milliseconds / 1000 % 60) s" : "\(minutes / 60) h \(minutes % 60) min"
    }

    /// One line without control characters, so that no name can play with the terminal.
    private static func plain(_ text: String) -> String {
        let scalars = text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }
        return String(String.UnicodeScalarView(scalars))
    }
}
