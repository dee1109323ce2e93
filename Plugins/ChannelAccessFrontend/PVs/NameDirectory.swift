// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// Every name that this server has: what the server's core asks for searches and for new channels.
///
/// Safe from any thread, quick, and never waiting for a device.
protocol NameDirectory: Sendable {
    /// Whether a channel of this name would be created: record, field, `$`, subarray and filters as section 15 of the
    /// protocol's specification has them.
    /// - Parameter name: Up to the first NUL; any bytes can arrive, also such that are not UTF-8. A miss costs at most
    ///   a microsecond.
    func contains(_ name: Span<UInt8>) -> Bool

    /// What the name leads to; `nil` when nothing does. A name without filters may return the same object each time, one
    /// with filters returns a new one, because filters remember what passed them.
    func variable(_ name: Span<UInt8>) -> ProcessVariable?

    /// Calls `handler` after changes, on any thread, outside every lock.
    func observe(_ handler: @escaping @Sendable (DirectoryEvent) -> Void)

    /// Every record, for `daqd names`.
    var names: [ServedName] { get }

    /// The largest value of all, in elements, for the limit of a message.
    var largestCount: Int { get }

    /// Ends what the directory began: observers, views, subscriptions.
    func close()
}

/// A change that concerns channels; a change of metadata alone reaches them as updates and is none.
enum DirectoryEvent: Sendable, Equatable {
    /// Names came: clients that look for them should hear of it soon.
    case added
    /// A record went: its channels are told that they are gone.
    case removed(record: String)
    /// A record leads elsewhere or has another type or count: the core asks for the variable again, changes over what
    /// has the same type and count, and tells the other channels that they are gone.
    case replaced(record: String)
    /// Access rules changed: rights are asked for again and sent where they differ.
    case rights
}
