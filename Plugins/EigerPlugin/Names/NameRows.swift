// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

extension NameSource {
    /// A key of the detector's configuration.
    static func config(_ key: String) -> Self { .parameter("detector/config/" + key) }
    /// A value of the detector's status.
    static func status(_ key: String) -> Self { .parameter("detector/status/" + key) }
    /// A key of the filewriter's configuration.
    static func filewriter(_ key: String) -> Self { .parameter("filewriter/config/" + key) }
    /// A key of the stream's configuration.
    static func stream(_ key: String) -> Self { .parameter("stream/config/" + key) }
    /// A parameter for the series that `configure` and `acquire` send.
    static func series(_ name: String) -> Self { .parameter("series/" + name) }
    /// A parameter for series with the detector's own settings.
    static func direct(_ name: String) -> Self { .parameter("direct/" + name) }
}

/// What the lines of a table have beside their name and source; each line is a value, so that a table reads as one.
struct NameShape {
    var type: FrontendType?
    var unit: String?
    var precision: Int?
    var labels: [String: String] = [:]
    var scale = 1.0
    var limits: ClosedRange<Double>?
    var initial: DataValue?
    var disconnected: DataValue?

    func apply(_ entry: inout NameEntry, _ access: Access?) {
        entry.type = type
        entry.unit = unit
        entry.precision = precision
        entry.labels = labels
        entry.scale = scale
        entry.limits = limits
        entry.access = access
        entry.initial = initial ?? type?.placeholder
        entry.disconnected = disconnected
    }
}

extension FrontendType {
    /// What a name of this type shows before there is a value.
    fileprivate var placeholder: DataValue {
        switch self {
        case .short, .long: .integer(0)
        case .double: .float(0)
        case .enumeration(let labels): .string(labels.first ?? "")
        case .characters, .string: .string("")
        @unknown default: .null
        }
    }
}

/// One line of areaDetector's table: a record, or a record and its readback.
///
/// Its own rule everywhere: a number outside the limits is clamped, and the readback tells.
struct RecordRow {
    let entries: [NameEntry]

    /// `X`, which clients write, and `X_RBV`, which shows what the detector made of it.
    static func both(
        _ name: String, _ source: NameSource, _ type: FrontendType, unit: String? = nil, precision: Int? = nil,
        labels: [String: String] = [:], initial: JSON? = nil
    ) -> Self {
        let shape = NameShape(
            type: type, unit: unit, precision: precision, labels: labels,
            initial: initial.map { DataValue($0) })
        return RecordRow(entries: [entry(name, source, shape, nil), entry(name + "_RBV", source, shape, .read)])
    }

    /// A name as it stands, only to be read; of the source's own type where none is given.
    static func read(
        _ name: String, _ source: NameSource, _ type: FrontendType?, unit: String? = nil, precision: Int? = nil,
        scale: Double = 1, labels: [String: String] = [:], initial: JSON? = nil
    ) -> Self {
        let shape = NameShape(
            type: type, unit: unit, precision: precision, labels: labels, scale: scale,
            initial: initial.map { DataValue($0) })
        return RecordRow(entries: [entry(name, source, shape, .read)])
    }

    /// A name as it stands that clients write.
    static func write(_ name: String, _ source: NameSource, _ type: FrontendType, unit: String? = nil) -> Self {
        RecordRow(entries: [entry(name, source, NameShape(type: type, unit: unit), nil)])
    }

    /// A command: a write of 1 calls it, and the put-callback comes when it has ended; a number where it has no labels.
    static func command(_ name: String, _ path: String, _ labels: [String]?, off: String? = nil) -> Self {
        RecordRow(entries: [
            NameEntry(name, .command(path)) { entry in
                entry.type = labels.map { .enumeration($0) } ?? .double
                entry.completion = .operation
                entry.dwellSeconds = 1
                entry.off = off
            }
        ])
    }

    /// A record that clients expect, may write and read back, and that does nothing here.
    static func inert(_ name: String, _ type: FrontendType, _ value: JSON) -> Self {
        RecordRow(entries: [stored(name, type, DataValue(value)), echo(name, type, DataValue(value))])
    }

    /// A record that clients may write and that does nothing here, without a readback.
    static func inertOnly(_ name: String, _ type: FrontendType, _ value: JSON) -> Self {
        RecordRow(entries: [stored(name, type, DataValue(value))])
    }

    /// A setting that has one value here: every write ends at it.
    static func fixed(_ name: String, _ value: Double) -> Self {
        let number = DataValue.integer(Int64(value))
        var setting = stored(name, .long, number)
        setting.limits = value...value
        return RecordRow(entries: [setting, echo(name, .long, number)])
    }

    /// A value that never changes.
    static func constant(_ name: String, _ type: FrontendType, _ value: JSON) -> Self {
        RecordRow(entries: [entry(name, .constant(DataValue(value)), NameShape(type: type), .read)])
    }

    private static func entry(_ name: String, _ source: NameSource, _ shape: NameShape, _ access: Access?) -> NameEntry
    {
        NameEntry(name, source) { entry in
            shape.apply(&entry, access)
            entry.outOfRange = .clamp
        }
    }

    private static func stored(_ name: String, _ type: FrontendType, _ value: DataValue) -> NameEntry {
        entry(name, .stored(value), NameShape(type: type, initial: value), nil)
    }

    private static func echo(_ name: String, _ type: FrontendType, _ value: DataValue) -> NameEntry {
        entry(name + "_RBV", .name(name), NameShape(type: type, initial: value), .read)
    }
}
