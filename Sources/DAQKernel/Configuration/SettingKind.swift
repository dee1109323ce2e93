// Part of daqd
// SPDX-License-Identifier: MIT

/// What values a setting takes; made by the static members.
public struct SettingKind: Sendable {
    indirect enum Form: Sendable {
        case string
        case integer(SettingBounds<Int>, unit: String?)
        case number(SettingBounds<Double>, unit: String?)
        case bool
        case choice([String])
        case duration(SettingBounds<Duration>)
        case path
        case secret
        case device
        case postOperation
        case list(SettingKind)
        case map([Setting])
        case dictionary(SettingKind, keysAreDevices: Bool)
    }

    let form: Form

    init(_ form: Form) { self.form = form }

    /// Any text.
    public static var string: SettingKind { SettingKind(.string) }

    /// A whole number of 64 bits.
    public static var integer: SettingKind { SettingKind(.integer(SettingBounds(), unit: nil)) }

    /// A whole number within bounds, `nil` where open, in a unit, `nil` for a plain count.
    public static func integer(from lower: Int?, to upper: Int?, unit: String?) -> SettingKind {
        SettingKind(.integer(SettingBounds(lower: lower, upper: upper), unit: unit))
    }

    /// A finite number.
    public static var number: SettingKind { SettingKind(.number(SettingBounds(), unit: nil)) }

    /// A finite number within bounds, `nil` where open, in a unit, `nil` for none.
    public static func number(from lower: Double?, to upper: Double?, unit: String?) -> SettingKind {
        SettingKind(.number(SettingBounds(lower: lower, upper: upper), unit: unit))
    }

    /// True or false; `yes`, `no`, `on` and `off` are accepted.
    public static var bool: SettingKind { SettingKind(.bool) }

    /// One of a few texts.
    public static func choice(_ choices: [String]) -> SettingKind { SettingKind(.choice(choices)) }

    /// A length of time, not negative: `500 ms`, `1 min 30 s`, or seconds as a bare number.
    public static var duration: SettingKind { SettingKind(.duration(SettingBounds())) }

    /// A length of time within bounds, `nil` where open.
    public static func duration(from lower: Duration?, to upper: Duration?) -> SettingKind {
        SettingKind(.duration(SettingBounds(lower: lower, upper: upper)))
    }

    /// A file or directory; one that does not begin with `/` is taken from the directory of the configuration file.
    public static var path: SettingKind { SettingKind(.path) }

    /// A password or key: `{file: PATH}`, `{env: NAME}` or a text that comes wholly from `${NAME}`; never printed.
    public static var secret: SettingKind { SettingKind(.secret) }

    /// The name of a configured device.
    public static var device: SettingKind { SettingKind(.device) }

    /// The name of a configured post-operation, or the type of one that needs no settings.
    public static var postOperation: SettingKind { SettingKind(.postOperation) }

    /// Any number of values of one kind.
    public static func list(of element: SettingKind) -> SettingKind { SettingKind(.list(element)) }

    /// Nested settings with declared names.
    public static func map(_ settings: [Setting]) -> SettingKind { SettingKind(.map(settings)) }

    /// Values of one kind under keys of the site's choice.
    public static func dictionary(of element: SettingKind) -> SettingKind {
        SettingKind(.dictionary(element, keysAreDevices: false))
    }

    /// Values of one kind under the names of configured devices.
    public static func deviceDictionary(of element: SettingKind) -> SettingKind {
        SettingKind(.dictionary(element, keysAreDevices: true))
    }
}

extension SettingKind {
    /// What is expected, for an error message: `a whole number from 1 to 65535`.
    var expected: String {
        switch form {
        case .string: "a text"
        case .integer(let bounds, let unit): Self.join("a whole number", bounds.text { "\($0)" }, unit: unit)
        case .number(let bounds, let unit): Self.join("a number", bounds.text(NumberText.short), unit: unit)
        case .bool: "true or false"
        case .choice(let choices): "one of \(choices.joined(separator: ", "))"
        case .duration(let bounds): Self.join("a duration", bounds.text(DurationText.format), unit: nil)
        case .path: "a path"
        case .secret: "a secret, as {file: PATH}, {env: NAME} or ${NAME}"
        case .device: "the name of a device"
        case .postOperation: "the name of a post-operation"
        case .list(let element): "a list, each \(element.expected)"
        case .map: "a mapping of settings"
        case .dictionary(let element, let keysAreDevices):
            keysAreDevices ? "a mapping of device names" : "a mapping, each \(element.expected)"
        }
    }

    private static func join(_ kind: String, _ bounds: String, unit: String?) -> String {
        let text = bounds.isEmpty ? kind : "\(kind) \(bounds)"
        guard let unit else { return text }
        return bounds.isEmpty ? "\(text) in \(unit)" : "\(text) \(unit)"
    }

    var isSecret: Bool {
        if case .secret = form { true } else { false }
    }
}
