// Part of daqd
// SPDX-License-Identifier: MIT
internal import Synchronization

/// How important a message is.
public enum LogLevel: String, Sendable, Comparable, CaseIterable {
    /// Bytes.
    case trace
    /// Traffic in outline.
    case debug
    /// What a client asked.
    case info
    /// A change that an operator would want to see.
    case notice
    /// We coped; look tomorrow.
    case warning
    /// Someone must act.
    case error

    /// A more important level is the greater one.
    public static func < (left: LogLevel, right: LogLevel) -> Bool { left.rank < right.rank }

    /// The nearest level of Python's `logging`, with the TRACE that sipyco adds.
    var pythonName: String {
        switch self {
        case .trace: "TRACE"
        case .debug: "DEBUG"
        case .info, .notice: "INFO"
        case .warning: "WARNING"
        case .error: "ERROR"
        }
    }

    private var rank: Int {
        switch self {
        case .trace: 0
        case .debug: 1
        case .info: 2
        case .notice: 3
        case .warning: 4
        case .error: 5
        }
    }
}

/// A component's log: constant sentences, data as metadata.
///
/// `logger.notice("Series started", ["frames": 10])`
public struct Logger: Sendable {
    /// Name of the component, as configured.
    public let component: String
    private let sink: LogSink

    init(component: String, sink: LogSink) {
        self.component = component
        self.sink = sink
    }

    /// A log for tests and tools, which hands every record to a closure.
    public init(component: String, level: LogLevel = .trace, _ handler: @escaping @Sendable (LogRecord) -> Void) {
        self.init(component: component, sink: LogSink(levels: LogLevels(level), write: handler))
    }

    /// The log of a part of this component, with its own level: `eiger1.http`.
    public func child(_ name: String) -> Logger { Logger(component: "\(component).\(name)", sink: sink) }

    /// The log of another component at the same place.
    func sibling(_ name: String) -> Logger { Logger(component: name, sink: sink) }

    /// Hears of every message of every component that is written at the same place: for frontends that forward the log.
    ///
    /// `handler` is called on the thread of the message: it must neither block nor log.
    /// - Returns: A number for ``removeObserver(_:)``.
    public func observe(_ handler: @escaping @Sendable (LogRecord) -> Void) -> Int { sink.observe(handler) }

    /// Ends what ``observe(_:)`` began.
    public func removeObserver(_ number: Int) { sink.removeObserver(number) }

    /// Whether messages of that level are written.
    public func isEnabled(_ level: LogLevel) -> Bool { sink.isEnabled(level, for: component) }

    /// Writes a message if its level is enabled; the data are not made otherwise.
    public func log(_ level: LogLevel, _ message: String, _ data: @autoclosure () -> KeyValuePairs<String, JSON> = [:])
    {
        guard isEnabled(level) else { return }
        sink.write(
            LogRecord(
                time: .now(), level: level, component: component, message: message,
                data: data().map { ($0.key, $0.value) }))
    }

    /// Bytes.
    public func trace(_ message: String, _ data: @autoclosure () -> KeyValuePairs<String, JSON> = [:]) {
        log(.trace, message, data())
    }
    /// Traffic in outline.
    public func debug(_ message: String, _ data: @autoclosure () -> KeyValuePairs<String, JSON> = [:]) {
        log(.debug, message, data())
    }
    /// What a client asked.
    public func info(_ message: String, _ data: @autoclosure () -> KeyValuePairs<String, JSON> = [:]) {
        log(.info, message, data())
    }
    /// A change that an operator would want to see.
    public func notice(_ message: String, _ data: @autoclosure () -> KeyValuePairs<String, JSON> = [:]) {
        log(.notice, message, data())
    }
    /// We coped; look tomorrow.
    public func warning(_ message: String, _ data: @autoclosure () -> KeyValuePairs<String, JSON> = [:]) {
        log(.warning, message, data())
    }
    /// Someone must act.
    public func error(_ message: String, _ data: @autoclosure () -> KeyValuePairs<String, JSON> = [:]) {
        log(.error, message, data())
    }
}
