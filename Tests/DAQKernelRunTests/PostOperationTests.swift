// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Synchronization
import Testing

@testable import DAQKernel

@Suite("Post-operations", .timeLimit(.minutes(2)))
struct PostOperationTests {
    func jobs(_ site: Site, _ id: String) async throws -> [PostOperationRecord] {
        try await site.log.postOperations(of: id)
    }

    @Test(
        "a waiting one runs before the end, the others behind, in the order of the chain, each with the files before it"
    )
    func chain() async throws {
        let site = try Site()
        defer { site.log.close() }
        let seen = Collected<String>()
        let gate = Mutex(false)
        await site.chain(
            entry("verify", wait: true) { job in
                seen.append("verify \(job.acquisition.state.rawValue) \(job.outcome.rawValue)")
                return PostOperationResult(
                    "checked", artifacts: [Artifact(path: "/d/a", role: .data, size: 3, verified: true)])
            },
            entry("copy") { job in
                while !gate.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(5)) }
                seen.append("copy \(job.acquisition.state.rawValue) \(job.acquisition.artifacts[0].verified == true)")
                return PostOperationResult("copied", artifacts: [Artifact(path: "/b/a", role: .copy)])
            },
            entry("tell") { job in
                seen.append("tell \(job.acquisition.artifacts.map(\.path))")
                return PostOperationResult("told")
            })
        let acquisition = try await site.taken()
        try await acquisition.add(Artifact(path: "/d/a", role: .data, size: 3))
        let record = try await acquisition.finish()
        #expect(record.state == .done)
        #expect(record.artifacts == [Artifact(path: "/d/a", role: .data, size: 3, verified: true, maker: "cam1")])
        #expect(seen.all == ["verify finishing done"])
        gate.withLock { $0 = true }
        try await until { try await self.jobs(site, record.id).allSatisfy { $0.state == .succeeded } }
        #expect(seen.all == ["verify finishing done", "copy done true", #"tell ["/d/a", "/b/a"]"#])
        #expect(try await jobs(site, record.id).map(\.note) == ["checked", "copied", "told"])
        let last = try #require(try await site.log.acquisition(record.id))
        #expect(last.artifacts.map(\.maker) == ["cam1", "copy"])
    }

    @Test("retries with doubled pauses run behind; the caller waits for the first attempt only")
    func retries() async throws {
        let site = try Site()
        defer { site.log.close() }
        await site.chain(
            entry("verify", retries: 3, wait: true) { job in
                if job.attempt < 4 { throw PostOperationError(.temporary, "no \(job.attempt)") }
                return PostOperationResult("at last")
            },
            entry("tell") { _ in PostOperationResult("told") })
        let record = try await site.taken().finish()
        #expect(record.state == .done)
        for pause in [5.0, 10, 20] {
            try await until { site.time.pauses == [pause] }
            let job = try await jobs(site, record.id)[0]
            #expect(job.state == .retrying)
            #expect(job.lastError == "no \(job.attempts)")
            site.time.advance(by: .seconds(pause))
        }
        try await until { try await self.jobs(site, record.id).allSatisfy { $0.state == .succeeded } }
        #expect(try await jobs(site, record.id).map(\.attempts) == [4, 1])
    }

    @Test(
        "when all attempts fail the rule decides about the rest",
        arguments: [PostOperationRules.OnFailure.stop, .continue])
    func failure(rule: PostOperationRules.OnFailure) async throws {
        let site = try Site()
        defer { site.log.close() }
        await site.chain(
            entry("copy", onFailure: rule) { _ in throw PostOperationError(.temporary, "no route to host") },
            entry("tell") { _ in PostOperationResult("told") })
        let record = try await site.taken().finish()
        try await until { try await self.jobs(site, record.id).allSatisfy(\.state.isFinal) }
        let jobs = try await jobs(site, record.id)
        #expect(jobs[0].state == .failed && jobs[0].lastError == "no route to host")
        #expect(jobs[1].state == (rule == .stop ? .skipped : .succeeded))
        #expect(jobs[1].note == (rule == .stop ? "not run because copy failed" : "told"))
        #expect(try await site.log.postOperations(in: [.failed]).map(\.name) == ["copy"])
        // The log hears of it after the run log.
        try await until { site.messages.messages.contains("Post-operation failed") }
        #expect(try await site.log.acquisition(record.id)?.state == .done)
    }

    @Test("what can never succeed is not tried again")
    func permanent() async throws {
        let site = try Site()
        defer { site.log.close() }
        await site.chain(entry("copy", retries: 5) { _ in throw PostOperationError(.permanent, "read-only") })
        let record = try await site.taken().finish()
        try await until { try await self.jobs(site, record.id).allSatisfy(\.state.isFinal) }
        #expect(try await jobs(site, record.id)[0].attempts == 1)
    }

    @Test(
        "wrong data make the acquisition failed: before its end when it waits, after it when it runs behind",
        arguments: [true, false])
    func refuted(waits: Bool) async throws {
        let site = try Site()
        defer { site.log.close() }
        await site.chain(
            entry("verify", retries: 5, wait: waits) { _ in
                throw PostOperationError(
                    .dataWrong, "a.h5 holds 3 of 4 frames",
                    artifacts: [Artifact(path: "/a.h5", role: .data, verified: false)])
            })
        let acquisition = try await site.taken()
        try await acquisition.add(Artifact(path: "/a.h5", role: .data))
        let first = try await acquisition.finish()
        if waits { #expect(first.state == .failed) }
        try await until { try await site.log.acquisition(first.id)?.state == .failed }
        let record = try #require(try await site.log.acquisition(first.id))
        #expect(record.result == "verify: a.h5 holds 3 of 4 frames; 4 of 4 frames")
        #expect(record.artifacts == [Artifact(path: "/a.h5", role: .data, verified: false, maker: "cam1")])
        #expect(record.transitions.map(\.state).suffix(2) == (waits ? [.finishing, .failed] : [.done, .failed]))
        #expect(try await jobs(site, record.id)[0].attempts == 1)
    }

    @Test("a time-out cancels, counts as an attempt, and the next one comes")
    func timeout() async throws {
        let site = try Site()
        defer { site.log.close() }
        await site.chain(
            entry("copy", retries: 1, timeout: .seconds(30)) { job in
                if job.attempt == 1 { try await Task.sleep(for: .seconds(3600)) }
                return PostOperationResult("quick")
            })
        let record = try await site.taken().finish()
        try await until { site.time.pauses == [30] }
        site.time.advance(by: .seconds(30))
        try await until { try await self.jobs(site, record.id)[0].state == .retrying }
        #expect(try await jobs(site, record.id)[0].lastError == "no end within 30 s")
        try await until { site.time.pauses.contains(5) }
        site.time.advance(by: .seconds(5))
        try await until { try await self.jobs(site, record.id)[0].state == .succeeded }
    }

    @Test("one that does not heed its time-out is given up and never runs twice at once")
    func runaway() async throws {
        let site = try Site()
        defer { site.log.close() }
        let release = Mutex(false)
        let runs = Collected<Int>()
        await site.chain(
            entry("copy", retries: 5, timeout: .seconds(30)) { job in
                runs.append(job.attempt)
                while !release.withLock({ $0 }) { try? await Task.sleep(for: .milliseconds(5)) }
                return PostOperationResult("late")
            })
        let record = try await site.taken().finish()
        try await until { site.time.pauses == [30] }
        site.time.advance(by: .seconds(30))
        try await until { site.time.pauses == [10] }
        site.time.advance(by: .seconds(10))
        try await until { try await self.jobs(site, record.id)[0].state == .failed }
        #expect(try await jobs(site, record.id)[0].lastError?.contains("it may still be running") == true)
        release.withLock { $0 = true }
        #expect(runs.all == [1])
    }

    @Test("behind, a device has so many at once and no more; waiting ones do not queue behind them")
    func limits() async throws {
        let site = try Site()
        defer { site.log.close() }
        let state = Mutex((now: 0, most: 0, release: false))
        await site.chain(
            entry("verify", wait: true) { _ in PostOperationResult("checked") },
            entry("copy") { _ in
                state.withLock { state in
                    state.now += 1
                    state.most = max(state.most, state.now)
                }
                while !state.withLock({ $0.release }) { try await Task.sleep(for: .milliseconds(5)) }
                state.withLock { $0.now -= 1 }
                return PostOperationResult("copied")
            }, limit: 2)
        for _ in 0..<6 { #expect(try await site.taken().finish().state == .done) }
        try await until { state.withLock { $0.now } == 2 }
        state.withLock { $0.release = true }
        try await until { try await site.log.postOperations(in: [.succeeded]).count == 12 }
        #expect(state.withLock { $0.most } == 2)
    }

    @Test("daqd that ends puts what runs back into the queue without counting it, and the caller is let go")
    func shutdown() async throws {
        let folder = TemporaryFolder()
        let site = try Site(folder)
        await site.chain(
            entry("verify", wait: true) { _ in
                try await Task.sleep(for: .seconds(3600))
                return PostOperationResult("never")
            })
        let acquisition = try await site.taken()
        async let finished = acquisition.finish()
        try await until { try await self.jobs(site, acquisition.id).first?.state == .running }
        await site.runs.beginShutdown()
        await site.runs.shutdown()
        #expect(try await finished.state == .done)
        let job = try #require(try await jobs(site, acquisition.id).first)
        #expect(job.state == .waiting)
        #expect(job.attempts == 0)
        site.log.close()

        let next = try Site(folder)
        defer { next.log.close() }
        try await next.runs.recover()
        await next.chain(entry("verify", wait: true) { _ in PostOperationResult("checked") })
        await next.runs.settleInterrupted()
        try await until { try await self.jobs(next, acquisition.id).first?.state == .succeeded }
        #expect(try await jobs(next, acquisition.id).first?.attempts == 1)
    }

    @Test("a crash counts as an attempt; without another one left it is reported as failed")
    func crashed() async throws {
        let folder = TemporaryFolder()
        let site = try Site(folder)
        await site.chain(
            entry("copy") { _ in
                try await Task.sleep(for: .seconds(3600))
                return PostOperationResult("never")
            },
            entry("tell") { _ in PostOperationResult("told") })
        let record = try await site.taken().finish()
        try await until { try await self.jobs(site, record.id).first?.state == .running }
        site.log.close()

        let next = try Site(folder)
        defer { next.log.close() }
        try await next.runs.recover()
        let runs = Collected<Int>()
        await next.chain(
            entry("copy") { job in
                runs.append(job.attempt)
                return PostOperationResult("copied")
            },
            entry("tell") { _ in PostOperationResult("told") })
        await next.runs.settleInterrupted()
        try await until { try await self.jobs(next, record.id).allSatisfy(\.state.isFinal) }
        let jobs = try await jobs(next, record.id)
        #expect(jobs.map(\.state) == [.failed, .skipped])
        #expect(jobs[0].lastError == "daqd ended without warning during attempt 1")
        #expect(runs.all.isEmpty)
        try await next.runs.postOperations.retry(jobs[0].number)
        try await until { try await self.jobs(next, record.id).allSatisfy { $0.state == .succeeded } }
        #expect(runs.all == [1])
        await #expect(throws: RunLogError.self) { try await next.runs.postOperations.retry(jobs[0].number) }
        await #expect(throws: RunLogError.self) { try await next.runs.postOperations.retry(9999) }
    }

    @Test("one whose entry is gone waits, visibly, until a reload brings it back")
    func blocked() async throws {
        let site = try Site()
        defer { site.log.close() }
        let gate = Mutex(false)
        await site.chain(
            entry("hold") { _ in
                while !gate.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(5)) }
                return PostOperationResult("held")
            },
            entry("copy") { _ in PostOperationResult("copied") })
        let record = try await site.taken().finish()
        await site.chain()
        gate.withLock { $0 = true }
        try await until { try await self.jobs(site, record.id)[1].state == .blocked }
        #expect(
            try await jobs(site, record.id)[1].lastError
                == "device cam1 has no post-operation copy in the configuration")
        #expect(try await site.log.postOperations(in: [.blocked]).count == 1)
        await site.chain(entry("copy") { _ in PostOperationResult("copied") })
        try await until { try await self.jobs(site, record.id)[1].state == .succeeded }
    }

    @Test("one that could not be made is blocked with the reason, holds nobody up, and runs when it can be made")
    func absent() async throws {
        let site = try Site()
        defer { site.log.close() }
        var rules = PostOperationRules()
        rules.wait = true
        await site.chain(PostOperationEntry("verify", absent: "its plugin was refused (P302)", rules: rules))
        let record = try await site.taken().finish()
        #expect(record.state == .done)
        try await until { try await self.jobs(site, record.id)[0].state == .blocked }
        #expect(try await jobs(site, record.id)[0].lastError == "its plugin was refused (P302)")
        #expect(try await jobs(site, record.id)[0].attempts == 0)
        await site.chain(entry("verify") { _ in PostOperationResult("checked") })
        try await until { try await self.jobs(site, record.id)[0].state == .succeeded }
    }

    @Test("observers hear of every step")
    func events() async throws {
        let site = try Site()
        defer { site.log.close() }
        await site.chain(entry("verify", wait: true) { _ in PostOperationResult("checked") })
        let told = Collected<String>()
        let observation = site.runs.observe { told.append($0.label) }
        _ = try await site.taken().finish()
        observation.cancel()
        #expect(
            told.all.filter { $0 != "frames" }.suffix(5) == [
                "state finishing", "verify waiting", "verify running", "verify succeeded", "state done",
            ])
    }

    @Test("the decision after each outcome")
    func decisions() {
        var rules = PostOperationRules()
        rules.retries = 2
        rules.backoff = .seconds(1)
        let again = PostOperationError(.temporary, "no")
        func decide(_ outcome: PostOperationOutcome, _ attempts: Int) -> PostOperationDecision {
            PostOperationDecision(after: outcome, attempts: attempts, rules: rules)
        }
        #expect(decide(.succeeded(PostOperationResult("x")), 3).state == .succeeded)
        #expect(decide(.failed(again), 1).pause == .seconds(1))
        #expect(decide(.failed(again), 2).pause == .seconds(2))
        #expect(decide(.failed(again), 3).state == .failed)
        #expect(decide(.failed(PostOperationError(.permanent, "no")), 1).state == .failed)
        #expect(decide(.failed(PostOperationError(.dataWrong, "no")), 1).state == .failed)
        #expect(decide(.timedOut(.seconds(5)), 1).state == .retrying)
        #expect(decide(.timedOut(.milliseconds(1500)), 3).error == "no end within 1.5 s")
        #expect(decide(.ranAway(.seconds(5)), 1).state == .failed)
        #expect(decide(.crashed, 2).state == .retrying)
        #expect(decide(.crashed, 3).state == .failed)
        #expect(decide(.putBack, 1) == decide(.putBack, 1))
        #expect(decide(.putBack, 1).attempts == 0)
        rules.retries = 1000
        #expect(decide(.failed(again), 900).pause == .seconds(600))
    }
}
