// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// What writes of fields change: the kernel's description of the parameter, so that every frontend follows; until the restart.
enum FieldWrites {
    typealias Write = @Sendable (Record, DataValue, Origin) -> PutRefusal?

    static let description: Write = { record, value, _ in
        guard record.member.entry.description == nil, let text = value.string else { return fixed }
        record.member.source.updateMetadata { $0.description = text }
        return nil
    }

    static let precision: Write = { record, value, _ in
        guard record.member.entry.precision == nil else { return fixed }
        guard let digits = value.integer, (0...17).contains(digits) else {
            return PutRefusal("a precision is 0 to 17 digits")
        }
        record.member.source.updateMetadata { $0.precision = Int(digits) }
        return nil
    }

    /// One end of the range for displays.
    static func display(upper: Bool) -> Write {
        { record, value, _ in
            guard let (source, number) = own(record, value) else { return fixed }
            let present = source.metadata.displayLimits ?? source.metadata.limits ?? 0...0
            let (low, high) = upper ? (present.lowerBound, number) : (number, present.upperBound)
            guard low <= high else {
                // The other end follows with the next write: it was never set.
                guard present == 0...0 else { return PutRefusal("the lower limit would be above the upper one") }
                source.updateMetadata { $0.displayLimits = min(number, 0)...max(number, 0) }
                return nil
            }
            source.updateMetadata { $0.displayLimits = low...high }
            return nil
        }
    }

    /// A limit that raises an alarm; `nan` takes it away.
    static func alarm(_ set: @escaping @Sendable (inout AlarmLimits, Double?) -> Void) -> Write {
        { record, value, _ in
            guard let (source, number) = own(record, value) else { return fixed }
            source.updateMetadata { metadata in
                var limits = metadata.alarmLimits ?? AlarmLimits()
                set(&limits, number.isNaN ? nil : number)
                metadata.alarmLimits = limits
            }
            return nil
        }
    }

    /// How bad it is to reach a limit, whether it is there already or comes with the next write.
    static func severity(_ set: @escaping @Sendable (inout AlarmLimits, AlarmSeverity) -> Void) -> Write {
        { record, value, _ in
            guard let (source, _) = own(record, value) else { return fixed }
            guard let index = value.integer, let severity = UInt8(exactly: index).flatMap(AlarmSeverity.init(rawValue:))
            else { return PutRefusal("a severity is one of \(AlarmCodes.severities.joined(separator: ", "))") }
            source.updateMetadata { metadata in
                var limits = metadata.alarmLimits ?? AlarmLimits()
                set(&limits, severity)
                metadata.alarmLimits = limits
            }
            return nil
        }
    }

    static func deadBand(_ set: @escaping @Sendable (inout DeadBands, Double) -> Void) -> Write {
        { record, value, _ in
            guard let (source, number) = own(record, value) else { return fixed }
            guard number >= 0 else { return PutRefusal("a dead band is not negative") }
            source.updateMetadata { metadata in
                var bands = metadata.deadBands ?? DeadBands()
                set(&bands, number)
                metadata.deadBands = bands
            }
            return nil
        }
    }

    /// `PROC`: a command runs again, a value that clients set is written again, one that the device drives stays.
    static let process: Write = { record, _, origin in
        let isCommand = record.member.command != nil
        guard isCommand || record.member.metadata.access != .read else { return nil }
        let value = isCommand ? DataValue.bool(true) : record.member.sample.value
        record.member.put(value, origin: origin) { _ in }
        return nil
    }

    private static let fixed = PutRefusal("this field is fixed by the name set")

    /// The number and the parameter whose unit it has; `nil` where a name set shows another unit or limit.
    private static func own(_ record: Record, _ value: DataValue) -> (AnyParameter, Double)? {
        guard record.member.entry.scale == 1, record.member.entry.type == nil, let number = value.double else {
            return nil
        }
        return (record.member.source, number)
    }
}
