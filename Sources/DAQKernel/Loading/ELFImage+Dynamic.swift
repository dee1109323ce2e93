// Part of daqd
// SPDX-License-Identifier: MIT

extension ELFImage {
    /// What the dynamic linker reads of a shared object.
    struct Dynamic: Equatable {
        /// `DT_NEEDED`: the libraries that must be found, in order.
        var needed: [String] = []
        /// `DT_SONAME`: the name under which others need it.
        var soname: String?
        /// `DT_RPATH`, unexpanded: directories separated by colons.
        var rpath: String?
        /// `DT_RUNPATH`, unexpanded; when present `rpath` is ignored.
        var runpath: String?
    }

    /// Reads the dynamic section through the program headers, as the dynamic linker does.
    func dynamic() throws(ELFError) -> Dynamic {
        let part = "dynamic section"
        guard let segment = segments.first(where: { $0.type == 2 }) else {
            throw .malformed(part: part, reason: "there is none")
        }
        let bytes = try source.checkedRead(
            at: segment.offset, count: segment.size, limit: Limit.dynamicSection, part: part)
        let entries = Self.entries(bytes)
        guard let address = entries.first(where: { $0.tag == 5 })?.value,
            let size = entries.first(where: { $0.tag == 10 })?.value
        else { throw .malformed(part: part, reason: "it names no string table") }
        guard let offset = fileOffset(of: address) else {
            throw .malformed(part: part, reason: "its string table is outside the mapped segments")
        }
        let strings = try source.checkedRead(
            at: offset, count: size, limit: Limit.stringTable, part: "dynamic string table")
        return try Self.dynamic(entries, strings)
    }

    private static func entries(_ bytes: [UInt8]) -> [(tag: UInt64, value: UInt64)] {
        var entries: [(tag: UInt64, value: UInt64)] = []
        let span = bytes.span
        for start in stride(from: 0, to: bytes.count, by: 16) {
            guard let tag = span.littleEndian(UInt64.self, at: start),
                let value = span.littleEndian(UInt64.self, at: start + 8), tag != 0
            else { break }
            entries.append((tag, value))
        }
        return entries
    }

    private static func dynamic(
        _ entries: [(tag: UInt64, value: UInt64)], _ strings: [UInt8]
    ) throws(ELFError) -> Dynamic {
        func text(_ offset: UInt64) throws(ELFError) -> String {
            guard let start = Int(exactly: offset),
                let text = strings.span.string(at: start, limit: Limit.nameLength)
            else { throw .malformed(part: "dynamic section", reason: "a name at \(offset) is no text") }
            return text
        }
        var dynamic = Dynamic()
        for entry in entries {
            switch entry.tag {
            case 1: dynamic.needed.append(try text(entry.value))
            case 14: dynamic.soname = try text(entry.value)
            case 15: dynamic.rpath = try text(entry.value)
            case 29: dynamic.runpath = try text(entry.value)
            default: break
            }
        }
        return dynamic
    }

    /// Where in the file the byte mapped at `address` is.
    private func fileOffset(of address: UInt64) -> UInt64? {
        for segment in segments where segment.type == 1 && address >= segment.address {
            let distance = address - segment.address
            guard distance < segment.size else { continue }
            let (offset, overflow) = segment.offset.addingReportingOverflow(distance)
            return overflow ? nil : offset
        }
        return nil
    }
}
