// Part of daqd
// SPDX-License-Identifier: MIT

/// How a name shows what stands behind it, and what a write of the name means there: no clock, no lock, no device.
struct NameConversion: Sendable {
    let entry: NameEntry

    // MARK: - Metadata

    /// The source's metadata as the name shows them.
    func metadata(_ source: ParameterMetadata) -> ParameterMetadata {
        var shown = source
        if let description = entry.description { shown.description = description }
        if let unit = entry.unit { shown.unit = unit }
        if let precision = entry.precision { shown.precision = precision }
        shown.limits = entry.limits ?? source.limits.map { scaled($0) }
        if entry.scale != 1 {
            shown.displayLimits = source.displayLimits.map { scaled($0) }
            shown.alarmLimits = nil
        }
        if let access = entry.access { shown.access = access }
        shown.choices = source.choices.map { entry.labels[$0] ?? $0 }
        guard let type = entry.type else { return shown }
        shown.type = type.valueType
        switch type {
        case .enumeration(let labels): shown.choices = labels
        case .short, .long, .double: shown.choices = []
        case .characters, .string: break
        }
        return shown
    }

    private func scaled(_ range: ClosedRange<Double>) -> ClosedRange<Double> {
        let (low, high) = (range.lowerBound * entry.scale, range.upperBound * entry.scale)
        return min(low, high)...max(low, high)
    }

    // MARK: - Reading

    /// The source's value as the name shows it; one that cannot be shown so stays as it is.
    func shown(_ value: DataValue, choices: [String]) -> DataValue {
        let value = labelled(value)
        switch entry.type {
        case nil: return entry.scale == 1 ? value : scaled(value)
        case .enumeration(let labels): return label(of: value, among: labels, choices)
        case .short, .long:
            guard let number = number(of: value, choices) else { return value }
            return .integer(Int64(exactly: (number * entry.scale).rounded()) ?? (number < 0 ? .min : .max))
        case .double:
            guard let number = number(of: value, choices) else { return value }
            return .float(number * entry.scale)
        case .characters, .string: return .string(scaled(value).plainText)
        }
    }

    private func labelled(_ value: DataValue) -> DataValue {
        guard !entry.labels.isEmpty, let label = entry.labels[value.plainText] else { return value }
        return .string(label)
    }

    private func scaled(_ value: DataValue) -> DataValue {
        switch value {
        case .integer, .unsigned, .float: entry.scale == 1 ? value : .float((value.double ?? 0) * entry.scale)
        default: value
        }
    }

    private func number(of value: DataValue, _ choices: [String]) -> Double? {
        if let number = value.double { return number }
        guard case .string(let label) = value else { return nil }
        return choices.firstIndex(of: label).map(Double.init) ?? Double(label)
    }

    private func label(of value: DataValue, among labels: [String], _ choices: [String]) -> DataValue {
        if case .string(let label) = value {
            if labels.contains(label) { return value }
            if let index = choices.firstIndex(of: label), labels.indices.contains(index) {
                return .string(labels[index])
            }
            return value
        }
        guard let index = value.double.flatMap(Int.init(exactly:)), labels.indices.contains(index) else { return value }
        return .string(labels[index])
    }

    // MARK: - Writing

    /// A written value as the source takes it; `choices` are the source's own labels.
    /// - Throws: ``DeviceError`` when it is none of the name's labels or outside its limits.
    func source(_ value: DataValue, metadata: ParameterMetadata) throws(DeviceError) -> DataValue {
        let checked = try self.metadata(metadata).check(value, outOfRange: entry.outOfRange)
        let labels = self.metadata(metadata).choices
        guard let type = entry.type else {
            return entry.scale == 1 ? original(checked, metadata) : unscaled(checked, metadata.type)
        }
        switch type {
        case .enumeration:
            guard case .string(let label) = checked else { return checked }
            if original(checked, metadata) != checked { return original(checked, metadata) }
            guard let index = labels.firstIndex(of: label) else { return checked }
            return own(index, label, metadata)
        case .short, .long, .double: return numbered(checked, metadata)
        case .characters, .string: return try parsed(checked, metadata)
        }
    }

    /// The source's label of a shown one; where several are shown alike, one that the source has at present.
    private func original(_ value: DataValue, _ metadata: ParameterMetadata) -> DataValue {
        guard case .string(let label) = value else { return value }
        let own = entry.labels.filter { $0.value == label }.map(\.key).sorted()
        guard let key = own.first(where: metadata.choices.contains) ?? own.first else { return value }
        return .string(key)
    }

    /// The place of a label as the source's type has it.
    private func own(_ index: Int, _ label: String, _ metadata: ParameterMetadata) -> DataValue {
        switch metadata.type {
        case .bool: .bool(index != 0)
        case .number: .integer(Int64(index))
        case .enumeration, .string:
            metadata.choices.contains(label) || !metadata.choices.indices.contains(index)
                ? .string(label) : .string(metadata.choices[index])
        default: .string(label)
        }
    }

    private func numbered(_ value: DataValue, _ metadata: ParameterMetadata) -> DataValue {
        let plain = unscaled(value, metadata.type)
        switch metadata.type {
        case .bool: return .bool((plain.double ?? 0) != 0)
        case .enumeration, .string:
            guard let index = plain.integer, metadata.choices.indices.contains(Int(index)) else { return plain }
            return .string(metadata.choices[Int(index)])
        default: return plain
        }
    }

    private func unscaled(_ value: DataValue, _ type: ValueType) -> DataValue {
        guard entry.scale != 1, let number = value.double else { return value }
        let plain = number / entry.scale
        if case .number(let element) = type, element.range != nil { return .float(plain.rounded()) }
        return .float(plain)
    }

    private func parsed(_ value: DataValue, _ metadata: ParameterMetadata) throws(DeviceError) -> DataValue {
        guard case .string(let text) = original(value, metadata) else { return value }
        switch metadata.type {
        case .number:
            guard let number = Double(text) else { throw DeviceError(.wrongType, "“\(text)” is not a number") }
            return unscaled(.float(number), metadata.type)
        case .bool:
            guard let truth = Self.truths[text.lowercased()] else {
                throw DeviceError(.unknownChoice, "“\(text)” is neither on nor off")
            }
            return .bool(truth)
        default: return .string(text)
        }
    }

    private static let truths = [
        "true": true, "on": true, "yes": true, "1": true, "false": false, "off": false, "no": false, "0": false,
    ]
}

extension FrontendType {
    /// The kernel's type that carries it.
    var valueType: ValueType {
        switch self {
        case .characters(let length): .string(capacity: length)
        case .enumeration: .enumeration
        case .short: .number(.int16)
        case .long: .number(.int32)
        case .double: .number(.float64)
        case .string: .string(capacity: 0)
        }
    }
}

extension DataValue {
    /// The value as one short text: what a text field shows of it.
    var plainText: String {
        switch self {
        case .string(let text): text
        case .null: ""
        case .float(let number): number.shortText
        case .strings(let texts): texts.joined(separator: ", ")
        default: json.text
        }
    }
}
