// Part of daqd
// SPDX-License-Identifier: MIT

/// One thing that is wrong, or doubtful, in a configuration.
public struct Diagnostic: Hashable, Sendable, CustomStringConvertible {
    /// Whether daqd can go on with it.
    public enum Severity: Hashable, Sendable {
        /// The configuration cannot be used.
        case error
        /// The configuration can be used; somebody should look.
        case warning
    }

    /// Whether daqd can go on with it.
    public var severity: Severity
    /// Where it stands; absent for what has no place in a file.
    public var place: SourcePlace?
    /// What is wrong and what to do, in one sentence.
    public var message: String

    /// A diagnostic; an error unless told otherwise.
    public init(_ message: String, at place: SourcePlace?, severity: Severity) {
        self.severity = severity
        self.place = place
        self.message = message
    }

    /// An error at a place.
    public static func error(_ message: String, at place: SourcePlace?) -> Diagnostic {
        Diagnostic(message, at: place, severity: .error)
    }

    /// A warning at a place.
    public static func warning(_ message: String, at place: SourcePlace?) -> Diagnostic {
        Diagnostic(message, at: place, severity: .warning)
    }

    /// `file:line:column: message`, with `warning:` before the message of a warning.
    public var description: String {
        let text = severity == .warning ? "warning: \(message)" : message
        guard let place else { return text }
        return "\(place): \(text)"
    }
}

extension [Diagnostic] {
    /// Whether one of them is an error.
    public var hasErrors: Bool { contains { $0.severity == .error } }

    /// In the order of a reader: by file as first met, then line, then column; repeated ones once.
    func inReadingOrder() -> [Diagnostic] {
        var files: [String: Int] = [:]
        for diagnostic in self {
            if let file = diagnostic.place?.file, files[file] == nil { files[file] = files.count }
        }
        var seen: Set<Diagnostic> = []
        return filter { seen.insert($0).inserted }.enumerated().sorted { left, right in
            let (leftKey, rightKey) = (left.element.order(files), right.element.order(files))
            return leftKey == rightKey ? left.offset < right.offset : leftKey.lexicographicallyPrecedes(rightKey)
        }.map(\.element)
    }
}

extension Diagnostic {
    fileprivate func order(_ files: [String: Int]) -> [Int] {
        guard let place else { return [Int.max] }
        return [files[place.file] ?? Int.max, place.line, place.column]
    }
}
