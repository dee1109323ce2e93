// Part of daqd
// SPDX-License-Identifier: MIT

extension PluginStamp {
    /// Where each field lies; the table of docs/plugins.md.
    private enum Offset {
        static let version = 8
        static let size = 10
        static let doors = 12
        static let flags = 14
        static let cMajor = 16
        static let cMinor = 18
        static let cMinorNeeded = 20
        static let pointerSize = 22
        static let cPluginSize = 24
        static let cHostSize = 28
        static let kernelMajor = 32
        static let kernelMinor = 34
        static let swiftCompiler = 36
        static let kernelInterface = 40..<72
        static let id = 80..<144
        static let pluginVersion = 144..<176
        static let kinds = 176..<272
        static let compiler = 272..<368
        static let vendor = 368..<432
        static let licence = 432..<480
        static let name = 480..<512
    }

    private static let magic = Array("DAQDPLG1".utf8)

    /// Reads a record; a longer or newer one is read as version 1.
    init(decoding bytes: [UInt8]) throws(PluginStampError) {
        guard bytes.count >= Self.size else { throw .truncated(count: bytes.count) }
        guard bytes.span.hasPrefix(Self.magic, at: 0) else { throw .wrongMagic }
        func number<Integer: FixedWidthInteger & UnsignedInteger>(_ type: Integer.Type, _ offset: Int) -> Integer {
            bytes.span.littleEndian(type, at: offset) ?? 0
        }
        recordVersion = number(UInt16.self, Offset.version)
        let size = number(UInt16.self, Offset.size)
        guard recordVersion >= 1, size >= Self.size else { throw .wrongSize(version: recordVersion, size: size) }
        let pointerSize = number(UInt16.self, Offset.pointerSize)
        guard pointerSize == 8 else { throw .pointerSize(pointerSize) }
        doors = Doors(rawValue: number(UInt16.self, Offset.doors))
        guard !doors.isDisjoint(with: [.c, .swift, .process]) else { throw .noDoor }
        flags = Flags(rawValue: number(UInt16.self, Offset.flags))
        cABI = Version(major: number(UInt16.self, Offset.cMajor), minor: number(UInt16.self, Offset.cMinor))
        cMinorNeeded = number(UInt16.self, Offset.cMinorNeeded)
        cPluginSize = number(UInt32.self, Offset.cPluginSize)
        cHostSize = number(UInt32.self, Offset.cHostSize)
        kernelABI = Version(
            major: number(UInt16.self, Offset.kernelMajor), minor: number(UInt16.self, Offset.kernelMinor))
        swiftCompiler = number(UInt32.self, Offset.swiftCompiler)
        kernelInterface = Array(bytes[Offset.kernelInterface])
        id = try Self.text("id", bytes[Offset.id])
        version = try Self.text("version", bytes[Offset.pluginVersion])
        kinds = try Self.text("kinds", bytes[Offset.kinds]).split(separator: ",", omittingEmptySubsequences: false)
            .map(String.init)
        if kinds == [""] { kinds = [] }
        compiler = try Self.text("compiler", bytes[Offset.compiler], mayFill: true)
        vendor = try Self.text("vendor", bytes[Offset.vendor])
        licence = try Self.text("licence", bytes[Offset.licence])
        name = try Self.text("name", bytes[Offset.name])
        try checkTexts()
    }

    /// The record's bytes, as the macro `DAQD_PLUGIN` writes them.
    ///
    /// Texts that are too long are cut, as the C compiler does.
    func encoded() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Self.size)
        func put<Integer: FixedWidthInteger>(_ value: Integer, _ offset: Int) {
            for index in 0..<MemoryLayout<Integer>.size {
                bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * Integer(index)))
            }
        }
        func put(_ text: some Sequence<UInt8>, _ range: Range<Int>) {
            for (index, byte) in zip(range, text) { bytes[index] = byte }
        }
        put(Self.magic, 0..<8)
        put(recordVersion, Offset.version)
        put(UInt16(Self.size), Offset.size)
        put(doors.rawValue, Offset.doors)
        put(flags.rawValue, Offset.flags)
        put(cABI.major, Offset.cMajor)
        put(cABI.minor, Offset.cMinor)
        put(cMinorNeeded, Offset.cMinorNeeded)
        put(UInt16(8), Offset.pointerSize)
        put(cPluginSize, Offset.cPluginSize)
        put(cHostSize, Offset.cHostSize)
        put(kernelABI.major, Offset.kernelMajor)
        put(kernelABI.minor, Offset.kernelMinor)
        put(swiftCompiler, Offset.swiftCompiler)
        put(kernelInterface, Offset.kernelInterface)
        put(id.utf8, Offset.id)
        put(version.utf8, Offset.pluginVersion)
        put(kinds.joined(separator: ",").utf8, Offset.kinds)
        put(compiler.utf8, Offset.compiler)
        put(vendor.utf8, Offset.vendor)
        put(licence.utf8, Offset.licence)
        put(name.utf8, Offset.name)
        return bytes
    }

    /// The text of a NUL-padded field.
    private static func text(
        _ field: String, _ bytes: ArraySlice<UInt8>, mayFill: Bool = false
    ) throws(PluginStampError) -> String {
        let content = bytes.prefix { $0 != 0 }
        guard mayFill || content.count < bytes.count else {
            throw .badText(field: field, rule: "has more than \(bytes.count - 1) bytes")
        }
        guard let text = String(validating: content, as: UTF8.self) else {
            throw .badText(field: field, rule: "is not UTF-8")
        }
        guard text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && !(0x7f...0x9f).contains($0.value) }) else {
            throw .badText(field: field, rule: "holds control characters")
        }
        return text
    }

    private func checkTexts() throws(PluginStampError) {
        func lower(_ byte: UInt8) -> Bool { (0x61...0x7a).contains(byte) }
        func digit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
        func letter(_ byte: UInt8) -> Bool { lower(byte) || (0x41...0x5a).contains(byte) || byte == 0x5f }
        guard id.utf8.first.map(lower) == true,
            id.utf8.allSatisfy({ lower($0) || digit($0) || $0 == 0x2d })
        else { throw .badText(field: "id", rule: "is '\(id)', not a lower-case letter followed by [a-z0-9-]") }
        guard name.utf8.first.map(letter) == true, name.utf8.allSatisfy({ letter($0) || digit($0) }) else {
            throw .badText(field: "name", rule: "is '\(name)', not a name that a C function can have")
        }
        let numbers = version.split(separator: "+", maxSplits: 1)[...].first?.split(separator: "-", maxSplits: 1).first
        let parts = numbers?.split(separator: ".", omittingEmptySubsequences: false) ?? []
        guard parts.count == 3, parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(digit) }) else {
            throw .badText(field: "version", rule: "is '\(version)', not major.minor.patch")
        }
        guard kinds.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(lower) }) else {
            throw .badText(field: "kinds", rule: "are '\(kinds.joined(separator: ","))', not names between commas")
        }
    }
}
