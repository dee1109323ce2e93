// Part of daqd
// SPDX-License-Identifier: MIT
import CCurl
import Glibc

/// One request on its way: what libcurl's callbacks fill, and who waits for it.
///
/// `@unchecked Sendable`: after submission only the engine's thread touches it.
@safe
final class CurlTransfer: @unchecked Sendable {
    let request: HTTPRequest
    let sink: DownloadSink?
    let submitted = ContinuousClock.now
    /// Given by the engine at submission.
    var id: UInt64 = 0
    var continuation: CheckedContinuation<HTTPResponse, any Error>?
    /// The easy handle while the transfer runs.
    var easy: UnsafeMutableRawPointer?
    var headerList: UnsafeMutablePointer<curl_slist>?

    private(set) var fields: [HTTPField] = []
    private(set) var body: [UInt8] = []
    /// Our own reason for ending the transfer; wins over libcurl's.
    private(set) var failure: HTTPError?
    /// Whether the blank line after the headers came; libcurl takes a reply that ends before it for a good one.
    private(set) var headersEnded = false
    private var headerBytes = 0
    private var status = 0
    private var sinkDecided = false
    private var usesSink = false
    /// Where the requested range begins; what is already in the file.
    private let rangeStart: Int64

    /// More than any server of a detector sends, and little enough to hold.
    private static let headerLimit = 256 << 10
    /// An error page kept beside a download.
    private static let errorPageLimit = 64 << 10

    init(_ request: HTTPRequest, sink: DownloadSink?) {
        self.request = request
        self.sink = sink
        rangeStart = sink?.count ?? 0
    }

    /// When waiting in the pool has to end; `nil` without limit.
    var deadline: ContinuousClock.Instant? {
        request.timeouts.total.map { submitted.advanced(by: $0) }
    }

    func finish(_ result: Result<HTTPResponse, any Error>) {
        continuation?.resume(with: result)
        continuation = nil
    }

    func response(status: Int) -> HTTPResponse {
        HTTPResponse(status: status, fields: fields, body: body, duration: submitted.duration(to: .now))
    }

    /// Takes one header line; `false` ends the transfer.
    func receiveHeader(_ bytes: UnsafeRawBufferPointer) -> Bool {
        headerBytes += bytes.count
        guard headerBytes <= Self.headerLimit else {
            failure = HTTPError(.tooLarge, "\(name) was answered with headers of more than 256 KiB.")
            return false
        }
        let line = unsafe String(decoding: bytes, as: UTF8.self)
        if line.hasPrefix("HTTP/") {
            // A further status line follows an interim reply such as 100.
            fields = []
            headersEnded = false
            let words = line.split(separator: " ", maxSplits: 2)
            status = words.count > 1 ? Int(words[1].prefix { $0.isNumber }) ?? 0 : 0
            return true
        }
        if line.utf8.allSatisfy({ $0 == 0x0D || $0 == 0x0A }) { headersEnded = true }
        guard let colon = line.utf8.firstIndex(of: 0x3A) else { return true }
        fields.append(HTTPField(Self.trimmed(line[..<colon]), Self.trimmed(line[line.utf8.index(after: colon)...])))
        return true
    }

    private static func trimmed(_ text: Substring) -> String {
        var bytes = Substring(text).utf8
        while let byte = bytes.first, byte <= 0x20 { bytes.removeFirst() }
        while let byte = bytes.last, byte <= 0x20 { bytes.removeLast() }
        return String(Substring(bytes))
    }

    /// What libcurl is told after a piece of the body.
    enum Reception {
        case taken, pause, end
    }

    func receiveBody(_ bytes: UnsafeRawBufferPointer) -> Reception {
        if let sink {
            if !sinkDecided {
                sinkDecided = true
                if let error = decideSink(sink) {
                    failure = error
                    return .end
                }
            }
            if usesSink {
                switch unsafe sink.take(bytes) {
                case .taken: return .taken
                case .full: return .pause
                case .failed(let error):
                    failure = error
                    return .end
                }
            }
        }
        let limit = sink == nil ? request.responseLimit : Self.errorPageLimit
        guard body.count + bytes.count <= limit else {
            failure = HTTPError(
                .tooLarge, "\(name) was answered with more than the \(limit) bytes that are accepted.", status: status)
            return .end
        }
        unsafe body.append(contentsOf: bytes)
        return .taken
    }

    /// Judges the headers of a download before its first byte is stored.
    private func decideSink(_ sink: DownloadSink) -> HTTPError? {
        switch status {
        case 200:
            // The server sends the whole file: a range asked for was ignored.
            if rangeStart > 0, let error = sink.restart() { return error }
            usesSink = true
            return nil
        case 206:
            let text = response(status: 206).field("Content-Range") ?? ""
            guard rangeStart > 0, let range = HTTPContentRange(text), range.first == rangeStart else {
                return HTTPError(
                    .malformed, "\(name) asked for bytes from \(rangeStart) on and got the range '\(text.prefix(60))'.",
                    status: 206)
            }
            usesSink = true
            return nil
        default:
            return nil
        }
    }

    /// Method and address for a sentence.
    var name: String { "\(request.method) \(request.url)" }
}
