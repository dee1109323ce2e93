// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// What a write of a field does.
struct FieldWrite: Sendable {
    /// Whether the record's name set leaves the field to clients.
    let isOpen: @Sendable (Record) -> Bool
    /// What is done; `nil` for `PROC`, which does again what a write of the value does.
    let change: (@Sendable (Record, DataValue) -> PutRefusal?)?

    var isProcess: Bool { change == nil }
}

/// What writes of fields change: the kernel's description of the parameter, so that every frontend follows; until the restart.
enum FieldWrites {
    /// `PROC`: a command runs again, a value that clients set is written again, one that the device drives stays.
    ///
    /// Not for a command that wants a number or a text: nobody knows which one again.
    static let process = FieldWrite(
        isOpen: { record in
            guard let arguments = record.member.command?.arguments, arguments.count == 1 else { return true }
            return arguments[0].isKeywordOnly || arguments[0].type == .bool
        }, change: nil)

    static let description = FieldWrite(isOpen: { $0.member.entry.description == nil }) { record, value in
        guard let text = value.string else { return PutRefusal("a text is needed") }
        record.member.source.updateMetadata { $0.description = text }
        return nil
    }

    static let precision = FieldWrite(isOpen: { $0.member.entry.precision == nil }) { record, value in
        guard let digits = value.integer, (0...17).contains(digits) else {
            return PutRefusal("a precision is 0 to 17 digits")
        }
        record.member.source.updateMetadata { $0.precision = Int(digits) }
        return nil
    }

    /// One end of the range for displays.
    static func display(upper: Bool) -> FieldWrite {
        FieldWrite(isOpen: hasOwnNumbers) { record, value in
            guard let number = value.double else { return noNumber }
            let source = record.member.source
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
    static func alarm(_ set: @escaping @Sendable (inout AlarmLimits, Double?) -> Void) -> FieldWrite {
        FieldWrite(isOpen: hasOwnNumbers) { record, value in
            guard let number = value.double else { return noNumber }
            record.member.source.updateMetadata { metadata in
                var limits = metadata.alarmLimits ?? AlarmLimits()
                set(&limits, number.isNaN ? nil : number)
                metadata.alarmLimits = limits
            }
            return nil
        }
    }

    /// How bad it is to reach a limit, whether it is there already or comes with the next write.
    static func severity(_ set: @escaping @Sendable (inout AlarmLimits, AlarmSeverity) -> Void) -> FieldWrite {
        FieldWrite(isOpen: hasOwnNumbers) { record, value in
            guard let index = value.integer, let severity = UInt8(exactly: index).flatMap(AlarmSeverity.init(rawValue:))
            else { return PutRefusal("a severity is one of \(AlarmCodes.severities.joined(separator: ", "))") }
            record.member.source.updateMetadata { metadata in
                var limits = metadata.alarmLimits ?? AlarmLimits()
                set(&limits, severity)
                metadata.alarmLimits = limits
            }
            return nil
        }
    }

    /// How far a value must move to be told; 0 tells every change, a negative one also what did not change.
    static func deadBand(_ set: @escaping @Sendable (inout DeadBands, Double) -> Void) -> FieldWrite {
        FieldWrite(isOpen: hasOwnNumbers) { record, value in
            guard let number = value.double else { return noNumber }
            guard !number.isNaN else { return PutRefusal("a dead band is a number") }
            record.member.source.updateMetadata { metadata in
                var bands = metadata.deadBands ?? DeadBands()
                set(&bands, number)
                metadata.deadBands = bands
            }
            return nil
        }
    }

    private static let noNumber = PutRefusal("a number is needed")

    /// Whether a number of the name is the parameter's own, so that a limit of one is a limit of the other.
    private static let hasOwnNumbers: @Sendable (Record) -> Bool = { record in
        let entry = record.member.entry
        guard entry.scale == 1 else { return false }
        switch entry.type {
        case nil: return true
        case .short, .long, .double:
            if case .number = record.member.source.metadata.type { return true }
            return false
        default: return false
        }
    }
}
