// Part of daqd
// SPDX-License-Identifier: MIT
internal import Glibc
internal import Synchronization

/// How log lines look.
public enum LogFormat: String, Sendable, CaseIterable {
    /// For people.
    case text
    /// One JSON object a line.
    case json
    /// `LEVEL:component:message`, as Python's `logging` prints it and ARTIQ's controller manager reads it.
    case artiq
}

/// Which messages are written: one level for all, others for named components and their parts.
public struct LogLevels: Sendable, Equatable {
    /// For components that are not named.
    public var standard: LogLevel
    /// By component, or by its part after a dot: `eiger1`, `eiger1.http`.
    public var components: [String: LogLevel]

    /// Levels.
    public init(_ standard: LogLevel = .info, components: [String: LogLevel] = [:]) {
        self.standard = standard
        self.components = components
    }

    func level(of component: String) -> LogLevel {
        var name = component[...]
        while true {
            if let level = components[String(name)] { return level }
            guard let dot = name.lastIndex(of: ".") else { return standard }
            name = name[..<dot]
        }
    }
}

/// Where log lines go: one write a line, so that lines of several threads never mix.
final class LogSink: Sendable {
    private let levels: Mutex<LogLevels>
    private let output: @Sendable (LogRecord) -> Void
    private let observers = Mutex<(next: Int, handlers: [Int: @Sendable (LogRecord) -> Void])>((0, [:]))

    init(levels: LogLevels, write: @escaping @Sendable (LogRecord) -> Void) {
        self.levels = Mutex(levels)
        output = write
    }

    /// Lines to a file descriptor.
    convenience init(levels: LogLevels, format: LogFormat, descriptor: Int32) {
        self.init(levels: levels) { record in
            Self.write(Array((record.text(in: format) + "\n").utf8), to: descriptor)
        }
    }

    /// Writes all bytes, with one call where the system takes them at once; gives up silently where nobody reads.
    static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var offset = 0
        while offset < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { raw in
                unsafe Glibc.write(descriptor, raw.baseAddress?.advanced(by: offset), raw.count - offset)
            }
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return }
            offset += count
        }
    }

    func change(_ levels: LogLevels) { self.levels.withLock { $0 = levels } }

    func isEnabled(_ level: LogLevel, for component: String) -> Bool {
        levels.withLock { $0.components.isEmpty ? level >= $0.standard : level >= $0.level(of: component) }
    }

    func write(_ record: LogRecord) {
        output(record)
        let handlers = observers.withLock { $0.handlers.isEmpty ? [] : Array($0.handlers.values) }
        for handler in handlers { handler(record) }
    }

    func observe(_ handler: @escaping @Sendable (LogRecord) -> Void) -> Int {
        observers.withLock { observers in
            observers.next += 1
            observers.handlers[observers.next] = handler
            return observers.next
        }
    }

    func removeObserver(_ number: Int) { observers.withLock { $0.handlers[number] = nil } }
}
