// Part of daqd
// SPDX-License-Identifier: MIT

/// Who ended an acquisition before it ended by itself.
public struct AcquisitionStop: Sendable, Equatable {
    /// What kind of stop; a struct, so that a new kind breaks no plugin's `switch`.
    public struct Kind: Hashable, Sendable {
        /// The word in the run log.
        public let name: String
        /// A kind from its word in the run log.
        public init(name: String) { self.name = name }
        /// A person or a client asked.
        public static let user = Self(name: "user")
        /// The daemon is ending.
        public static let shutdown = Self(name: "shutdown")
        /// The operation that drove the acquisition was cancelled.
        public static let cancelled = Self(name: "cancelled")
    }

    /// What kind of stop.
    public var kind: Kind
    /// Who asked, where that is known.
    public var origin: Origin?
    /// When.
    public var time: Timestamp

    /// Makes a stop.
    public init(_ kind: Kind, origin: Origin? = nil, time: Timestamp = .now()) {
        self.kind = kind
        self.origin = origin
        self.time = time
    }

    /// Who stopped it, in words.
    public var text: String {
        switch kind {
        case .shutdown: "stopped because daqd was ending"
        case .cancelled: origin.map { "cancelled by \($0)" } ?? "cancelled"
        default: origin.map { "stopped by \($0)" } ?? "stopped"
        }
    }
}
