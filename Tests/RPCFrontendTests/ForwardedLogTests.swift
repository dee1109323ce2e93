// Part of daqd
// SPDX-License-Identifier: MIT

@testable import DAQKernel
import Foundation
@testable import RPCFrontend
import Synchronization
import Testing

@Suite("RPC, logs of other programs")
struct ForwardedLogTests {
    typealias Message = ForwardedLog.Message

    private func read(_ lines: String...) throws -> [Message] {
        var log = ForwardedLog()
        return try lines.compactMap { line in try log.take(line) }
    }

    @Test("lines are read as sipyco's server reads them")
    func recorded() throws {
        #expect(
            try read("src:WARNING:mylog:one line", "src:INFO<2>:mylog:two", "lines", "src:TRACE:mylog:trace")
                == [
                    Message(source: "src", level: .warning, name: "mylog", text: "one line"),
                    Message(source: "src", level: .info, name: "mylog", text: "two\nlines"),
                    Message(source: "src", level: .trace, name: "mylog", text: "trace"),
                ])
        #expect(
            try read("src:Level 15:mylog:lvl15", "c(x):CRITICAL:a:b:c:d", "c:ERROR<1>:a:", "c:")
                == [
                    Message(source: "src", level: .info, name: "print", text: "Level 15:mylog:lvl15"),
                    Message(source: "c(x)", level: .error, name: "a", text: "b:c:d"),
                    Message(source: "c", level: .error, name: "a", text: ""),
                    Message(source: "c", level: .info, name: "print", text: ""),
                ])
        for odd in [
            "INFO<0>:a:b", "INFO<-2>:a:b", "INFO<x>:a:b", "INFO<99999999999999999999>:a:b", "info:a:b", "INFO:a",
        ] {
            #expect(try read("s:" + odd) == [Message(source: "s", level: .info, name: "print", text: odd)])
        }
        #expect(throws: RPCException.self) { try read("no source") }
    }

    @Test("a message that claims endless lines does not grow without end")
    func endless() throws {
        var log = ForwardedLog()
        let line = String(repeating: "x", count: 1000)
        #expect(try log.take("s:INFO<100000>:a:first") == nil)
        var message: Message?
        for _ in 1..<100_000 { message = try log.take(line) }
        #expect(message?.text.utf8.count ?? 0 > 60_000)
        #expect(message?.text.utf8.count ?? .max < ForwardedLog.longest + 1000)
    }

    @Test("a program's log is taken where the site allows it, and its own does not come back")
    func served() async throws {
        let fixture = try await RPCFixture { settings in
            settings.logs = .loopback
            settings.logServer = RPCSettings.LogServer(host: "127.0.0.1", port: 1, source: "daqd(here)")
        }
        let records = Mutex<[LogRecord]>([])
        let observer = fixture.logger.observe { record in records.withLock { $0.append(record) } }
        defer { fixture.logger.removeObserver(observer) }
        try await blocking {
            let client = try RawClient(port: fixture.port)
            try client.send("ARTIQ logging\ndaqd(here):ERROR:rpc:my own\nctlmgr(lab):WARNING:manager:ping failed\n")
            try client.send("a:INFO<2>:m:two\nlines\nno source\n")
            #expect(client.isClosedSilently())
        }
        #expect(await eventually { records.withLock { $0.contains { $0.message.contains("sent away") } } })
        let seen = records.withLock { $0 }
        let warning = try #require(seen.first { $0.message == "ping failed" })
        #expect(warning.level == .warning && warning.component == "test.manager")
        #expect(warning.data.first?.1 == .string("ctlmgr(lab)"))
        #expect(seen.contains { $0.message == "two\nlines" && $0.level == .info })
        #expect(!seen.contains { $0.message == "my own" })
    }

    @Test("the log's own lines as Python's logging has them")
    func pythonText() {
        func text(_ level: LogLevel, _ message: String, _ data: [(String, JSON)] = []) -> String {
            LogRecord(time: .now(), level: level, component: "rpc", message: message, data: data).pythonText
        }
        #expect(text(.notice, "Listening", [("port", .integer(3249))]) == "INFO:rpc:Listening port=3249")
        #expect(text(.error, "two\nlines\r") == "ERROR<2>:rpc:two\nlines\\u{d}")
        #expect(text(.trace, "x") == "TRACE:rpc:x")
    }
}
