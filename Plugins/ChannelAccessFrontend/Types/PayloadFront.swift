// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// What travels in front of the first element: alarm, time, unit, precision, limits, labels.
///
/// Source: the structures of `db_access.h` of EPICS base; several values behind them are not aligned.
struct PayloadFront {
    let sample: Sample
    let block: MetadataBlock
    /// Acknowledgement values, for STSACK_STRING.
    var acknowledgement = (transient: UInt16(1), severity: UInt16(0))

    /// Appends exactly the bytes up to the value's offset.
    func append(_ type: DBRType, to buffer: WireBuffer) {
        switch type.class {
        case .plain: break
        case .status:
            appendAlarm(to: buffer)
            switch type.native {
            case .char: buffer.appendZeros(1)
            case .double: buffer.appendZeros(4)
            default: break
            }
        case .time:
            appendAlarm(to: buffer)
            buffer.append(EPICSTime(sample.timestamp).bits)
            switch type.native {
            case .short, .enum: buffer.appendZeros(2)
            case .char: buffer.appendZeros(3)
            case .double: buffer.appendZeros(4)
            default: break
            }
        case .graphic: appendMetadata(type.native, isControl: false, to: buffer)
        case .control: appendMetadata(type.native, isControl: true, to: buffer)
        case nil:
            guard type == .acknowledgeString else { return }
            appendAlarm(to: buffer)
            buffer.append(acknowledgement.transient)
            buffer.append(acknowledgement.severity)
        }
    }

    private func appendAlarm(to buffer: WireBuffer) {
        buffer.append(AlarmCodes.status(sample.alarm))
        buffer.append(AlarmCodes.severity(sample.alarm))
    }

    private func appendMetadata(_ native: NativeType, isControl: Bool, to buffer: WireBuffer) {
        appendAlarm(to: buffer)
        let limits = block.limits.ordered
        let sent = 0..<(isControl ? limits.count : limits.count - 2)
        switch native {
        case .string: break
        case .enum: appendLabels(to: buffer)
        case .short:
            appendUnit(to: buffer)
            for index in sent {
                buffer.append(UInt16(bitPattern: NumberConversion.saturated(limits[index], to: Int16.self)))
            }
        case .long:
            appendUnit(to: buffer)
            for index in sent {
                buffer.append(UInt32(bitPattern: NumberConversion.saturated(limits[index], to: Int32.self)))
            }
        case .char:
            appendUnit(to: buffer)
            for index in sent { buffer.append(NumberConversion.saturated(limits[index], to: UInt8.self)) }
            buffer.appendZeros(1)
        case .float:
            appendPrecision(to: buffer)
            for index in sent {
                buffer.append(limits[index].isNaN ? Float.nan : NumberConversion.narrowed(limits[index]))
            }
        case .double:
            appendPrecision(to: buffer)
            for index in sent { buffer.append(limits[index]) }
        }
    }

    private func appendUnit(to buffer: WireBuffer) { buffer.append(block.unit, width: 8) }

    private func appendPrecision(to buffer: WireBuffer) {
        buffer.append(UInt16(clamping: max(0, block.precision)))
        buffer.appendZeros(2)
        appendUnit(to: buffer)
    }

    private func appendLabels(to buffer: WireBuffer) {
        let labels = block.labels.prefix(16)
        buffer.append(UInt16(labels.count))
        for label in labels { buffer.append(label, width: 26) }
        buffer.appendZeros((16 - labels.count) * 26)
    }
}
