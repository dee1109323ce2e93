// Part of daqd
// SPDX-License-Identifier: MIT
import DAQTransports
import Foundation
import ServerTesting
import Synchronization
import Testing

@Suite("Downloads into files")
struct DownloadTests {
    private let target = MemoryTarget()
    private static let pattern: [UInt8] = (0..<8_000_000).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 13) }
    private let content = DownloadTests.pattern

    private func stored() -> [UInt8] { target.bytes }

    private func request(_ server: RawServer) -> HTTPRequest {
        var request = HTTPRequest(.get, server.base + "/data/f.h5")
        request.timeouts = HTTPTimeouts(total: .seconds(60), stall: .seconds(20))
        request.freshConnection = true
        return request
    }

    /// Serves `content` with ranges; the first `breaks` attempts end after a part.
    private func rangeServer(breaks: Int, ignoringRanges: Bool = false) throws -> RawServer {
        try RawServer { [content] connection in
            guard let request = connection.request() else { return }
            let start =
                request.split(separator: "\r\n").first { $0.hasPrefix("Range: bytes=") }
                .flatMap { Int($0.dropFirst("Range: bytes=".count).dropLast()) } ?? 0
            let from = ignoringRanges ? 0 : start
            if from > 0 {
                connection.write(
                    "HTTP/1.1 206 Partial Content\r\nContent-Length: \(content.count - from)\r\n"
                        + "Content-Range: bytes \(from)-\(content.count - 1)/\(content.count)\r\n\r\n")
            } else {
                connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(content.count)\r\n\r\n")
            }
            let end = connection.index < breaks ? min(content.count, from + 3_000_001) : content.count
            connection.write(Array(content[from..<end]))
        }
    }

    @Test("a whole file, followed byte by byte")
    func whole() async throws {
        let server = try rangeServer(breaks: 0)
        let sink = DownloadSink(target)
        let result = try await HTTPClient().download(request(server), into: sink)
        #expect(result.size == Int64(content.count))
        #expect(stored() == content)
    }

    @Test("a transfer that breaks twice is continued where it ended")
    func resume() async throws {
        let server = try rangeServer(breaks: 2)
        let client = try HTTPClient()
        let sink = DownloadSink(target)
        for _ in 0..<2 {
            let error = try await #require(throws: HTTPError.self) {
                try await client.download(request(server), into: sink)
            }
            #expect(error.code == .truncated || error.code == .broken)
        }
        #expect(sink.count == 6_000_002)
        let result = try await client.download(request(server), into: sink)
        #expect(result.status == 206)
        #expect(stored() == content)
        #expect(server.received.last?.contains("Range: bytes=6000002-\r\n") == true)
    }

    @Test("a server that ignores ranges makes the file begin again")
    func ignoredRange() async throws {
        let server = try rangeServer(breaks: 1, ignoringRanges: true)
        let client = try HTTPClient()
        let sink = DownloadSink(target)
        await #expect(throws: HTTPError.self) { try await client.download(request(server), into: sink) }
        let result = try await client.download(request(server), into: sink)
        #expect(result.status == 200)
        #expect(target.restarts == 1)
        #expect(stored() == content)
    }

    @Test(
        "a range that begins elsewhere is refused, and nothing of it is stored",
        arguments: [
            "bytes 0-9/10", "bytes 4-9/10", "nonsense", "bytes 5-9/*x", "",
        ])
    func wrongRange(field: String) async throws {
        let server = try RawServer { connection in
            guard connection.request() != nil else { return }
            connection.reply("206 Partial Content", "67890", fields: ["Content-Range: \(field)"])
        }
        try target.write("12345")
        let sink = DownloadSink(target)
        let error = try await #require(throws: HTTPError.self) {
            try await HTTPClient().download(request(server), into: sink)
        }
        #expect(error.code == .malformed)
        #expect(stored() == Array("12345".utf8))
    }

    @Test("a whole file needs no further byte")
    func alreadyWhole() async throws {
        let server = try RawServer { connection in
            guard connection.request() != nil else { return }
            connection.reply("416 Range Not Satisfiable", "", fields: ["Content-Range: bytes */5"])
        }
        try target.write("12345")
        let sink = DownloadSink(target)
        #expect(try await HTTPClient().download(request(server), into: sink).size == 5)
    }

    @Test("a file that is larger here than there is an error")
    func largerThanThere() async throws {
        let server = try RawServer { connection in
            guard connection.request() != nil else { return }
            connection.reply("416 Range Not Satisfiable", "", fields: ["Content-Range: bytes */3"])
        }
        try target.write("12345")
        let sink = DownloadSink(target)
        let error = try await #require(throws: HTTPError.self) {
            try await HTTPClient().download(request(server), into: sink)
        }
        #expect(error.code == .status)
    }

    @Test("an error page does not reach the file")
    func errorPage() async throws {
        let server = try RawServer { connection in
            guard connection.request() != nil else { return }
            connection.reply("404 Not Found", "no such file: f.h5")
        }
        let sink = DownloadSink(target)
        let error = try await #require(throws: HTTPError.self) {
            try await HTTPClient().download(request(server), into: sink)
        }
        #expect(error.status == 404)
        #expect(error.message.contains("no such file: f.h5"))
        #expect(stored().isEmpty)
    }

    @Test("a reply without a size proves nothing")
    func noSize() async throws {
        let server = try RawServer { connection in
            guard connection.request() != nil else { return }
            connection.write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nsome bytes")
        }
        let sink = DownloadSink(target)
        let error = try await #require(throws: HTTPError.self) {
            try await HTTPClient().download(request(server), into: sink)
        }
        #expect(error.code == .malformed)
    }

    @Test("an empty file is a file")
    func empty() async throws {
        let server = try RawServer { connection in
            guard connection.request() != nil else { return }
            connection.reply()
        }
        #expect(try await HTTPClient().download(request(server), into: DownloadSink(target)).size == 0)
    }

    @Test("a full disk is told as such")
    func fullDisk() async throws {
        let server = try rangeServer(breaks: 0)
        let sink = DownloadSink(MemoryTarget(limit: 1_000_000))
        let error = try await #require(throws: HTTPError.self) {
            try await HTTPClient().download(request(server), into: sink)
        }
        #expect(error.code == .storage)
        #expect(error.message.contains("the disk is full"))
    }

    @Test("cancelling keeps what arrived, and the sink can go on")
    func cancellation() async throws {
        let server = try RawServer { [content] connection in
            guard let request = connection.request() else { return }
            if connection.index == 0 {
                connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(content.count)\r\n\r\n")
                connection.write(Array(content[..<3_000_000]))
                connection.waitForClose()
            } else {
                let start = Int(request.components(separatedBy: "bytes=")[1].components(separatedBy: "-")[0]) ?? 0
                connection.write(
                    "HTTP/1.1 206 Partial Content\r\nContent-Length: \(content.count - start)\r\n"
                        + "Content-Range: bytes \(start)-\(content.count - 1)/\(content.count)\r\n\r\n")
                connection.write(Array(content[start...]))
            }
        }
        let client = try HTTPClient()
        let sink = DownloadSink(target)
        let task = Task { [request = request(server)] in try await client.download(request, into: sink) }
        try await eventually { sink.count > 1_000_000 }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        _ = try await client.download(request(server), into: sink)
        #expect(stored() == content)
    }
}

/// A target in memory that can run full.
private final class MemoryTarget: DownloadTarget {
    private struct Full: Error, CustomStringConvertible {
        var description: String { "the disk is full" }
    }

    private let state = Mutex<(bytes: [UInt8], restarts: Int)>(([], 0))
    private let limit: Int

    init(limit: Int = .max) {
        self.limit = limit
    }

    var bytes: [UInt8] { state.withLock { $0.bytes } }
    var restarts: Int { state.withLock { $0.restarts } }
    var size: Int64 { Int64(bytes.count) }

    func write(_ text: String) throws { try Array(text.utf8).withUnsafeBytes { try write($0) } }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        let added = Array(bytes)
        try state.withLock { state in
            guard state.bytes.count + added.count <= limit else { throw Full() }
            state.bytes += added
        }
    }

    func restart() throws {
        state.withLock { $0 = ([], $0.restarts + 1) }
    }
}
