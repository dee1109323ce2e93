// Part of daqd
// SPDX-License-Identifier: MIT

/// What `daqd plugins` prints.
public enum PluginTable {
    /// A table of all plugins, then the warnings and refusals in full; ends with a newline.
    public static func text(_ records: [PluginRecord]) -> String {
        guard !records.isEmpty else { return "No plugins: the section `plugins` is empty.\n" }
        let rows = [["PLUGIN", "VERSION", "ABI", "REGISTERS", "FILE"]] + records.map(row)
        let widths = (0..<4).map { column in rows.map { $0[column].count }.max() ?? 0 }
        var text = ""
        for row in rows {
            for (cell, width) in zip(row, widths) {
                text += cell + String(repeating: " ", count: width - cell.count + 2)
            }
            text += row[4] + "\n"
        }
        for record in records {
            for warning in record.warnings { text += "\ndaqd: plugin warning  DAQD-\(warning.code)  \(warning.text)\n" }
        }
        for record in records {
            if let refusal = record.refusal { text += "\n\(refusal.text)\n" }
        }
        return text
    }

    private static func row(_ record: PluginRecord) -> [String] {
        [
            record.id ?? record.entry.file, record.version ?? "-", record.kernelABI ?? "-",
            record.refusal.map { "refused: \($0.code.name) \($0.title)" } ?? registrations(record),
            record.file.isEmpty ? "-" : record.file,
        ]
    }

    private static func registrations(_ record: PluginRecord) -> String {
        record.registered.isEmpty
            ? "-" : record.registered.map { "\($0.kind.rawValue) \($0.type)" }.joined(separator: ", ")
    }
}
