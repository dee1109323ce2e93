// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// The smaller replies of the API, with every irregularity that real units show.
enum SIMPLONReplies {
    /// Names from a key list or a file list: a bare list, or an object whose value is one; `null` counts as empty.
    static func names(_ reply: JSON) throws(WireError) -> [String] {
        let list = reply.members == nil ? reply : reply["value"] ?? .null
        if list == .null, reply == .null || reply["value"] != nil { return [] }
        guard let items = list.array else { throw WireError("it is \(list.kind), not a list of names") }
        var names: [String] = []
        for item in items {
            guard let name = item.string else { throw WireError("its list holds \(item.kind) among the names") }
            names.append(name)
        }
        return names
    }

    /// What a PUT says has changed; a hint at most, so that everything unexpected counts as nothing.
    static func changes(_ reply: JSON) -> [String] {
        if let name = reply.string { return name.isEmpty ? [] : [name] }
        return reply.array?.compactMap(\.string) ?? []
    }

    /// The series number that arm, disarm, cancel and abort answer; spelt in three ways.
    static func sequenceID(_ reply: JSON) -> Int64? {
        for name in ["sequence id", "sequence_id", "series id"] {
            if let id = reply[name]?.integer, id >= 0 { return id }
        }
        return nil
    }

    /// The version that a module answers.
    static func version(_ reply: JSON) throws(WireError) -> String {
        guard let text = reply["value"]?.string ?? reply.string else {
            throw WireError("it is \(reply.kind), not an object with a version")
        }
        let words = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (2...3).contains(words.count),
            words.allSatisfy({ !$0.isEmpty && $0.allSatisfy(\.isASCIIDigit) && $0.count < 5 })
        else { throw WireError("\"\(text.prefix(40))\" is no version") }
        return text
    }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { isASCII && isNumber }
}
