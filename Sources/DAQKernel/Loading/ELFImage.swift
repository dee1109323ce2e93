// Part of daqd
// SPDX-License-Identifier: MIT

/// What a 64-bit little-endian ELF shared object says about itself, read without loading it.
///
/// Every offset and size is checked before it is used; a hostile file gives an ``ELFError``, never a trap. Only headers, the
/// dynamic section, the symbol table's names and small sections are read.
struct ELFImage {
    /// One entry of the section table.
    struct Section: Equatable {
        /// Its name, such as `.comment`.
        var name: String
        /// `SHT_*`.
        var type: UInt32
        /// `SHF_*`.
        var flags: UInt64
        /// Where it begins in the file.
        var offset: UInt64
        /// How many bytes it has.
        var size: UInt64
        /// Index of the section that it refers to: a symbol table's strings.
        var link: UInt32
    }

    /// One entry of the program header table: a piece of the file and where it is mapped.
    struct Segment: Equatable {
        /// `PT_*`.
        var type: UInt32
        /// Where it begins in the file.
        var offset: UInt64
        /// Where it is mapped.
        var address: UInt64
        /// How many bytes of the file it maps.
        var size: UInt64
    }

    /// Limits on what is read, far above what any linker has written so far.
    enum Limit {
        static let sections: UInt16 = 8192
        static let segments: UInt16 = 1024
        static let stringTable: UInt64 = 64 << 20
        static let symbolTable: UInt64 = 64 << 20
        static let dynamicSection: UInt64 = 1 << 20
        static let smallSection: UInt64 = 64 << 10
        static let nameLength = 64 << 10
        static let nameTotal = 16 << 20
    }

    /// `EM_*` of the processor that the file is for.
    let machine: UInt16
    /// The section table; empty when it was stripped.
    let sections: [Section]
    /// The program header table.
    let segments: [Segment]
    /// The bytes behind it.
    let source: any ByteSource

    /// The machine number of this process: x86-64 or AArch64.
    static var hostMachine: UInt16 {
        #if arch(x86_64)
            62
        #elseif arch(arm64)
            183
        #elseif arch(riscv64)
            243
        #endif
    }

    /// Reads the headers and both tables.
    init(_ source: any ByteSource, expectedMachine: UInt16 = Self.hostMachine) throws(ELFError) {
        guard source.size >= 4,
            try source.checkedRead(at: 0, count: 4, limit: 4, part: "magic number") == [0x7f, 0x45, 0x4c, 0x46]
        else { throw .notELF }
        let header = try Header(source.checkedRead(at: 0, count: 64, limit: 64, part: "ELF header"))
        guard header.machine == expectedMachine else {
            throw .wrongMachine(found: header.machine, expected: expectedMachine)
        }
        guard header.type == 3 else { throw .wrongType(found: header.type) }
        machine = header.machine
        self.source = source
        segments = try Self.segments(of: source, header)
        sections = try Self.sections(of: source, header)
    }

    /// The first section called `name`.
    func section(named name: String) -> Section? {
        sections.first { $0.name == name }
    }

    /// The content of `section`, at most `limit` bytes.
    func content(of section: Section, limit: UInt64) throws(ELFError) -> [UInt8] {
        guard section.type != 8 else { return [] }  // SHT_NOBITS has no bytes in the file
        return try source.checkedRead(
            at: section.offset, count: section.size, limit: limit, part: "section \(section.name)")
    }
}

extension ELFImage {
    /// The fields of the 64-byte ELF header that are needed.
    private struct Header {
        var type: UInt16 = 0
        var machine: UInt16 = 0
        var segmentOffset: UInt64 = 0
        var sectionOffset: UInt64 = 0
        var segmentSize: UInt16 = 0
        var segmentCount: UInt16 = 0
        var sectionSize: UInt16 = 0
        var sectionCount: UInt16 = 0
        var sectionNames: UInt16 = 0

        init(_ bytes: [UInt8]) throws(ELFError) {
            guard bytes[4] == 2 else { throw .wrongClass(found: bytes[4]) }
            guard bytes[5] == 1 else { throw .wrongByteOrder(found: bytes[5]) }
            let span = bytes.span
            type = span.littleEndian(UInt16.self, at: 16) ?? 0
            machine = span.littleEndian(UInt16.self, at: 18) ?? 0
            segmentOffset = span.littleEndian(UInt64.self, at: 32) ?? 0
            sectionOffset = span.littleEndian(UInt64.self, at: 40) ?? 0
            segmentSize = span.littleEndian(UInt16.self, at: 54) ?? 0
            segmentCount = span.littleEndian(UInt16.self, at: 56) ?? 0
            sectionSize = span.littleEndian(UInt16.self, at: 58) ?? 0
            sectionCount = span.littleEndian(UInt16.self, at: 60) ?? 0
            sectionNames = span.littleEndian(UInt16.self, at: 62) ?? 0
        }
    }

    private static func segments(of source: any ByteSource, _ header: Header) throws(ELFError) -> [Segment] {
        let part = "program header table"
        guard header.segmentCount > 0 else { throw .malformed(part: part, reason: "it is empty") }
        guard header.segmentSize == 56 else {
            throw .malformed(part: part, reason: "entries of \(header.segmentSize) bytes, not 56")
        }
        guard header.segmentCount <= Limit.segments else {
            throw .malformed(part: part, reason: "\(header.segmentCount) entries, the limit is \(Limit.segments)")
        }
        let size = UInt64(header.segmentCount) * 56
        let table = try source.checkedRead(at: header.segmentOffset, count: size, limit: size, part: part)
        let span = table.span
        return stride(from: 0, to: table.count, by: 56).map { start in
            Segment(
                type: span.littleEndian(UInt32.self, at: start) ?? 0,
                offset: span.littleEndian(UInt64.self, at: start + 8) ?? 0,
                address: span.littleEndian(UInt64.self, at: start + 16) ?? 0,
                size: span.littleEndian(UInt64.self, at: start + 32) ?? 0)
        }
    }

    private static func sections(of source: any ByteSource, _ header: Header) throws(ELFError) -> [Section] {
        let part = "section table"
        guard header.sectionOffset != 0, header.sectionCount > 0 else { return [] }
        guard header.sectionSize == 64 else {
            throw .malformed(part: part, reason: "entries of \(header.sectionSize) bytes, not 64")
        }
        guard header.sectionCount <= Limit.sections else {
            throw .malformed(part: part, reason: "\(header.sectionCount) entries, the limit is \(Limit.sections)")
        }
        guard header.sectionNames < header.sectionCount else {
            throw .malformed(part: part, reason: "its names are in section \(header.sectionNames)")
        }
        let size = UInt64(header.sectionCount) * 64
        let table = try source.checkedRead(at: header.sectionOffset, count: size, limit: size, part: part)
        var sections: [Section] = []
        var nameOffsets: [Int] = []
        for start in stride(from: 0, to: table.count, by: 64) {
            sections.append(section(table, at: start))
            nameOffsets.append(Int(table.span.littleEndian(UInt32.self, at: start) ?? 0))
        }
        let holder = sections[Int(header.sectionNames)]
        let names = try source.checkedRead(
            at: holder.offset, count: holder.size, limit: Limit.stringTable, part: "section names")
        for index in sections.indices {
            guard let name = names.span.string(at: nameOffsets[index], limit: Limit.nameLength) else {
                throw .malformed(part: part, reason: "the name of section \(index) is no text")
            }
            sections[index].name = name
        }
        return sections
    }

    private static func section(_ table: [UInt8], at start: Int) -> Section {
        let span = table.span
        return Section(
            name: "",
            type: span.littleEndian(UInt32.self, at: start + 4) ?? 0,
            flags: span.littleEndian(UInt64.self, at: start + 8) ?? 0,
            offset: span.littleEndian(UInt64.self, at: start + 24) ?? 0,
            size: span.littleEndian(UInt64.self, at: start + 32) ?? 0,
            link: span.littleEndian(UInt32.self, at: start + 40) ?? 0)
    }
}
