// Part of daqd
// SPDX-License-Identifier: MIT

/// What is wrong with an access security file, and in which line.
struct AccessFileError: Error, Equatable {
    var line: Int
    var reason: String
}

/// Reads the text of an access security file.
struct AccessFileParser {
    private var tokens: ArraySlice<Token>
    private var file = AccessFile()

    private struct Token: Equatable {
        var text: String
        var isQuoted = false
        var line: Int
    }

    /// - Throws: `AccessFileError` for anything that is not such a file.
    static func parse(_ bytes: [UInt8]) throws(AccessFileError) -> AccessFile {
        guard bytes.count <= AccessFile.maximumBytes else {
            throw AccessFileError(line: 1, reason: "the file has more than \(AccessFile.maximumBytes) bytes")
        }
        var parser = AccessFileParser(tokens: try tokens(bytes)[...])
        while let token = parser.tokens.first { try parser.section(token) }
        return parser.file
    }

    private let lastLine: Int

    private init(tokens: ArraySlice<Token>) {
        self.tokens = tokens
        lastLine = tokens.last?.line ?? 1
    }

    // MARK: - Words

    private static func tokens(_ bytes: [UInt8]) throws(AccessFileError) -> [Token] {
        var tokens: [Token] = []
        var line = 1
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            switch byte {
            case UInt8(ascii: "\n"): line += 1
            case 32, 9, 11, 12, 13: break
            case UInt8(ascii: "#"):
                while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { index += 1 }
            case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: ","):
                tokens.append(Token(text: String(UnicodeScalar(byte)), line: line))
            case UInt8(ascii: "\""):
                guard let end = bytes[index...].firstIndex(of: UInt8(ascii: "\"")),
                    !bytes[index..<end].contains(UInt8(ascii: "\n"))
                else { throw AccessFileError(line: line, reason: "a quoted text does not end") }
                tokens.append(
                    Token(text: String(decoding: bytes[index..<end], as: UTF8.self), isQuoted: true, line: line))
                index = end + 1
            case _ where isWord(byte):
                let start = index - 1
                while index < bytes.count, isWord(bytes[index]) { index += 1 }
                tokens.append(Token(text: String(decoding: bytes[start..<index], as: UTF8.self), line: line))
            default: throw AccessFileError(line: line, reason: "a character is not allowed here")
            }
        }
        return tokens
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || byte >= 0x80
            || "_-+:.[]<>;/@$".utf8.contains(byte)
    }

    // MARK: - Grammar

    private var line: Int { tokens.first?.line ?? lastLine }

    private func error(_ reason: String) -> AccessFileError { AccessFileError(line: line, reason: reason) }

    private mutating func take(_ text: String) -> Bool {
        guard let token = tokens.first, token.text == text, !token.isQuoted else { return false }
        tokens.removeFirst()
        return true
    }

    private mutating func expect(_ text: String) throws(AccessFileError) {
        guard take(text) else { throw error("“\(text)” is expected, not “\(tokens.first?.text ?? "the end")”") }
    }

    private mutating func word() throws(AccessFileError) -> String {
        guard let token = tokens.first, token.isQuoted || !"(){},".contains(token.text) else {
            throw error("a name is expected, not “\(tokens.first?.text ?? "the end")”")
        }
        tokens.removeFirst()
        return token.text
    }

    private mutating func list(_ close: String) throws(AccessFileError) -> [String] {
        var words: [String] = []
        if take(close) { return words }
        repeat { words.append(try word()) } while take(",")
        try expect(close)
        return words
    }

    private mutating func section(_ token: Token) throws(AccessFileError) {
        let keyword = try word()
        try expect("(")
        let name = try word()
        try expect(")")
        switch keyword {
        case "UAG":
            let members = take("{") ? try list("}") : []
            file.users[name, default: []].formUnion(members)
        case "HAG": try hosts(name)
        case "ASG":
            guard file.groups[name] == nil else { throw error("ASG(\(name)) is there twice") }
            file.groups[name] = try group()
        default: throw AccessFileError(line: token.line, reason: "“\(keyword)” is none of UAG, HAG, ASG")
        }
    }

    private mutating func hosts(_ name: String) throws(AccessFileError) {
        let members = take("{") ? try list("}") : []
        var patterns = file.hosts[name] ?? []
        for member in members {
            guard let pattern = HostPattern(member) else { throw error("“\(member)” is no host, address or network") }
            patterns.append(pattern)
        }
        file.hosts[name] = patterns
    }

    private mutating func group() throws(AccessFileError) -> AccessFile.Group {
        var group = AccessFile.Group()
        guard take("{") else { return group }
        while !take("}") {
            let keyword = try word()
            try expect("(")
            if keyword == "RULE" {
                group.rules.append(try rule())
            } else if keyword.hasPrefix("INP"), keyword.utf8.count == 4, let letter = keyword.utf8.last,
                Calculation.letters.contains(letter)
            {
                group.inputs[letter] = try word()
                try expect(")")
            } else {
                throw error("“\(keyword)” is neither INPA to INPU nor RULE")
            }
        }
        return group
    }

    private mutating func rule() throws(AccessFileError) -> AccessFile.Rule {
        let text = try word()
        guard let level = Int(text), level == 0 || level == 1 else { throw error("the level “\(text)” is not 0 or 1") }
        try expect(",")
        let right = try word()
        let rights: [String: AccessRights] = ["NONE": [], "READ": .read, "WRITE": [.read, .write]]
        guard let rights = rights[right] else { throw error("“\(right)” is none of NONE, READ, WRITE") }
        var rule = AccessFile.Rule(level: level, rights: rights)
        if take(",") {  // every write is noted, so the word changes nothing here
            let trap = try word()
            guard trap == "TRAPWRITE" || trap == "NOTRAPWRITE" else {
                throw error("“\(trap)” is neither TRAPWRITE nor NOTRAPWRITE")
            }
        }
        try expect(")")
        if take("{") { while !take("}") { try condition(&rule) } }
        return rule
    }

    private mutating func condition(_ rule: inout AccessFile.Rule) throws(AccessFileError) {
        let keyword = try word()
        try expect("(")
        switch keyword {
        case "UAG": rule.users += try list(")")
        case "HAG": rule.hosts += try list(")")
        case "CALC":
            let text = try word()
            guard let calculation = Calculation(text) else { throw error("“\(text)” cannot be calculated") }
            rule.condition = calculation
            try expect(")")
        default: throw error("“\(keyword)” is none of UAG, HAG, CALC")
        }
    }
}
