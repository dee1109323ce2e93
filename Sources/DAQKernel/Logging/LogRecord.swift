// Part of daqd
// SPDX-License-Identifier: MIT

/// One message of the log.
public struct LogRecord: Sendable {
    /// When.
    public var time: Timestamp
    /// How important.
    public var level: LogLevel
    /// Whose.
    public var component: String
    /// A constant sentence.
    public var message: String
    /// Data, in order.
    public var data: [(String, JSON)]

    /// One line for a terminal: time, level, component, sentence, `key=value` pairs.
    public var text: String {
        var line = "\(time) \(level.rawValue.padded(7)) \(component): \(message)"
        for (key, value) in data {
            line +=
                " \(key)=\(value.string.map { $0.contains(" ") || $0.isEmpty ? JSON.string($0).text : $0 } ?? value.text)"
        }
        return line.escapingControlCharacters
    }

    /// The level in Python's words, the component and the message with its data: `WARNING:rpc:A client was sent away peer=::1`.
    ///
    /// A message of several lines says how many: `INFO<2>:rpc:first`, and the second line as it is.
    public var pythonText: String {
        let data = data.map { key, value in " \(key)=\(value.string ?? value.text)" }.joined()
        let text = (message + data).escapingControlCharacters
        let lines = text.utf8.count { $0 == UInt8(ascii: "\n") } + 1
        return "\(level.pythonName)\(lines > 1 ? "<\(lines)>" : ""):\(component):\(text)"
    }

    func text(in format: LogFormat) -> String {
        switch format {
        case .text: text
        case .json: json.text
        case .artiq: pythonText
        }
    }

    /// One JSON object for a log collector.
    public var json: JSON {
        .object(
            [
                ("time", .string(time.description)), ("level", .string(level.rawValue)),
                ("component", .string(component)), ("message", .string(message)),
            ] + (data.isEmpty ? [] : [("data", .object(data))]))
    }
}

extension String {
    fileprivate func padded(_ width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - utf8.count))
    }

    /// A peer's text must not forge a second line or drive the terminal.
    fileprivate var escapingControlCharacters: String {
        guard unicodeScalars.contains(where: { $0.value < 32 && $0 != "\n" || $0.value == 127 }) else { return self }
        var text = ""
        for scalar in unicodeScalars {
            if scalar.value < 32 && scalar != "\n" || scalar.value == 127 {
                text += "\\u{" + String(scalar.value, radix: 16) + "}"
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
