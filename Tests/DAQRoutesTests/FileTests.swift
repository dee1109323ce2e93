// Part of daqd
// SPDX-License-Identifier: MIT

import DAQRoutes
import Foundation
import HTTPTesting
import Testing

@Suite("HTTP files and ranges")
struct FileTests {
    @Test(
        "ranges of ten bytes",
        arguments: [
            ("bytes=0-", HTTPByteRange.part(0..<10)), ("bytes=2-4", .part(2..<5)), ("bytes=2-99", .part(2..<10)),
            ("bytes=-3", .part(7..<10)), ("bytes=-99", .part(0..<10)), ("Bytes=9-9", .part(9..<10)),
            ("bytes=10-", .unsatisfiable), ("bytes=-0", .unsatisfiable),
            ("bytes=99999999999999999999-", .unsatisfiable),
            ("bytes=5-99999999999999999999", .part(5..<10)), ("bytes=-99999999999999999999", .part(0..<10)),
            ("bytes=4-2", .whole), ("bytes=-", .whole), ("bytes=", .whole), ("bytes=0-1,3-4", .whole),
            ("bytes=a-b", .whole),
            ("bytes=1", .whole), ("items=0-1", .whole), ("", .whole), ("bytes=--1", .whole), ("bytes=+1-2", .whole),
        ])
    func ranges(header: String, expected: HTTPByteRange) {
        #expect(HTTPByteRange(parsing: header, size: 10) == expected)
    }

    @Test("a range of an empty file is not satisfiable", arguments: ["bytes=0-", "bytes=-1", "bytes=0-0"])
    func emptyFile(header: String) {
        #expect(HTTPByteRange(parsing: header, size: 0) == .unsatisfiable)
    }

    @Test("a file is served whole, in part, and not beyond its end")
    func served() async throws {
        let directory = try TemporaryDirectory()
        let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
        try Data(bytes).write(to: directory.url.appending(path: "a.h5"))
        let path = directory.url.path
        var router = HTTPRouter()
        router.on(
            .get, "/data/:name",
            immediate: { request in
                try .file(OpenFile(path + "/" + request.capture("name")), for: request, type: "application/x-hdf5")
            })
        let server = try HTTPServer(HTTPServerConfiguration(), router)
        let port = server.port
        let replies = try await blocking {
            let connection = try RawConnection(port: port)
            return try [
                "GET /data/a.h5 HTTP/1.1\r\n\r\n", "GET /data/a.h5 HTTP/1.1\r\nRange: bytes=100000-199999\r\n\r\n",
                "HEAD /data/a.h5 HTTP/1.1\r\nRange: bytes=0-1\r\n\r\n",
                "GET /data/a.h5 HTTP/1.1\r\nRange: bytes=300000-\r\n\r\n",
                "GET /data/b.h5 HTTP/1.1\r\n\r\n", "GET /data/. HTTP/1.1\r\n\r\n",
            ].map { request in
                connection.send(request)
                return try connection.reply(head: request.hasPrefix("HEAD"))
            }
        }
        #expect(replies.map(\.status) == [200, 206, 200, 416, 404, 404])
        #expect(replies[0].body == bytes && replies[1].body == Array(bytes[100_000..<200_000]))
        #expect(replies[1]["Content-Range"] == "bytes 100000-199999/300000")
        #expect(replies[2]["Content-Length"] == "300000" && replies[2].body.isEmpty)
        #expect(replies[3]["Content-Range"] == "bytes */300000")
    }
}
