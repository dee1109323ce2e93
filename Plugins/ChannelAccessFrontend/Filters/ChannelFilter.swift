// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// One filter of a channel, as the name asks for it: `X.{"dbnd":{"abs":0.5}}`.
enum ChannelFilter: Sendable {
    /// Drops changes that are not greater than a band, in the value's unit or in percent of the last one sent.
    case deadBand(Double, isRelative: Bool)
    /// A part of an array.
    case subarray(Subarray)
    /// The time of sending instead of the value's own.
    case sendingTime
    /// The time stamp instead of the value.
    case stamp(StampForm)
    /// The first update and then every n-th.
    case decimation(Int)
    /// Updates by what a named flag says.
    case synchronization(SyncMode, @Sendable () -> Bool)

    /// How a time stamp is shown as a value.
    enum StampForm: Equatable, Sendable {
        /// Seconds with their fraction.
        case seconds(sinceUnix: Bool)
        /// Whole seconds.
        case wholeSeconds(sinceUnix: Bool)
        /// Nanoseconds within the second.
        case nanoseconds
        /// Whole seconds and nanoseconds.
        case pair(sinceUnix: Bool)
        /// `2026-11-21 02:10:00.123456`.
        case text
        /// `2026-11-21T02:10:00.123456+0000`.
        case isoText
    }

    /// Which updates pass beside a flag.
    enum SyncMode: String, Sendable {
        /// The last one before it becomes true.
        case before
        /// The first one after it became true.
        case first
        /// All while it is true.
        case `while`
        /// The last one before it becomes false.
        case last
        /// The first one after it became false.
        case after
        /// All while it is false.
        case unless
    }
}

extension ChannelFilter {
    /// The native type and count of a channel behind the filter.
    func shape(_ type: NativeType, _ count: Int) -> (type: NativeType, count: Int) {
        switch self {
        case .deadBand, .sendingTime, .decimation, .synchronization: (type, count)
        case .subarray(let part): (type, count > 1 ? max(1, part.selection(of: count).count) : count)
        case .stamp(.pair): (.double, 2)
        case .stamp(.text), .stamp(.isoText): (.string, 1)
        case .stamp: (.double, 1)
        }
    }

    /// A sample as a read and an update show it.
    func shown(_ sample: Sample) -> Sample {
        var shown = sample
        switch self {
        case .deadBand, .decimation, .synchronization: break
        case .subarray(let part): shown.value = part.applied(to: sample.value)
        case .sendingTime: shown.timestamp = .now()
        case .stamp(let form): shown.value = form.value(of: sample.timestamp)
        }
        return shown
    }
}

extension ChannelFilter.StampForm {
    /// The value that shows a time.
    func value(of time: Timestamp) -> DataValue {
        let (whole, rest) = Self.parts(time)
        func origin(_ sinceUnix: Bool) -> Int64 { sinceUnix ? 0 : EPICSTime.offsetSeconds }
        switch self {
        case .seconds(let unix): return .float(Double(whole - origin(unix)) + Double(rest) / 1e9)
        case .wholeSeconds(let unix): return .float(Double(whole - origin(unix)))
        case .nanoseconds: return .float(Double(rest))
        case .pair(let unix): return .array(ArrayValue([Double(whole - origin(unix)), Double(rest)]))
        case .text: return .string(Self.text(time, separator: " ", suffix: ""))
        case .isoText: return .string(Self.text(time, separator: "T", suffix: "+0000"))
        }
    }

    private static func parts(_ time: Timestamp) -> (Int64, Int64) {
        let whole = time.nanoseconds / 1_000_000_000
        return (whole, time.nanoseconds - whole * 1_000_000_000)
    }

    private static func text(_ time: Timestamp, separator: String, suffix: String) -> String {
        let text = time.description  // 2026-11-21T02:10:00.000000Z
        return String(text.prefix(10)) + separator + String(text.dropFirst(11).dropLast()) + suffix
    }
}
