// Part of daqd
// SPDX-License-Identifier: MIT

// Emitted into the plugin that calls them, so that an argument added later breaks no plugin built before it.
extension Setting {
    /// A text.
    @_alwaysEmitIntoClient
    public static func string(_ name: String, _ summary: String, default value: String? = nil) -> Setting {
        make(name, summary, .string, value.map { .string($0) })
    }

    /// A whole number; a range is inclusive.
    @_alwaysEmitIntoClient
    public static func integer(
        _ name: String, _ summary: String, unit: String? = nil, default value: Int? = nil,
        in range: ClosedRange<Int>? = nil
    ) -> Setting {
        let kind = SettingKind.integer(from: range?.lowerBound, to: range?.upperBound, unit: unit)
        return make(name, summary, kind, value.map { .integer($0) })
    }

    /// A whole number with a least value.
    @_alwaysEmitIntoClient
    public static func integer(
        _ name: String, _ summary: String, unit: String? = nil, default value: Int? = nil,
        in range: PartialRangeFrom<Int>
    ) -> Setting {
        let kind = SettingKind.integer(from: range.lowerBound, to: nil, unit: unit)
        return make(name, summary, kind, value.map { .integer($0) })
    }

    /// A number in a unit; a range is inclusive.
    ///
    /// The file may write the unit too, also with an SI prefix: `12.4 keV` for a setting in eV.
    @_alwaysEmitIntoClient
    public static func number(
        _ name: String, _ summary: String, unit: String? = nil, default value: Double? = nil,
        in range: ClosedRange<Double>? = nil
    ) -> Setting {
        let kind = SettingKind.number(from: range?.lowerBound, to: range?.upperBound, unit: unit)
        return make(name, summary, kind, value.map { .number($0) })
    }

    /// A number in a unit, with a least value.
    @_alwaysEmitIntoClient
    public static func number(
        _ name: String, _ summary: String, unit: String? = nil, default value: Double? = nil,
        in range: PartialRangeFrom<Double>
    ) -> Setting {
        let kind = SettingKind.number(from: range.lowerBound, to: nil, unit: unit)
        return make(name, summary, kind, value.map { .number($0) })
    }

    /// True or false.
    @_alwaysEmitIntoClient
    public static func bool(_ name: String, _ summary: String, default value: Bool? = nil) -> Setting {
        make(name, summary, .bool, value.map { .bool($0) })
    }

    /// One of a few texts.
    @_alwaysEmitIntoClient
    public static func choice(
        _ name: String, _ summary: String, _ choices: [String], default value: String? = nil
    ) -> Setting {
        make(name, summary, .choice(choices), value.map { .string($0) })
    }

    /// One of the cases of an enumeration.
    @_alwaysEmitIntoClient
    public static func choice<Choice: CaseIterable & RawRepresentable<String>>(
        _ name: String, _ summary: String, of _: Choice.Type, default value: Choice? = nil
    ) -> Setting {
        make(name, summary, .choice(Choice.allCases.map(\.rawValue)), value.map { .string($0.rawValue) })
    }

    /// A length of time, not negative; a range is inclusive.
    @_alwaysEmitIntoClient
    public static func duration(
        _ name: String, _ summary: String, default value: Duration? = nil, in range: ClosedRange<Duration>? = nil
    ) -> Setting {
        let kind = SettingKind.duration(from: range?.lowerBound, to: range?.upperBound)
        return make(name, summary, kind, value.map { .duration($0) })
    }

    /// A file or directory; a relative one, and a relative default, is taken from the configuration file's directory.
    @_alwaysEmitIntoClient
    public static func path(_ name: String, _ summary: String, default value: String? = nil) -> Setting {
        make(name, summary, .path, value.map { .string($0) })
    }

    /// A password or key, read as a ``Secret``; it has no default.
    @_alwaysEmitIntoClient
    public static func secret(_ name: String, _ summary: String) -> Setting {
        make(name, summary, .secret, nil)
    }

    /// The name of a configured device.
    @_alwaysEmitIntoClient
    public static func device(_ name: String, _ summary: String) -> Setting {
        make(name, summary, .device, nil)
    }

    /// Names of configured devices; an empty list by default.
    @_alwaysEmitIntoClient
    public static func devices(_ name: String, _ summary: String) -> Setting {
        make(name, summary, .list(of: .device), .list([]))
    }

    /// Names of post-operations; an empty list by default.
    @_alwaysEmitIntoClient
    public static func postOperations(_ name: String, _ summary: String) -> Setting {
        make(name, summary, .list(of: .postOperation), .list([]))
    }

    /// A list of values of one kind.
    @_alwaysEmitIntoClient
    public static func list(
        _ name: String, _ summary: String, of element: SettingKind, default value: [SettingValue]? = nil
    ) -> Setting {
        make(name, summary, .list(of: element), value.map { .list($0) })
    }

    /// Nested settings; where the file gives none their defaults apply, if those suffice, and nothing if ``optional``.
    @_alwaysEmitIntoClient
    public static func map(_ name: String, _ summary: String, _ settings: [Setting]) -> Setting {
        make(name, summary, .map(settings), nil)
    }

    /// Values of one kind under keys of the site's choice; empty by default.
    @_alwaysEmitIntoClient
    public static func dictionary(_ name: String, _ summary: String, of element: SettingKind) -> Setting {
        make(name, summary, .dictionary(of: element), .map(Settings([:])))
    }

    /// Settings per device, under the devices' names; empty by default.
    @_alwaysEmitIntoClient
    public static func deviceMap(_ name: String, _ summary: String, _ settings: [Setting]) -> Setting {
        make(name, summary, .deviceDictionary(of: .map(settings)), .map(Settings([:])))
    }

    /// A setting from its parts; what the makers call.
    @_alwaysEmitIntoClient
    public static func make(
        _ name: String, _ summary: String, _ kind: SettingKind, _ defaultValue: SettingValue?
    ) -> Setting {
        var setting = Setting(name, summary, kind)
        setting.defaultValue = defaultValue
        return setting
    }
}
