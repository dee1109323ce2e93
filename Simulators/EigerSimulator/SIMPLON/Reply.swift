// Part of daqd
// SPDX-License-Identifier: MIT

internal import DAQKernel
internal import DAQRoutes

/// An answer before it goes out, so that a fault can still spoil it.
enum Reply: Sendable {
    /// Bytes that are all there.
    case bytes(status: Int, headers: HTTPHeaders, [UInt8])
    /// A file or a part of it.
    case file(HTTPResponse, MemoryFile, Range<Int>)
    /// The connection is closed without an answer.
    case closed

    /// JSON.
    static func json(_ value: JSON) -> Reply { text(200, value.text, type: "application/json; charset=utf-8") }

    /// A text, plain unless told otherwise.
    static func text(_ status: Int, _ text: String, type: String = "text/plain; charset=utf-8") -> Reply {
        .bytes(status: status, headers: HTTPHeaders("Content-Type", type), Array(text.utf8))
    }

    /// Bytes of some type.
    static func bytes(_ bytes: [UInt8], type: String) -> Reply {
        .bytes(status: 200, headers: HTTPHeaders("Content-Type", type), bytes)
    }

    /// Nothing to say.
    static func empty(_ status: Int) -> Reply { .bytes(status: status, headers: HTTPHeaders(), []) }

    /// The status; 0 where the connection is closed.
    var status: Int {
        switch self {
        case .bytes(let status, _, _): status
        case .file(let response, _, _): response.status
        case .closed: 0
        }
    }

    /// What the server sends.
    var response: HTTPResponse {
        switch self {
        case .bytes(let status, let headers, let bytes):
            HTTPResponse(status, headers: headers, body: bytes.isEmpty ? .empty : .bytes(bytes))
        case .file(let response, _, _): response
        case .closed: .disconnect
        }
    }

    /// How many bytes the body has.
    private var size: Int {
        switch self {
        case .bytes(_, _, let bytes): bytes.count
        case .file(_, _, let range): range.count
        case .closed: 0
        }
    }

    /// A part of the body.
    private func read(_ range: Range<Int>) -> [UInt8] {
        switch self {
        case .bytes(_, _, let bytes): Array(bytes[range])
        case .file(_, let content, let whole):
            content.read(whole.lowerBound + range.lowerBound..<whole.lowerBound + range.upperBound)
        case .closed: []
        }
    }

    /// Says that the connection ends after this reply.
    func closing() -> HTTPResponse {
        var response = response
        response.headers["Connection"] = "close"
        return response
    }

    /// The same status and headers, but with a body that is too long, too short, cut or sent in pieces.
    func spoiled(by spoiling: Spoiling) -> HTTPResponse {
        if case .closed = self { return .disconnect }
        var response = response
        let (size, announced) = (size, max(0, size + spoiling.surplus))
        response.body = .stream(length: UInt64(announced)) { writer in
            let end = min(size, announced, spoiling.cut ?? .max)
            var next = 0
            while next < end {
                let piece = next..<min(next + spoiling.pieceSize, end)
                try await writer.write(read(piece))
                next = piece.upperBound
                if next < end || spoiling.rate != nil { try await Task.sleep(for: spoiling.pause(after: piece.count)) }
            }
            if end < announced { writer.cut() }
        }
        return response
    }
}

/// How a reply's body goes wrong.
struct Spoiling: Sendable {
    /// How much more is announced than there is.
    var surplus = 0
    /// After how many bytes the connection is cut.
    var cut: Int?
    /// Bytes a second.
    var rate: Int?
    /// Bytes in one piece, and the seconds between two.
    var segments: (bytes: Int, seconds: Double)?

    /// What the faults that struck a request do to its reply; `nil` when they leave it alone.
    init?(_ faults: [Fault]) {
        for fault in faults {
            switch fault.kind.name {
            case "wrong_length": surplus = fault.count("add")
            case "truncate": cut = min(cut ?? .max, fault.count("bytes"))
            case "slow": rate = min(rate ?? .max, fault.count("bytes_per_second"))
            case "segments": segments = (max(1, fault.count("bytes")), fault.number("seconds"))
            default: continue
            }
        }
        if surplus == 0, cut == nil, rate == nil, segments == nil { return nil }
    }

    /// Bytes that are sent in one go.
    var pieceSize: Int { segments?.bytes ?? min(256 << 10, max(1, (rate ?? .max) / 10)) }

    /// How long to wait after a piece.
    func pause(after bytes: Int) -> Duration {
        .seconds(rate.map { Double(bytes) / Double($0) } ?? segments?.seconds ?? 0)
    }
}
