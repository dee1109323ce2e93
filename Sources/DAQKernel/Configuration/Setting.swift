// Part of daqd
// SPDX-License-Identifier: MIT

/// The declaration of one setting of a component: from it come decoding, messages, the JSON Schema and the reference.
///
/// Made by the static makers, such as `.integer("port", "Controller port", default: 5000, in: 1...65535)`. A setting
/// without default is required; ``optional`` makes it one that may be absent.
public struct Setting: Sendable {
    /// Whether a file must give it.
    public enum Presence: Hashable, Sendable {
        /// The file must give it.
        case required
        /// It may be absent.
        case optional
    }

    /// The key in the file, in snake_case.
    public var name: String
    /// What it is for, in one sentence without a full stop.
    public var summary: String
    /// What values it takes.
    public var kind: SettingKind
    /// The value where the file gives none.
    public var defaultValue: SettingValue?
    /// Whether the file must give it; without meaning where there is a default.
    public var presence: Presence = .required

    /// A required setting without default; the makers are the usual way.
    public init(_ name: String, _ summary: String, _ kind: SettingKind) {
        self.name = name
        self.summary = summary
        self.kind = kind
    }

    /// The same setting, which may be absent: read it as an `Optional`.
    public var optional: Setting {
        var copy = self
        copy.presence = .optional
        return copy
    }

    var isRequired: Bool { presence == .required && defaultValue == nil }
}
