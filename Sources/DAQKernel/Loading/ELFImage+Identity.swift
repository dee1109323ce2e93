// Part of daqd
// SPDX-License-Identifier: MIT

extension ELFImage {
    /// The linker's build-id as lower-case hexadecimal digits; nil when it was linked without one.
    func buildID() throws(ELFError) -> String? {
        guard let section = section(named: ".note.gnu.build-id") else { return nil }
        let bytes = try content(of: section, limit: Limit.smallSection)
        let span = bytes.span
        guard let nameSize = span.littleEndian(UInt32.self, at: 0),
            let size = span.littleEndian(UInt32.self, at: 4), nameSize == 4, (1...64).contains(size),
            bytes.count >= 16 + Int(size)
        else { throw .malformed(part: "section .note.gnu.build-id", reason: "its sizes do not fit") }
        let digits = Array("0123456789abcdef")
        return String(bytes[16..<16 + Int(size)].flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }

    /// The compilers and linkers that made it, one text each, from the section `.comment`.
    func comments() throws(ELFError) -> [String] {
        guard let section = section(named: ".comment") else { return [] }
        return try content(of: section, limit: Limit.smallSection)
            .split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The names of the symbols that it exports to others and that begin with one of `prefixes`.
    func definedSymbols(withPrefix prefixes: [String]) throws(ELFError) -> [String] {
        let part = "dynamic symbol table"
        guard let table = sections.first(where: { $0.type == 11 }) else { return [] }  // SHT_DYNSYM
        guard Int(table.link) < sections.count else {
            throw .malformed(part: part, reason: "its strings are in section \(table.link)")
        }
        let symbols = try content(of: table, limit: Limit.symbolTable)
        let strings = try content(of: sections[Int(table.link)], limit: Limit.stringTable)
        let symbolSpan = symbols.span
        let stringSpan = strings.span
        let wanted = prefixes.map { Array($0.utf8) }
        var names: [String] = []
        var budget = Limit.nameTotal
        for start in stride(from: 24, to: symbols.count, by: 24) {
            guard let name = symbolSpan.littleEndian(UInt32.self, at: start),
                let section = symbolSpan.littleEndian(UInt16.self, at: start + 6)
            else { throw .malformed(part: part, reason: "its last entry is cut off") }
            // Section 0 (SHN_UNDEF) marks a symbol that is wanted, not offered.
            guard section != 0, wanted.contains(where: { stringSpan.hasPrefix($0, at: Int(name)) }) else { continue }
            guard let text = stringSpan.string(at: Int(name), limit: Limit.nameLength) else {
                throw .malformed(part: part, reason: "the name of entry \(start / 24) is no text")
            }
            budget -= text.utf8.count
            guard budget >= 0 else { throw .malformed(part: part, reason: "its names are too long") }
            names.append(text)
        }
        return names
    }
}
