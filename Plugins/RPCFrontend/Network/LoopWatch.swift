// Part of daqd
// SPDX-License-Identifier: MIT

/// Whether a loop stays awake for a moment before it sleeps: waking costs more than a short call does.
///
/// It does while events follow each other within the span, as from a client that calls again and again. One that did not
/// come in time costs the span; each further such miss doubles the number of close events that must come before the next try.
struct LoopWatch {
    /// Nanoseconds.
    let span: Int64
    private var close = 0
    private var needed = LoopWatch.fewest
    private var seen = 0

    private static let fewest = 16
    private static let most = 4096

    init(span: Int64) { self.span = span }

    /// Whether the next wait begins awake.
    var staysAwake: Bool { close >= needed }

    /// An event came while it was awake.
    mutating func saw() {
        seen += 1
        guard seen >= needed else { return }
        seen = 0
        needed = max(Self.fewest, needed / 2)
    }

    /// Nothing came while it was awake.
    mutating func missed() {
        close = 0
        seen = 0
        needed = min(Self.most, needed * 2)
    }

    /// So many nanoseconds after the event before, one woke it.
    mutating func woke(after nanoseconds: Int64) { close = nanoseconds < span ? close + 1 : 0 }
}
