// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// The fields of every record, and which of them a record has.
///
/// Source: the menus and the common fields of EPICS base, as display tools, alarm handlers and archivers ask for them.
enum FieldTable {
    /// The field of a name; `nil` where the record has none.
    static func field(_ name: String, of shape: NativeShape, isOutput: Bool) -> Field? {
        if let field = common[name] { return field }
        if shape.count > 1 { return arrays[name] }
        if shape.type == .enum { return state(name, shape) }
        if name == "OUT" { return isOutput ? link : nil }
        if name == "INP" { return isOutput ? nil : link }
        guard shape.type != .string else { return nil }
        if name == "DRVH" || name == "DRVL", !isOutput { return nil }
        return numbers[name]
    }

    // MARK: - Common

    private static let common: [String: Field] = [
        "NAME": Field(.string, longCount: 61) { record, _ in .string(record.name) },
        "DESC": Field(.string, .metadata, level: .operator, write: FieldWrites.description) { record, _ in
            .string(record.member.metadata.description)
        },
        "RTYP": Field(.string) { record, _ in .string(record.shape.recordType) },
        "DTYP": Field(.enum, labels: ["daqd"]) { _, _ in .integer(0) },
        "ASG": Field(.string, longCount: 29) { record, _ in
            // As an IOC shows it: the default group has no name.
            let group = record.services.group(record.name)
            return .string(group == AccessFile.defaultGroup ? "" : group)
        },
        "SCAN": Field(.enum, labels: scans) { record, _ in .integer(record.member.metadata.access == .read ? 2 : 0) },
        "STAT": Field(.enum, .alarm, labels: AlarmCodes.statuses) { _, sample in
            .integer(Int64(AlarmCodes.status(sample.alarm)))
        },
        "SEVR": Field(.enum, .alarm, labels: AlarmCodes.severities) { _, sample in
            .integer(Int64(AlarmCodes.severity(sample.alarm)))
        },
        "AMSG": Field(.string, .alarm) { _, sample in .string(sample.alarm.message) },
        "ACKS": Field(.enum, .alarm, labels: AlarmCodes.severities) { record, _ in
            .integer(Int64(record.acknowledgement.values(following: record.member.source).severity))
        },
        "ACKT": Field(.enum, .alarm, labels: ["NO", "YES"]) { record, _ in
            .integer(Int64(record.acknowledgement.values(following: record.member.source).transient))
        },
        "UDF": Field(.char, .alarm) { _, sample in .integer(sample.timestamp == .never ? 1 : 0) },
        "TPRO": Field(.char) { _, _ in .integer(0) },
        "DISP": Field(.char) { _, _ in .integer(0) },
        "PACT": Field(.char, .value) { record, sample in
            .integer(record.member.command != nil && sample.value == .bool(true) ? 1 : 0)
        },
        "PROC": Field(.char, level: .operator, write: FieldWrites.process) { _, _ in .integer(0) },
        "DISA": Field(.short) { _, _ in .integer(0) },
        "FLNK": link,
    ]

    private static let link = Field(.string, longCount: 1024) { _, _ in .string("") }

    /// The menu `SCAN`; values that the device drives are “I/O Intr”, those that clients set are “Passive”.
    private static let scans = [
        "Passive", "Event", "I/O Intr", "10 second", "5 second", "2 second", "1 second", ".5 second", ".2 second",
        ".1 second",
    ]

    // MARK: - Numbers

    private static let numbers: [String: Field] = [
        "EGU": Field(.string, .metadata, longCount: 16) { record, _ in .string(record.block.unit) },
        "PREC": Field(.short, .metadata, write: FieldWrites.precision) { record, _ in
            .integer(Int64(max(0, record.block.precision)))
        },
        "HOPR": limit(FieldWrites.display(upper: true)) { $0.upperDisplay },
        "LOPR": limit(FieldWrites.display(upper: false)) { $0.lowerDisplay },
        "DRVH": limit { $0.upperControl },
        "DRVL": limit { $0.lowerControl },
        "HIHI": alarmLimit(FieldWrites.alarm { $0.highMajor = $1 }) { $0.highMajor },
        "HIGH": alarmLimit(FieldWrites.alarm { $0.high = $1 }) { $0.high },
        "LOW": alarmLimit(FieldWrites.alarm { $0.low = $1 }) { $0.low },
        "LOLO": alarmLimit(FieldWrites.alarm { $0.lowMajor = $1 }) { $0.lowMajor },
        "HHSV": severity(of: .highMajor, FieldWrites.severity { $0.highMajorSeverity = $1 }),
        "HSV": severity(of: .high, FieldWrites.severity { $0.highSeverity = $1 }),
        "LSV": severity(of: .low, FieldWrites.severity { $0.lowSeverity = $1 }),
        "LLSV": severity(of: .lowMajor, FieldWrites.severity { $0.lowMajorSeverity = $1 }),
        "HYST": Field(.double, .metadata, hasUnit: true) { record, _ in
            .float(record.member.metadata.alarmLimits?.hysteresis ?? 0)
        },
        "MDEL": Field(.double, .metadata, hasUnit: true, write: FieldWrites.deadBand { $0.monitor = $1 }) { record, _ in
            .float(record.member.metadata.deadBands?.monitor ?? 0)
        },
        "ADEL": Field(.double, .metadata, hasUnit: true, write: FieldWrites.deadBand { $0.archive = $1 }) { record, _ in
            .float(record.member.metadata.deadBands?.archive ?? 0)
        },
    ]

    private static func limit(
        _ write: FieldWrite? = nil,
        _ limit: @escaping @Sendable (MetadataBlock.Limits) -> Double
    ) -> Field {
        Field(.double, .metadata, hasUnit: true, write: write) { record, _ in .float(limit(record.block.limits)) }
    }

    /// The limit itself, also where its severity lets it count for nothing.
    private static func alarmLimit(
        _ write: FieldWrite, _ limit: @escaping @Sendable (AlarmLimits) -> Double?
    ) -> Field {
        Field(.double, .metadata, hasUnit: true, write: write) { record, _ in
            .float(record.member.metadata.alarmLimits.flatMap(limit) ?? .nan)
        }
    }

    private static func severity(of limit: AlarmStatus, _ write: FieldWrite) -> Field {
        Field(.enum, .metadata, labels: AlarmCodes.severities, write: write) { record, _ in
            .integer(Int64(record.member.metadata.alarmLimits?.severity(limit).rawValue ?? 0))
        }
    }

    // MARK: - Arrays

    private static let arrays: [String: Field] = [
        "NELM": Field(.double) { record, _ in .integer(Int64(record.shape.count)) },
        "NORD": Field(.double, .value) { record, sample in .integer(Int64(length(record, sample.value))) },
        "FTVL": Field(.enum, labels: elementTypes) { record, _ in .integer(elementType(record)) },
        "EGU": numbers["EGU"], "PREC": numbers["PREC"], "HOPR": numbers["HOPR"], "LOPR": numbers["LOPR"], "INP": link,
    ].compactMapValues { $0 }

    private static func length(_ record: Record, _ value: DataValue) -> Int {
        let shape = record.shape
        guard shape.isLongString, case .string(let text) = value else { return value.length }
        return min(text.utf8.count + 1, shape.count)
    }

    /// The menu `FTVL`.
    private static let elementTypes = [
        "STRING", "CHAR", "UCHAR", "SHORT", "USHORT", "LONG", "ULONG", "INT64", "UINT64", "FLOAT", "DOUBLE", "ENUM",
    ]

    private static func elementType(_ record: Record) -> Int64 {
        guard case .array(let element, _) = record.member.metadata.type else {
            return record.shape.type == .string ? 0 : 1
        }
        return switch element {
        case .int8: 1
        case .bool, .uint8: 2
        case .int16: 3
        case .uint16: 4
        case .int32: 5
        case .uint32: 6
        case .int64: 7
        case .uint64: 8
        case .float32: 9
        case .float64: 10
        @unknown default: 10
        }
    }

    // MARK: - States

    private static let stateTexts = [
        "ZRST", "ONST", "TWST", "THST", "FRST", "FVST", "SXST", "SVST", "EIST", "NIST", "TEST", "ELST", "TVST", "TTST",
        "FTST", "FFST",
    ]

    private static let stateNumbers = [
        "ZRVL", "ONVL", "TWVL", "THVL", "FRVL", "FVVL", "SXVL", "SVVL", "EIVL", "NIVL", "TEVL", "ELVL", "TVVL", "TTVL",
        "FTVL", "FFVL",
    ]

    private static func state(_ name: String, _ shape: NativeShape) -> Field? {
        if name == "OUT" || name == "INP" { return link }
        if shape.labels.count == 2 {
            return switch name {
            case "ZNAM": text(of: 0)
            case "ONAM": text(of: 1)
            default: nil
            }
        }
        if let index = stateTexts.firstIndex(of: name) { return text(of: index) }
        return stateNumbers.firstIndex(of: name).map { index in
            Field(.double) { record, _ in .integer(index < record.shape.labels.count ? Int64(index) : 0) }
        }
    }

    private static func text(of index: Int) -> Field {
        Field(.string, .metadata, longCount: 26) { record, _ in
            let labels = record.shape.labels
            return .string(labels.indices.contains(index) ? labels[index] : "")
        }
    }
}
