// Part of daqd
// SPDX-License-Identifier: MIT

/// Metadata as a parameter keeps it: by reference, so that an idle parameter stays small.
final class ParameterInfo: Sendable {
    let metadata: ParameterMetadata
    /// Nothing to evaluate at a publish.
    let isPlain: Bool
    let isBulky: Bool
    /// The least and the greatest number that may be stored as it is; nothing lies between them where none may.
    private let plainNumbers: (least: Double, greatest: Double)

    init(_ metadata: ParameterMetadata) {
        self.metadata = metadata
        isPlain = metadata.alarmLimits == nil
        isBulky = metadata.type.isBulky
        let takesNumbers =
            metadata.type == .number(.float64) && metadata.access != .read && metadata.choices.isEmpty
        let finite = -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude
        let range = metadata.limits?.clamped(to: finite) ?? finite
        plainNumbers = takesNumbers ? (range.lowerBound, range.upperBound) : (.infinity, -.infinity)
    }

    /// Whether a number may be stored as it is; never one that is not finite.
    @inline(__always)
    func takesPlain(_ number: Double) -> Bool { number >= plainNumbers.least && number <= plainNumbers.greatest }
}

extension ParameterMetadata {
    /// A value as this parameter takes it, or why not.
    func check(_ value: DataValue, outOfRange: OutOfRange) throws(DeviceError) -> DataValue {
        let converted = try type.convert(value)
        if !choices.isEmpty, type != .any { return try label(converted) }
        guard let limits, case .number = type, let number = converted.double else { return converted }
        if limits.contains(number) { return converted }
        guard outOfRange == .clamp, !number.isNaN else {
            throw DeviceError(
                .outOfRange,
                "it accepts \(limits.lowerBound.shortText) to \(limits.upperBound.shortText)\(unit.isEmpty ? "" : " \(unit)")"
            )
        }
        return try type.convert(.float(min(max(number, limits.lowerBound), limits.upperBound)))
    }

    private func label(_ value: DataValue) throws(DeviceError) -> DataValue {
        switch value {
        case .string(let label) where choices.contains(label): return value
        case .integer(let index) where choices.indices.contains(Int(index)):
            return type == .enumeration ? .string(choices[Int(index)]) : value
        case .string, .integer: break
        default: return value
        }
        throw DeviceError(.unknownChoice, "it accepts \(choices.joined(separator: ", "))")
    }
}

extension AlarmLimits {
    /// The alarm of a number: that of the first limit which it reaches and which counts, the outer ones first.
    /// - Parameter reached: The limit of the last alarm, which ends only `hysteresis` inside of it.
    func judge(_ number: Double, reached: AlarmStatus, unit: String) -> Alarm {
        func alarm(_ reason: AlarmStatus, _ limit: Double?, _ sign: Double, _ beyond: String) -> Alarm? {
            let severity = severity(reason)
            guard let limit, severity != .none else { return nil }
            let slack = reached == reason ? hysteresis : 0
            guard sign * number >= sign * limit - slack else { return nil }
            let suffix = unit.isEmpty ? "" : " \(unit)"
            let word = sign * number > sign * limit ? beyond : number == limit ? "at" : "still near"
            return Alarm(severity, reason, "\(number.shortText)\(suffix) is \(word) \(limit.shortText)\(suffix)")
        }
        if number.isNaN { return Alarm(.invalid, .undefined, "not a number") }
        return alarm(.highMajor, highMajor, 1, "above") ?? alarm(.lowMajor, lowMajor, -1, "below")
            ?? alarm(.high, high, 1, "above") ?? alarm(.low, low, -1, "below") ?? .none
    }
}

extension Double {
    /// Without a needless `.0`.
    var shortText: String {
        if self == rounded(), abs(self) < 1e15 { String(Int64(self)) } else { description }
    }
}

extension DataValue {
    /// At most 60 characters, for messages.
    var shortText: String {
        let text = if case .float(let number) = self { number.shortText } else { json.text }
        return text.count > 60 ? text.prefix(57) + "…" : text
    }
}
