// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

extension Circuit {
    /// READ_NOTIFY, and READ, which differs by the channel's number in the place of the status.
    @inline(__always)
    func read(_ header: CAHeader, into out: WireBuffer) {
        guard let place = channels.place(header.first), let channel = channels[place] else {
            return badChannel(header, into: out)
        }
        let type = DBRType(rawValue: header.type)
        guard type.isKnown else {
            return refuse(header, channel: channel.client, .badType, "there is no type \(header.type)", into: out)
        }
        tally.reads += 1
        let isNotify = header.command == CACommand.readNotify.rawValue
        let start = out.beginMessage()
        let encoding =
            channel.rights.contains(.read)
            ? encode(channel.variable, nil, type, header.count, into: out) : Encoding(failure: .noReadAccess)
        if encoding.status.isSuccess {
            if fitsClient(start, encoding, header, into: out) {
                out.endMessage(
                    start, isNotify ? .readNotify : .read, type: header.type, count: encoding.count,
                    first: isNotify ? encoding.status.rawValue : channel.client, second: header.second)
            }
        } else {
            readFailed(start, encoding.status, header, channel, into: out)
        }
    }

    /// Appends a value's payload; a scalar DOUBLE takes the quick way, for the rest the variable is asked.
    @inline(__always)
    func encode(
        _ variable: ProcessVariable, _ given: Sample?, _ type: DBRType, _ count: Int, into out: WireBuffer
    ) -> Encoding {
        let sample = given ?? variable.sample()
        if variable.isDirect, count <= 1, variable.nativeType == .double, case .float(let number) = sample.value,
            type == DBRType(.plain, .double) || (type == DBRType(.time, .double) && !sample.alarm.isActive)
        {
            append(number, sample.timestamp, as: type, into: out)
            return Encoding(count: 1)
        }
        return encodeAny(variable, sample, type, count, into: out)
    }

    private func encodeAny(
        _ variable: ProcessVariable, _ sample: Sample, _ type: DBRType, _ count: Int, into out: WireBuffer
    ) -> Encoding {
        guard type.size(count: count) <= maximumPayload else { return Encoding(failure: .tooLarge) }
        guard type != .putAcknowledgeTransient, type != .putAcknowledgeSeverity else {
            return Encoding(failure: .getFailed)
        }
        return variable.encode(sample, as: type, count: count, limit: maximumPayload, into: out)
    }

    /// Clients before 4.9 know no extended header.
    /// - Returns: Whether the message may be sent; otherwise it was replaced by an ERROR.
    @inline(__always)
    func fitsClient(_ start: WireBuffer.Mark, _ encoding: Encoding, _ header: CAHeader, into out: WireBuffer) -> Bool {
        guard let minor, minor < CAVersion.largeArrays else { return true }
        let size = out.count(since: start) + 8
        guard size >= Int(CAHeader.extended) || encoding.count >= Int(CAHeader.extended) else { return true }
        out.truncate(to: start)
        refuse(
            header, channel: nil, .clientTooOldForArrays, "arrays of 64 kB and more need a client of CA 4.9", into: out)
        return false
    }

    /// Answers with the status, and zeros of the size that was asked for.
    private func readFailed(
        _ start: WireBuffer.Mark, _ status: ECAStatus, _ header: CAHeader, _ channel: Channel, into out: WireBuffer
    ) {
        out.truncate(to: start)
        guard header.command == CACommand.readNotify.rawValue else {
            return refuse(header, channel: channel.client, status, channel.variable.name, into: out)
        }
        appendFailure(.readNotify, status, header.type, header.count, second: header.second, into: out)
    }

    /// Appends a reply or an update whose value could not be had.
    func appendFailure(
        _ command: CACommand, _ status: ECAStatus, _ type: UInt16, _ count: Int, second: UInt32, into out: WireBuffer
    ) {
        let start = out.beginMessage()
        let size = DBRType(rawValue: type).size(count: count)
        let isLegacy = minor.map { $0 < CAVersion.largeArrays } ?? true
        let fits = status != .tooLarge && size <= maximumPayload && (!isLegacy || size < 65_000)
        if fits { out.appendZeros(size) }
        out.endMessage(
            start, command, type: type, count: fits ? count : 0, first: status.rawValue, second: second)
    }
}
