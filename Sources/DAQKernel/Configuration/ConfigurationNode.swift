// Part of daqd
// SPDX-License-Identifier: MIT

/// A piece of a configuration file as it was written, with its place: a scalar, a sequence or a mapping.
public struct ConfigurationNode: Sendable {
    /// How a scalar was written; a plain one may be a number, true, false or nothing.
    public enum Style: Hashable, Sendable {
        /// Without quotes.
        case plain
        /// In single or double quotes.
        case quoted
        /// As a block after `|` or `>`.
        case block
    }

    /// A single value, still as text.
    public struct Scalar: Sendable {
        /// The text, after the environment was put in.
        public var text: String
        /// The text as it stands in the file.
        public var source: String
        /// How it was written.
        public var style: Style
        /// Whether the environment was put in, so that the text may be private.
        public var isSubstituted: Bool
        /// Whether the environment could not be put in, which was reported already.
        public var isIncomplete = false
    }

    /// A key and its value.
    public struct Member: Sendable {
        /// The key.
        public var key: String
        /// Where the key stands.
        public var keyPlace: SourcePlace
        /// The value.
        public var value: ConfigurationNode
    }

    /// What the node holds.
    public enum Content: Sendable {
        /// A single value.
        case scalar(Scalar)
        /// Values in order.
        case sequence([ConfigurationNode])
        /// Keys and values in order, no key twice.
        case mapping([Member])
    }

    /// What the node holds.
    public var content: Content
    /// Where it begins.
    public var place: SourcePlace
}

extension ConfigurationNode {
    /// The value of a key; `nil` when this is no mapping or has no such key.
    public subscript(_ key: String) -> ConfigurationNode? {
        guard case .mapping(let members) = content else { return nil }
        return members.first { $0.key == key }?.value
    }

    /// Whether nothing was given: an empty plain scalar, `~` or `null`.
    public var isNull: Bool {
        guard case .scalar(let scalar) = content, scalar.style == .plain, !scalar.isSubstituted else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.text)
    }

    /// What was found, for an error message; never a text that came from the environment.
    var foundText: String {
        switch content {
        case .sequence: "a list"
        case .mapping: "a mapping"
        case .scalar where isNull: "nothing"
        case .scalar(let scalar) where scalar.isSubstituted:
            "what \(Self.shown(scalar.source)) stands for"
        case .scalar(let scalar) where scalar.style == .plain: Self.shown(scalar.text)
        case .scalar(let scalar): "the text \"\(Self.shown(scalar.text))\""
        }
    }

    /// A text of the file made fit for one line of a message: short and without control characters.
    static func shown(_ text: String) -> String {
        var shown = ""
        for (count, scalar) in text.unicodeScalars.enumerated() {
            guard count < 60 else { return shown + "…" }
            shown += scalar.properties.generalCategory == .control ? scalar.escaped(asASCII: true) : String(scalar)
        }
        return shown
    }
}
