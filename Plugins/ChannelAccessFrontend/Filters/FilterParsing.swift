// Part of daqd
// SPDX-License-Identifier: MIT

/// Makes the filters of a channel from what stands behind its name.
struct FilterParsing {
    /// The flag of a name that `sync` may ask for; `nil` for an unknown one.
    var flag: (String) -> (@Sendable () -> Bool)?

    /// The filters of a JSON text, in the order written.
    /// - Throws: `JSON5Error` for anything that is not a known filter with the parameters it takes.
    func filters(_ text: ArraySlice<UInt8>) throws(JSON5Error) -> [ChannelFilter] {
        guard case .object(let members) = try JSON5Parser.parse(text) else {
            throw JSON5Error("is not an object", at: 0)
        }
        var filters: [ChannelFilter] = []
        for member in members {
            guard case .object(let parameters) = member.value, let filter = filter(member.name, parameters) else {
                throw JSON5Error("“\(member.name)” is unknown or has wrong parameters", at: 0)
            }
            filters.append(filter)
        }
        return filters
    }

    private func filter(_ name: String, _ parameters: [JSON5.Member]) -> ChannelFilter? {
        var left = Parameters(parameters)
        let made: ChannelFilter? =
            switch name {
            case "dbnd": Self.deadBand(&left)
            case "arr": Self.subarray(&left)
            case "ts": Self.stamp(&left)
            case "dec": Self.decimation(&left)
            case "sync": synchronization(&left)
            default: nil
            }
        return left.isEmpty ? made : nil
    }

    private static func deadBand(_ parameters: inout Parameters) -> ChannelFilter? {
        let absolute = parameters.number("abs")
        let relative = parameters.number("rel")
        let long = parameters.number("d")
        let mode = parameters.text("m")
        switch (absolute, relative, long) {
        case (let band?, nil, nil) where mode == nil: return .deadBand(band, isRelative: false)
        case (nil, let band?, nil) where mode == nil: return .deadBand(band, isRelative: true)
        case (nil, nil, let band?):
            guard mode == nil || mode == "abs" || mode == "rel" else { return nil }
            return .deadBand(band, isRelative: mode == "rel")
        default: return nil
        }
    }

    private static func subarray(_ parameters: inout Parameters) -> ChannelFilter? {
        guard let start = parameters.integer("s", or: 0), let increment = parameters.integer("i", or: 1),
            let end = parameters.integer("e", or: -1)
        else { return nil }
        return Subarray(start: start, increment: increment, end: end).map { .subarray($0) }
    }

    private static func stamp(_ parameters: inout Parameters) -> ChannelFilter? {
        if parameters.isEmpty { return .sendingTime }
        let (number, text, epoch) = (parameters.text("num"), parameters.text("str"), parameters.text("epoch"))
        guard epoch == nil || epoch == "epics" || epoch == "unix" else { return nil }
        let unix = epoch == "unix"
        switch (number, text) {
        case ("dbl"?, nil): return .stamp(.seconds(sinceUnix: unix))
        case ("sec"?, nil): return .stamp(.wholeSeconds(sinceUnix: unix))
        case ("nsec"?, nil): return .stamp(.nanoseconds)
        case ("ts"?, nil): return .stamp(.pair(sinceUnix: unix))
        case (nil, "epics"?) where epoch == nil: return .stamp(.text)
        case (nil, "iso"?) where epoch == nil: return .stamp(.isoText)
        default: return nil
        }
    }

    private static func decimation(_ parameters: inout Parameters) -> ChannelFilter? {
        guard let number = parameters.integer("n", or: 0), number >= 1 else { return nil }
        return .decimation(number)
    }

    private func synchronization(_ parameters: inout Parameters) -> ChannelFilter? {
        if let mode = parameters.text("m").flatMap(ChannelFilter.SyncMode.init), let state = parameters.text("s") {
            return flag(state).map { .synchronization(mode, $0) }
        }
        guard let short = parameters.onlyName, let mode = ChannelFilter.SyncMode(rawValue: short),
            let state = parameters.text(short)
        else { return nil }
        return flag(state).map { .synchronization(mode, $0) }
    }

    /// The parameters of one filter that nobody has asked for yet.
    private struct Parameters {
        private var members: [JSON5.Member]

        init(_ members: [JSON5.Member]) { self.members = members }

        var isEmpty: Bool { members.isEmpty }

        /// The name of the only parameter.
        var onlyName: String? { members.count == 1 ? members[0].name : nil }

        private mutating func take(_ name: String) -> JSON5? {
            guard let index = members.firstIndex(where: { $0.name == name }) else { return nil }
            return members.remove(at: index).value
        }

        /// A number that is there; a wrong kind stays and is refused with what is left.
        mutating func number(_ name: String) -> Double? {
            guard case .number(let value)? = members.first(where: { $0.name == name })?.value, value >= 0 else {
                return nil
            }
            _ = take(name)
            return value
        }

        /// A whole number, or the value where the parameter is missing; `nil` for anything else.
        mutating func integer(_ name: String, or missing: Int) -> Int? {
            guard let value = take(name) else { return missing }
            guard case .number(let number) = value, let whole = Int32(exactly: number) else { return nil }
            return Int(whole)
        }

        mutating func text(_ name: String) -> String? {
            guard case .string(let text)? = members.first(where: { $0.name == name })?.value else { return nil }
            _ = take(name)
            return text
        }
    }
}
