// Part of daqd
// SPDX-License-Identifier: MIT
public import DAQKernel

/// A controller that speaks lines of text over TCP: a question, one line of answer.
///
/// Requests go one at a time on a thread of its own, the most urgent first. It connects with the first request and again after a
/// loss; a request that failed is not repeated. Lines end with LF, a CR before it is taken off. After a time-out or a cancellation the
/// connection is closed, so that a late answer is never taken for that of the next question.
public final class LineTransport: Transport {
    /// What tells one controller from another, and how it speaks.
    public struct Configuration: Hashable, Sendable {
        /// Name or address.
        public var host: String
        /// TCP port.
        public var port: Int
        /// What ends a line that is sent.
        public var terminator = "\n"
        /// How long connecting, sending and answering may take together, unless a request says otherwise.
        public var timeout: Duration = .seconds(2)
        /// Longest answer in bytes; a longer one is an error and ends the connection.
        public var maximumLength = 65536

        /// A controller's address; the rest is filled in afterwards.
        public init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    /// The controller's address and manner.
    public let configuration: Configuration
    private let worker: LineWorker
    /// Requests that wait for their turn.
    var waiting: Int { worker.waiting }

    /// Makes the transport; it connects with the first request.
    /// - Throws: ``DeviceError`` when the system gives no thread.
    public init(_ configuration: Configuration, logger: Logger) throws {
        self.configuration = configuration
        worker = try LineWorker(configuration, logger: logger)
    }

    deinit { worker.stop() }

    /// Ends the connection; waiting requests fail.
    public func close() async { worker.stop() }

    /// Sends a line that has no answer.
    /// - Throws: ``DeviceError`` (`disconnected`, `timeout`, `badArguments` for a text of several lines), or `CancellationError`.
    public func send(
        _ line: String, timeout: Duration? = nil, priority: TransportPriority = .control
    ) async throws {
        _ = try await worker.perform(request(line, .nothing, timeout, priority))
    }

    /// Sends a line and returns the next line that comes back.
    /// - Throws: ``DeviceError`` (`disconnected`, `timeout`, `badArguments` for a text of several lines), or `CancellationError`.
    public func ask(
        _ line: String, timeout: Duration? = nil, priority: TransportPriority = .control
    ) async throws -> String {
        try await worker.perform(request(line, .line, timeout, priority))
    }

    /// The answers to a question that is asked again and again, first at once.
    ///
    /// Ends with an error, never by itself.
    public func lines(asking line: String, every period: Duration) -> LinePolling {
        LinePolling(transport: self, question: line, period: period)
    }

    private func request(
        _ line: String, _ answer: LineRequest.Answer, _ timeout: Duration?, _ priority: TransportPriority
    ) throws(DeviceError) -> LineRequest {
        guard !line.utf8.contains(where: { $0 == 10 || $0 == 13 || $0 == 0 }) else {
            throw DeviceError(.badArguments, "a line for \(configuration.host) must not hold a line end")
        }
        return LineRequest(line, answer, timeout: timeout ?? configuration.timeout, priority: priority)
    }
}

extension DeviceContext {
    /// The lines of the controller at an address, shared with other devices that ask for the same one.
    public func transport(_ kind: LineTransport.Type, host: String, port: Int) throws -> LineTransport {
        try transport(kind, LineTransport.Configuration(host: host, port: port))
    }
}
