// Part of daqd
// SPDX-License-Identifier: MIT
internal import Synchronization

/// Makes ids that sort by time, are unique, and fit into a file name: `20261121-022058-123-k3f9`.
final class AcquisitionIDMaker: Sendable {
    private let last = Mutex<Int64>(0)

    /// The next id; later than every one before, also when the clock stands still or steps back.
    func next(at time: Timestamp) -> String {
        let milliseconds = last.withLock { last in
            last = max(last + 1, time.nanoseconds / 1_000_000)
            return last
        }
        // 2026-11-21T02:20:58.123000Z
        let text = Array(Timestamp(nanoseconds: milliseconds * 1_000_000).description.utf8)
        func part(_ range: Range<Int>) -> String {
            range.upperBound <= text.count ? String(decoding: text[range], as: UTF8.self) : ""
        }
        let letters = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)
        let salt = (0..<4).map { _ in letters[Int.random(in: 0..<letters.count)] }
        let date = part(0..<4) + part(5..<7) + part(8..<10)
        let clock = part(11..<13) + part(14..<16) + part(17..<19)
        return "\(date)-\(clock)-\(part(20..<23))-\(String(decoding: salt, as: UTF8.self))"
    }
}
