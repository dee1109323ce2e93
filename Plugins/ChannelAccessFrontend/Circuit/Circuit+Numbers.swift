// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// The quick way of what clients ask for most: one number of type DOUBLE, with or without time, that is there at once.
///
/// Each function says whether it did everything; otherwise it did nothing, and the general one judges the request.
extension Circuit {
    @inline(__always)
    func handleNumber(_ header: CAHeader, _ input: ByteView, _ payload: Int, into out: WireBuffer) -> Bool {
        switch header.command {
        case CACommand.readNotify.rawValue: readNumber(header, into: out)
        case CACommand.write.rawValue, CACommand.writeNotify.rawValue: writeNumber(header, input, payload, into: out)
        default: false
        }
    }

    @inline(__always)
    private func readNumber(_ header: CAHeader, into out: WireBuffer) -> Bool {
        let type = DBRType(rawValue: header.type)
        guard header.count <= 1, type == DBRType(.plain, .double) || type == DBRType(.time, .double),
            let number = unsafe channels.readable(header.first),
            let (value, time) = unsafe number._withUnsafeGuaranteedRef({ $0.read() })
        else { return false }
        tally.reads += 1
        writeTime.expire()
        out.appendHeader(
            .readNotify, payload: type == DBRType(.plain, .double) ? 8 : 24, type: header.type,
            first: ECAStatus.normal.rawValue, second: header.second)
        append(value, time, as: type, into: out)
        return true
    }

    /// Appends the payload of a number as DOUBLE, or as TIME_DOUBLE without an alarm.
    @inline(__always)
    func append(_ number: Double, _ time: Timestamp, as type: DBRType, into out: WireBuffer) {
        if type != DBRType(.plain, .double) {
            out.append(UInt32(0))
            out.append(EPICSTime(time).bits)
            out.append(UInt32(0))
        }
        out.append(number)
    }

    @inline(__always)
    private func writeNumber(_ header: CAHeader, _ input: ByteView, _ payload: Int, into out: WireBuffer) -> Bool {
        guard header.type == DBRType(.plain, .double).rawValue, header.count == 1,
            header.payloadSize >= NativeType.double.size, let number = unsafe channels.writable(header.first)
        else { return false }
        let value = Double(bitPattern: input.load(UInt64.self, at: payload))
        let time = writeTime.now()
        guard unsafe number._withUnsafeGuaranteedRef({ $0.write(value, at: time, origin: origin) }) else {
            return false
        }
        tally.writes += 1
        if header.command == CACommand.writeNotify.rawValue { replyToPut(header, .normal, into: out) }
        return true
    }
}

/// The time of writes that were received together and follow each other at once: the clock is read for a few of them.
struct WriteTime {
    /// Far less than a microsecond goes by for each.
    private static let writes = 16

    private var time = Timestamp.never
    private var left = 0

    /// Something else takes its time between two writes.
    @inline(__always)
    mutating func expire() { left = 0 }

    @inline(__always)
    mutating func now() -> Timestamp {
        if left == 0 {
            time = .now()
            left = Self.writes
        }
        left -= 1
        return time
    }
}
