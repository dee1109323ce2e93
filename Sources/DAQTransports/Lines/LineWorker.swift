// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Synchronization

/// The thread on which a ``LineTransport`` talks to its controller.
final class LineWorker: Sendable {
    private struct State {
        var waiting: [LineRequest] = []
        var isStopped = false
    }

    private let configuration: LineTransport.Configuration
    private let logger: Logger
    private let state = Mutex(State())
    private let work = ThreadSemaphore()
    private let wake: WakeDescriptor

    init(_ configuration: LineTransport.Configuration, logger: Logger) throws(DeviceError) {
        self.configuration = configuration
        self.logger = logger
        wake = try WakeDescriptor()
        guard NamedThread.start("lines", { [self] in run() }) else {
            throw DeviceError(.failed, "the system gives no thread for \(configuration.host):\(configuration.port)")
        }
    }

    /// Puts a request in its place and waits for its result.
    func perform(_ request: LineRequest) async throws -> String {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                guard request.wait(continuation) else {
                    continuation.resume(throwing: CancellationError())
                    return
                }
                enqueue(request)
            }
        } onCancel: {
            request.cancel()
            wake.post()
        }
    }

    /// Ends the thread; what waits fails.
    func stop() {
        let waiting = state.withLock { state in
            state.isStopped = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for request in waiting { request.finish(.failure(closed)) }
        wake.post()
        work.post()
    }

    private var closed: DeviceError {
        DeviceError(.disconnected, "the connection to \(configuration.host):\(configuration.port) was closed")
    }

    /// Requests that wait for their turn.
    var waiting: Int { state.withLock { $0.waiting.count } }

    private var isStopped: Bool { state.withLock { $0.isStopped } }

    private func enqueue(_ request: LineRequest) {
        let isAccepted = state.withLock { state in
            if state.isStopped { return false }
            // Behind all that are as urgent.
            let place = state.waiting.firstIndex { $0.priority > request.priority } ?? state.waiting.endIndex
            state.waiting.insert(request, at: place)
            return true
        }
        if isAccepted { work.post() } else { request.finish(.failure(closed)) }
    }

    // MARK: - On the thread

    private func run() {
        var connection = LineConnection(configuration, wake: wake)
        while true {
            work.wait()
            let (request, isStopped) = state.withLock { state in
                (state.waiting.isEmpty ? nil : state.waiting.removeFirst(), state.isStopped)
            }
            if isStopped {
                request?.finish(.failure(closed))
                connection.close()
                return
            }
            guard let request, !request.isCancelled else { continue }
            serve(request, &connection)
        }
    }

    private func serve(_ request: LineRequest, _ connection: inout LineConnection) {
        do {
            let answer = try connection.exchange(request) { request.isCancelled || isStopped }
            request.finish(.success(answer))
        } catch {
            // Whatever of the answer still comes must not meet the next question.
            connection.close()
            logger.debug(
                "A line was not answered", ["line": .string(request.line), "error": .string(error.message)])
            request.finish(.failure(error))
        }
    }
}
