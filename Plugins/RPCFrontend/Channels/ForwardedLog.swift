// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// Reads what other programs forward of their logs: `source:LEVEL:name:message`, and `LEVEL<n>` before a message of n lines.
struct ForwardedLog {
    /// One message of another program.
    struct Message: Equatable {
        var source: String
        var level: LogLevel
        var name: String
        var text: String
    }

    /// Bytes of a message beyond which its further lines are left out.
    static let longest = 65_536

    private var open: (message: Message, left: Int)?

    /// Takes a line without its end.
    /// - Returns: The message that it completes.
    /// - Throws: When it names no source, as every first line of a message must.
    mutating func take(_ line: String) throws(RPCException) -> Message? {
        if let (message, left) = open { return goOn(message, left, line) }
        guard let colon = line.firstIndex(of: ":") else {
            throw RPCException("ValueError", "“\(line.prefix(80))” is no line of a forwarded log: it names no source")
        }
        let (message, count) = Self.read(String(line[..<colon]), line[line.index(after: colon)...])
        guard count > 1 else { return message }
        open = (message, count - 1)
        return nil
    }

    private mutating func goOn(_ message: Message, _ left: Int, _ line: String) -> Message? {
        var message = message
        if message.text.utf8.count + line.utf8.count < Self.longest { message.text += "\n" + line }
        open = left > 1 ? (message, left - 1) : nil
        return left > 1 ? nil : message
    }

    /// What is not of the form is the message of a program that prints.
    private static func read(_ source: String, _ rest: Substring) -> (Message, lines: Int) {
        let parts = rest.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let (level, count) = level(parts[0]) else {
            return (Message(source: source, level: .info, name: "print", text: String(rest)), 1)
        }
        return (Message(source: source, level: level, name: String(parts[1]), text: String(parts[2])), count)
    }

    private static func level(_ word: Substring) -> (LogLevel, lines: Int)? {
        var name = word
        var count = 1
        if word.hasSuffix(">"), let bracket = word.firstIndex(of: "<") {
            name = word[..<bracket]
            guard let number = Int(word[word.index(after: bracket)...].dropLast()), number > 0 else { return nil }
            count = number
        }
        let level: LogLevel? =
            switch name {
            case "CRITICAL", "ERROR": .error
            case "WARNING", "WARN": .warning
            case "INFO": .info
            case "DEBUG": .debug
            case "TRACE": .trace
            default: nil
            }
        return level.map { ($0, count) }
    }
}
