// Part of daqd
// SPDX-License-Identifier: MIT

/// What a download into a file brought.
public struct HTTPDownload: Sendable {
    /// 200, 206, or 416 when the file was already whole.
    public var status: Int
    /// The size of the file, equal to what the server announced.
    public var size: Int64
    /// The header fields of the reply.
    public var fields: [HTTPField]
}

extension HTTPClient {
    /// Brings one attempt at a file into `sink`, from where the sink's file ends.
    ///
    /// When bytes are already there the rest is asked for as a range; a server that ignores ranges sends the whole file and the
    /// sink begins again. After a failure the sink holds what arrived: call again to continue.
    /// - Throws: ``HTTPError``: with ``HTTPError/Code/status`` for every reply but 200 and 206, ``HTTPError/Code/truncated`` when
    ///   fewer bytes arrived than announced, ``HTTPError/Code/malformed`` when no size was announced; `CancellationError`.
    public func download(_ request: HTTPRequest, into sink: DownloadSink) async throws -> HTTPDownload {
        let start = sink.count
        let transfer = CurlTransfer(request, sink: sink)
        try sink.begin(wake: { [weak engine, weak transfer] in
            guard let engine, let transfer else { return }
            engine.resume(transfer.id)
        })
        let reply: Result<HTTPResponse, any Error>
        do {
            reply = .success(try await engine.run(transfer))
        } catch {
            reply = .failure(error)
        }
        try await sink.end()
        return try Self.judge(reply.get(), transfer, start: start, count: sink.count)
    }

    private static func judge(
        _ reply: HTTPResponse, _ transfer: CurlTransfer, start: Int64, count: Int64
    ) throws(HTTPError) -> HTTPDownload {
        let announced: Int64?
        switch reply.status {
        case 200: announced = reply.contentLength
        case 206: announced = reply.field("Content-Range").flatMap(HTTPContentRange.init)?.total
        case 416:
            announced = reply.field("Content-Range").flatMap(HTTPContentRange.unsatisfiedTotal)
            guard announced == start else { fallthrough }
        default:
            let line = reply.firstLine
            throw HTTPError(
                .status, "\(transfer.name) was answered with status \(reply.status)\(line.isEmpty ? "" : ": " + line).",
                status: reply.status, wasSent: true)
        }
        guard let announced else {
            throw HTTPError(
                .malformed,
                "\(transfer.name) was answered without the size of the file, so nothing proves that it is whole.",
                status: reply.status, wasSent: true)
        }
        guard count == announced else {
            throw HTTPError(
                .truncated, "\(transfer.name) brought \(count) bytes of the \(announced) that were announced.",
                status: reply.status, wasSent: true)
        }
        return HTTPDownload(status: reply.status, size: count, fields: reply.fields)
    }
}
