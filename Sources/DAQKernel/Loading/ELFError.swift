// Part of daqd
// SPDX-License-Identifier: MIT

/// Why a file could not be read as an ELF shared object.
enum ELFError: Error, Equatable {
    /// The file does not begin with the ELF magic number.
    case notELF
    /// The file is 32-bit; `found` is its class byte.
    case wrongClass(found: UInt8)
    /// The file is big-endian; `found` is its data-encoding byte.
    case wrongByteOrder(found: UInt8)
    /// The file is for another processor.
    case wrongMachine(found: UInt16, expected: UInt16)
    /// The file is an object file, an executable or a core dump.
    case wrongType(found: UInt16)
    /// `part` reaches past the end of the file.
    case truncated(part: String, end: UInt64, fileSize: UInt64)
    /// `part` has a size, count or offset that no linker writes.
    case malformed(part: String, reason: String)
    /// `part` is larger than this reader accepts.
    case tooLarge(part: String, size: UInt64, limit: UInt64)
    /// Reading failed or the file shrank while it was read.
    case unreadable(part: String, errorNumber: Int32)
}

extension ELFError: CustomStringConvertible {
    /// One clause that names what was found, for the refusal's text.
    var description: String {
        switch self {
        case .notELF: "the file is not ELF"
        case .wrongClass(let found): "ELF class \(found) (1 is 32-bit), expected class 2 (64-bit)"
        case .wrongByteOrder(let found): "ELF data encoding \(found) (2 is big-endian), expected 1 (little-endian)"
        case .wrongMachine(let found, let expected):
            "machine \(Self.machine(found)), expected \(Self.machine(expected))"
        case .wrongType(let found): "ELF type \(Self.type(found)), expected 3 (shared object)"
        case .truncated(let part, let end, let fileSize):
            "the \(part) ends at byte \(end), the file at byte \(fileSize)"
        case .malformed(let part, let reason): "the \(part) is malformed: \(reason)"
        case .tooLarge(let part, let size, let limit): "the \(part) has \(size) bytes, the limit is \(limit)"
        case .unreadable(let part, let errorNumber):
            errorNumber == 0
                ? "the file became shorter while its \(part) was read"
                : "its \(part) cannot be read: \(SystemText.error(errorNumber))"
        }
    }

    private static func machine(_ number: UInt16) -> String {
        switch number {
        case 3: "3 (i386)"
        case 40: "40 (ARM)"
        case 62: "62 (x86-64)"
        case 183: "183 (AArch64)"
        case 243: "243 (RISC-V)"
        default: "\(number)"
        }
    }

    private static func type(_ number: UInt16) -> String {
        switch number {
        case 1: "1 (object file)"
        case 2: "2 (executable)"
        case 4: "4 (core dump)"
        default: "\(number)"
        }
    }
}
