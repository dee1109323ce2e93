// Part of daqd
// SPDX-License-Identifier: MIT

/// One configured simulator, device, frontend or post-operation.
public struct ComponentConfiguration: Sendable {
    /// A component's name within its kind.
    public struct Identity: Hashable, Sendable, CustomStringConvertible {
        /// The section.
        public var kind: ComponentKind
        /// The key in that section.
        public var name: String

        /// The identity of a component.
        public init(_ kind: ComponentKind, _ name: String) {
            self.kind = kind
            self.name = name
        }

        /// `devices.eiger1`.
        public var description: String { "\(kind.section).\(name)" }
    }

    /// Kind and name.
    public let identity: Identity
    /// The word after `type:`.
    public let type: String
    /// What the factory declared.
    public let settings: Settings
    /// What every component of the kind takes: ``ComponentKind/commonSettings``.
    public let common: Settings
    /// Where its key stands.
    public let place: SourcePlace?
    /// Why it cannot be made, when its type may belong to a refused plugin: it exists in alarm, with this sentence.
    public let unavailable: String?

    init(
        _ identity: Identity, type: String, settings: Settings, common: Settings, place: SourcePlace?,
        unavailable: String? = nil
    ) {
        self.identity = identity
        self.type = type
        self.settings = settings
        self.common = common
        self.place = place
        self.unavailable = unavailable
    }

    /// The name in its section.
    public var name: String { identity.name }
    /// The section.
    public var kind: ComponentKind { identity.kind }

    /// A device's post-operations, in order; empty for other kinds.
    public var postOperations: [String] { common.given("post_operations") ?? [] }
    /// How long a stop waits for a device.
    public var stopTimeout: Duration { common.given("stop_timeout") ?? .seconds(30) }
    /// Which of a device's parameters are saved and restored.
    public var autosave: AutosaveChoice { AutosaveChoice(common.given("autosave") ?? [AutosaveChoice.marked]) }
    /// The directory for a device's files, absolute; `nil` for the site's usual one.
    public var dataDirectory: String? { common.given("data") }

    /// Why there is no factory for it: its plugin was refused, or none brings the type.
    var absence: String { unavailable ?? "no plugin brings the type “\(type)”" }

    /// Whether both would make the same component: places do not count.
    func makesTheSame(as other: ComponentConfiguration) -> Bool {
        type == other.type && settings == other.settings && unavailable == other.unavailable
    }
}

extension Settings {
    /// A value that decoding has made sure of; `nil` where the kind has no such setting.
    func given<Value: SettingConvertible>(_ name: String) -> Value? { value(name).flatMap { Value(setting: $0) } }
}
