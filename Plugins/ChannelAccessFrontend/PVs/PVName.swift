// Part of daqd
// SPDX-License-Identifier: MIT

/// How the kernel's paths become names of process variables.
enum PVName {
    /// Names beyond this are too long for records of an IOC and for some clients.
    static let maximumBytes = 60

    /// The name of a path in the plain view: `filewriter/mode` under `cam1:` is `cam1:filewriter:mode`.
    ///
    /// A dot would begin a field and a slash is no character of a name, so both become colons.
    static func plain(_ path: String, prefix: String) -> String {
        prefix + String(path.map { $0 == "/" || $0 == "." ? ":" : $0 })
    }

    /// Why clients could not use a name, or `nil`.
    static func problem(_ name: String) -> String? {
        if name.isEmpty { return "it is empty" }
        guard name.utf8.count <= maximumBytes else { return "it has more than \(maximumBytes) characters" }
        guard let odd = name.first(where: { !isAllowed($0) }) else { return nil }
        return "“\(odd)” is not allowed in it"
    }

    /// The same for a record's name, which may stand for a field of another: `DEV:x.NELM`.
    static func recordProblem(_ name: String) -> String? {
        guard let dot = name.firstIndex(of: "."), let field = RequestedName(name.utf8)?.field, field != "VAL",
            name[dot...].dropFirst() == field
        else { return problem(name) }
        return problem(String(name[..<dot]))
    }

    private static func isAllowed(_ character: Character) -> Bool {
        guard let byte = character.asciiValue else { return false }
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            return true
        default: return "_-+:;[]<>/".utf8.contains(byte)
        }
    }
}
