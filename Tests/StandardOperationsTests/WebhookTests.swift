// Part of daqd
// SPDX-License-Identifier: MIT
@testable import DAQKernel
import Foundation
import Testing

@testable import StandardOperations

@Suite("webhook")
struct WebhookTests {
    let site: Site
    let receiver: Receiver
    let record: AcquisitionRecord

    init() throws {
        site = try Site()
        receiver = try Receiver(site)
        record = site.record(
            [Artifact(path: "/data/ü \"1\".h5", role: .master, size: 5)], expected: 10, received: 10, name: "run 1")
    }

    private func hook(_ path: String, _ more: String = "") throws -> any PostOperation {
        try site.operation("{type: webhook, url: '\(receiver.url(path))'\(more)}")
    }

    @Test("the acquisition arrives as JSON, with the fields and the token of the site")
    func delivered() async throws {
        let secret = site.path("token")
        try site.write(Array("s3cret\n".utf8), secret)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: secret)
        let hook = try hook("ok", ", token: {file: '\(secret)'}, headers: {X-Beamline: '7'}")
        let result = try await site.run(hook, record, attempt: 3)
        #expect(result.note == "\(receiver.url("ok")) answered 200: thank you")
        let request = try #require(try receiver.requests().first)
        #expect(request.headers["Content-Type"] == "application/json")
        #expect(request.headers["Authorization"] == "Bearer s3cret")
        #expect(request.headers["X-Beamline"] == "7")
        #expect(request.headers["Idempotency-Key"] == "\(record.id).op")
        let json = try #require(try JSONSerialization.jsonObject(with: Data(request.body.utf8)) as? [String: Any])
        #expect(json["id"] as? String == record.id)
        #expect(json["outcome"] as? String == "done")
        #expect(json["attempt"] as? Int == 3)
        #expect((json["artifacts"] as? [[String: Any]])?.first?["path"] as? String == "/data/ü \"1\".h5")
        #expect(!site.logged.contains("s3cret"))
    }

    @Test("a repetition carries the same key; a server in trouble may be asked again, a refusal not")
    func answers() async throws {
        let flaky = try hook("flaky")
        let first = await site.failure(flaky, record)
        #expect(first == PostOperationError(.temporary, "\(receiver.url("flaky")) answered 503: no thanks"))
        _ = try await site.run(flaky, record, attempt: 2)
        let keys = try receiver.requests().map { $0.headers["Idempotency-Key"] }
        #expect(keys.count == 2 && keys[0] == keys[1])
        for (status, kind) in [
            (500, PostOperationError.Kind.temporary), (429, .temporary), (408, .temporary), (400, .permanent),
            (404, .permanent), (401, .permanent), (302, .permanent),
        ] {
            let error = await site.failure(try hook("status/\(status)"), record)
            #expect(error.kind == kind, "\(status)")
            #expect(error.message.contains("answered \(status)"))
        }
    }

    @Test("a slow, silent, endless or absent server ends in a clear, temporary failure")
    func troubles() async throws {
        for (path, more) in [("slow", ", request_timeout: 300 ms"), ("close", ""), ("huge", "")] {
            let error = await site.failure(try hook(path, more), record)
            #expect(error.kind == .temporary, "\(path): \(error)")
            #expect(error.message.contains("127.0.0.1"), "\(error)")
        }
        let absent = try site.operation("{type: webhook, url: 'http://127.0.0.1:1/x'}")
        #expect(await site.failure(absent, record).kind == .temporary)
        #expect(try receiver.requests().count == 3)
    }

    @Test("ends at once when it is cancelled")
    func cancelled() async throws {
        let hook = try hook("slow", ", request_timeout: 60 s")
        let task = Task { try await site.run(hook, record) }
        let deadline = ContinuousClock.now + .seconds(60)
        while (try? receiver.requests().count) ?? 0 == 0 {
            try #require(.now < deadline)
            try await Task.sleep(for: .milliseconds(5))
        }
        let began = ContinuousClock.now
        task.cancel()
        await #expect(throws: (any Error).self) { try await task.value }
        #expect(ContinuousClock.now - began < .seconds(30))
    }

    @Test("what is wrong with a configuration is said")
    func configuration() {
        #expect(site.refusal("{type: webhook}").contains("url"))
        #expect(site.refusal("{type: webhook, url: ftp://x}").contains("does not begin with http:// or https://"))
        #expect(site.refusal("{type: webhook, url: 'http://x/a b'}").contains("percent-encode"))
        #expect(site.refusal("{type: webhook, url: http://x, headers: {'a:b': c}}").contains("impossible field"))
        #expect(
            site.refusal("{type: webhook, url: http://x, headers: {a: \"b\\r\\nc: d\"}}").contains("impossible field"))
        #expect(site.refusal("{type: webhook, url: http://x, request_timeout: 0}").contains("request_timeout"))
    }
}
