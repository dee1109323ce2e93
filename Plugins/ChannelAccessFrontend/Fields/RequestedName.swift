// Part of daqd
// SPDX-License-Identifier: MIT

/// A name as a client asks for it: `DEV:x`, `DEV:x.EGU`, `DEV:x.VAL$`, `DEV:x.[1:3]`, `DEV:x.{"dbnd":{"abs":1}}`.
struct RequestedName: Equatable {
    /// What stands before the dot.
    var record: String
    /// The field; `VAL` where the name has none.
    var field = "VAL"
    /// Whether a text is asked for as an array of characters.
    var isLongString = false
    /// The part of an array that is asked for.
    var subarray: Subarray?
    /// The JSON of the filters, braces included.
    var filters: ArraySlice<UInt8>?

    static let maximumBytes = 2048

    /// Whether this is a plain name without field and modifiers.
    var isPlain: Bool { field == "VAL" && !isLongString && subarray == nil && filters == nil }

    /// Takes a name apart.
    /// - Returns: `nil` when it does not follow the grammar.
    init?(_ name: some Collection<UInt8>) {
        let bytes = Array(name)
        guard !bytes.isEmpty, bytes.count <= Self.maximumBytes else { return nil }
        let dot = bytes.firstIndex(of: UInt8(ascii: ".")) ?? bytes.endIndex
        guard dot > 0, let record = String(validating: bytes[..<dot], as: UTF8.self) else { return nil }
        self.record = record
        guard dot < bytes.endIndex else { return }
        var rest = bytes[(dot + 1)...]
        let letters = rest.prefix(while: Self.isFieldCharacter)
        if let first = letters.first {
            guard first > UInt8(ascii: "9") else { return nil }
            field = String(decoding: letters, as: UTF8.self)
            rest = rest.dropFirst(letters.count)
        }
        if rest.first == UInt8(ascii: "$") {
            isLongString = true
            rest = rest.dropFirst()
        }
        if rest.first == UInt8(ascii: "[") {
            guard let end = rest.firstIndex(of: UInt8(ascii: "]")),
                let part = Subarray(rest[(rest.startIndex + 1)..<end])
            else { return nil }
            subarray = part
            rest = rest[(end + 1)...]
        }
        if rest.first == UInt8(ascii: "{") {
            filters = rest
            rest = []
        }
        guard rest.isEmpty else { return nil }
    }

    private static func isFieldCharacter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
