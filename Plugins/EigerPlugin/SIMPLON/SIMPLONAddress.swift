// Part of daqd
// SPDX-License-Identifier: MIT

/// Where things are on a detector control unit.
struct SIMPLONAddress: Sendable, Hashable {
    /// Scheme, host and port.
    let base: String

    /// - Parameter host: A name or an address; an IPv6 address without brackets gets them.
    init(host: String, port: Int) {
        base = host.contains(":") && !host.hasPrefix("[") ? "http://[\(host)]:\(port)" : "http://\(host):\(port)"
    }

    func version(_ module: SIMPLONKey.Module) -> String { "\(base)/\(module.rawValue)/api/version" }

    func key(_ key: SIMPLONKey, _ version: String) -> String {
        "\(base)/\(key.module.rawValue)/api/\(version)/\(key.task.rawValue)/\(Self.encoded(key.name, keeping: "/"))"
    }

    func keys(_ module: SIMPLONKey.Module, _ task: SIMPLONKey.Task, _ version: String) -> String {
        "\(base)/\(module.rawValue)/api/\(version)/\(task.rawValue)/keys"
    }

    func commands(_ module: SIMPLONKey.Module, _ version: String) -> String {
        "\(base)/\(module.rawValue)/api/\(version)/command/keys"
    }

    func command(_ module: SIMPLONKey.Module, _ name: String, _ version: String) -> String {
        "\(base)/\(module.rawValue)/api/\(version)/command/\(Self.encoded(name))"
    }

    func files(_ version: String) -> String { "\(base)/filewriter/api/\(version)/files/" }

    func file(_ name: String) -> String { "\(base)/data/\(Self.encoded(name, keeping: "/"))" }

    /// Percent-encodes everything but unreserved characters.
    static func encoded(_ text: String, keeping kept: String = "") -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: bytes.append(byte)
            case let byte where kept.utf8.contains(byte): bytes.append(byte)
            default: bytes += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
