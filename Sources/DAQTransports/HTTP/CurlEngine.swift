// Part of daqd
// SPDX-License-Identifier: MIT
import CCurl
import DAQKernel
import Glibc
import Synchronization

/// The thread that drives one curl multi handle, and the queue by which tasks reach it.
///
/// `@unchecked Sendable`: `multi` is used by the thread alone except for `curl_multi_wakeup`, which libcurl allows from
/// everywhere and which is called under the inbox's lock, so never after the handle is gone.
@safe
final class CurlEngine: @unchecked Sendable {
    private enum Message {
        case start(CurlTransfer)
        case cancel(UInt64)
        case resume(UInt64)
    }

    private struct Inbox {
        var messages: [Message] = []
        var stopped = false
        var nextID: UInt64 = 1
    }

    private let inbox = Mutex(Inbox())
    private let multi: UnsafeMutableRawPointer
    private var schedule: TransferSchedule
    private var running: [UInt64: CurlTransfer] = [:]

    private static let libraryReady: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    init(name: String, limits: [String: Int]) throws {
        guard Self.libraryReady, let multi = unsafe curl_multi_init() else {
            throw HTTPError(.stopped, "The HTTP client \(name) could not start: libcurl gave no handle.")
        }
        unsafe self.multi = multi
        schedule = TransferSchedule(limits: limits)
        unsafe _ = daqd_curl_multi_set_long(multi, CURLMOPT_PIPELINING, Int(CURLPIPE_NOTHING))
        unsafe _ = daqd_curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, 16)
        guard NamedThread.start(name, { self.loop() }) else {
            unsafe curl_multi_cleanup(multi)
            throw HTTPError(.stopped, "The HTTP client \(name) could not start: the system gave no thread.")
        }
    }

    // MARK: - From any thread

    func run(_ transfer: CurlTransfer) async throws -> HTTPResponse {
        if let objection = transfer.request.objection() {
            throw HTTPError(.request, "A request was not sent: \(objection).")
        }
        let id = inbox.withLock { inbox in
            defer { inbox.nextID += 1 }
            return inbox.nextID
        }
        transfer.id = id
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                transfer.continuation = continuation
                if !post(.start(transfer)) {
                    transfer.finish(
                        .failure(HTTPError(.stopped, "\(transfer.name) was not sent: the client has stopped.")))
                } else if Task.isCancelled {
                    // The handler may have run before the start was queued; a cancel of an unknown id does nothing.
                    _ = post(.cancel(id))
                }
            }
        } onCancel: {
            _ = post(.cancel(id))
        }
    }

    func resume(_ id: UInt64) {
        _ = post(.resume(id))
    }

    func stop() {
        inbox.withLock { inbox in
            guard !inbox.stopped else { return }
            inbox.stopped = true
            unsafe curl_multi_wakeup(multi)
        }
    }

    private func post(_ message: sending Message) -> Bool {
        inbox.withLock { inbox in
            guard !inbox.stopped else { return false }
            inbox.messages.append(message)
            unsafe curl_multi_wakeup(multi)
            return true
        }
    }

    // MARK: - On the thread

    private func loop() {
        while true {
            let (messages, stopped) = inbox.withLock { inbox in
                defer { inbox.messages.removeAll(keepingCapacity: true) }
                return (inbox.messages, inbox.stopped)
            }
            messages.forEach(handle)
            if stopped { break }
            startWaiting()
            var active: Int32 = 0
            unsafe curl_multi_perform(multi, &active)
            if collectFinished() { continue }
            unsafe curl_multi_poll(multi, nil, 0, pollLimit(), nil)
        }
        let error = HTTPError(.stopped, "The request was ended: its HTTP client has stopped.")
        for transfer in schedule.removeAll() { transfer.finish(.failure(error)) }
        for transfer in running.values {
            detach(transfer)
            transfer.finish(.failure(error))
        }
        running = [:]
        unsafe curl_multi_cleanup(multi)
    }

    private func pollLimit() -> Int32 {
        guard let deadline = schedule.nextDeadline else { return 60_000 }
        return Int32(clamping: min(60_000, ContinuousClock.now.duration(to: deadline).wholeMilliseconds + 1))
    }

    private func handle(_ message: Message) {
        switch message {
        case .start(let transfer):
            schedule.add(transfer)
        case .cancel(let id):
            if let transfer = schedule.remove(id) {
                transfer.finish(.failure(CancellationError()))
            } else if let transfer = running.removeValue(forKey: id) {
                detach(transfer)
                schedule.ended(transfer)
                transfer.finish(.failure(CancellationError()))
            }
        case .resume(let id):
            if let easy = unsafe running[id]?.easy { unsafe curl_easy_pause(easy, CURLPAUSE_CONT) }
        }
    }

    private func startWaiting() {
        for transfer in schedule.removeOverdue(at: .now) {
            transfer.finish(
                .failure(
                    HTTPError(
                        .timeout,
                        "\(transfer.name) was not sent: no place became free in the pool \(transfer.request.pool) within "
                            + "\(transfer.request.timeouts.total?.spokenSeconds ?? "its time").")))
        }
        while let transfer = schedule.next() {
            if CurlOptions.attach(transfer), let easy = unsafe transfer.easy {
                running[transfer.id] = transfer
                unsafe curl_multi_add_handle(multi, easy)
            } else {
                CurlOptions.release(transfer)
                schedule.ended(transfer)
                transfer.finish(
                    .failure(HTTPError(.request, "\(transfer.name) was not sent: libcurl refused its options.")))
            }
        }
    }

    /// Whether anything ended, so that places may have become free.
    private func collectFinished() -> Bool {
        var any = false
        var result = CURLE_OK
        while let easy = unsafe daqd_curl_next_finished(multi, &result) {
            guard let id = running.first(where: { unsafe $0.value.easy == easy })?.key,
                let transfer = running.removeValue(forKey: id)
            else { continue }
            let outcome = unsafe CurlOptions.outcome(of: transfer, easy, result)
            detach(transfer)
            schedule.ended(transfer)
            transfer.finish(outcome)
            any = true
        }
        return any
    }

    private func detach(_ transfer: CurlTransfer) {
        if let easy = unsafe transfer.easy { unsafe curl_multi_remove_handle(multi, easy) }
        CurlOptions.release(transfer)
    }
}
