// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import DAQKernel

@Suite("Acquisitions", .timeLimit(.minutes(2)))
struct AcquisitionTests {
    @Test("from begin to done, each step told in order after it is in the run log")
    func whole() async throws {
        let site = try Site()
        defer { site.log.close() }
        let told = Collected<String>()
        let stored = Collected<Bool>()
        let log = site.log
        let observation = site.runs.observe { event in
            told.append("\(event.label)")
            // On the log's own thread the commit must be visible to any other connection already.
            if case .state(let record) = event {
                let seen = try? log.readBlocking { try $0.acquisition(record.id)?.state }
                stored.append(seen == record.state)
            }
        }
        defer { observation.cancel() }
        let origin = Origin(frontend: "rest", user: "alice")
        let plan = AcquisitionPlan(
            "dark", expected: 3, firstIndex: 1, origin: origin, configuration: .object([("count_time", 0.1)]),
            notes: .array(["n", 1]))
        let acquisition = try await site.camera.begin(plan)
        #expect(site.camera.current === acquisition)
        try await acquisition.armed()
        try await acquisition.acquiring()
        for index in Int64(1)...3 { acquisition.frame(index: index) }
        try await acquisition.finishing()
        try await acquisition.finishing()
        try await acquisition.add(Artifact(path: "/d/a.h5", role: .data, size: 1))
        try await acquisition.add(Artifact(path: "/d/a.h5", role: .master, size: 2))
        try await acquisition.configure(.object([("count_time", 0.2)]))
        let record = try await acquisition.finish()
        #expect(record.state == .done)
        #expect(record.result == "3 of 3 frames")
        #expect(record.transitions.map(\.state) == [.preparing, .armed, .acquiring, .finishing, .done])
        #expect(record.artifacts == [Artifact(path: "/d/a.h5", role: .master, size: 2, maker: "cam1")])
        #expect(try await site.log.acquisition(record.id) == record)
        #expect(try await acquisition.finish() == record)
        #expect(site.camera.current == nil)
        #expect(stored.all.count == 4 && stored.all.allSatisfy { $0 })
        let steps = told.all.filter { $0 != "frames" }
        #expect(
            steps == [
                "began preparing", "state armed", "state acquiring", "state finishing", "artifacts", "artifacts",
                "changed",
                "state done",
            ])
        let digest = try #require(record.configuration)
        #expect(try await site.log.configuration(digest) == .object([("count_time", 0.2)]))
        try record.requireNotFailed()
    }

    @Test("steps out of order are refused, and change nothing")
    func order() async throws {
        let site = try Site()
        defer { site.log.close() }
        let acquisition = try await site.camera.begin(AcquisitionPlan("x", expected: 1))
        await #expect(throws: RunLogError.self) { try await acquisition.acquiring() }
        #expect(acquisition.record.state == .preparing)
        try await acquisition.armed()
        await #expect(throws: RunLogError.self) { try await acquisition.armed() }
        try await acquisition.finish()
        await #expect(throws: RunLogError.self) { try await acquisition.acquiring() }
        await #expect(throws: RunLogError.self) { try await acquisition.finishing() }
        acquisition.frame(index: 0)
        #expect(acquisition.record.frames.received == 0)
    }

    @Test("one short is failed, with what is missing in the sentence")
    func short() async throws {
        let site = try Site()
        defer { site.log.close() }
        let record = try await site.taken(expected: 4, frames: 3).finish()
        #expect(record.state == .failed)
        #expect(record.result == "1 frame is missing (index 3); 3 of 4 frames")
        #expect(record.frames.missing == 1)
        #expect(throws: DeviceError.self) { try record.requireNotFailed() }
    }

    @Test("not counted says so and never claims a number")
    func notCounted() async throws {
        let site = try Site()
        defer { site.log.close() }
        let acquisition = try await site.camera.begin(AcquisitionPlan("run", expected: 100, countsFrames: false))
        let record = try await acquisition.finish()
        #expect(record.frames.received == nil)
        #expect(record.result == "frames not counted")
        #expect(record.json["received"] == .null)
        #expect(record.json["counted"] == false)
    }

    @Test("a stop: bounded ends aborted, unbounded done, unbounded with a gap failed; the waiting device is woken")
    func stops() async throws {
        let site = try Site()
        defer { site.log.close() }
        let stop = AcquisitionStop(.user, origin: Origin(frontend: "ca"))
        let bounded = try await site.taken(expected: 10, frames: 4)
        async let woken: Void = bounded.untilStopped()
        try await bounded.requestStop(stop)
        await woken
        try await bounded.requestStop(AcquisitionStop(.shutdown))
        #expect(bounded.stop?.kind == .user)
        let aborted = try await bounded.finish()
        #expect(aborted.state == .aborted)
        #expect(aborted.result == "stopped by ca after 4 of 10 frames")
        try aborted.requireNotFailed()
        await bounded.untilStopped()

        let free = try await site.taken(expected: nil, frames: 4)
        try await free.requestStop(stop)
        #expect(try await free.finish().state == .done)
        let gap = try await site.taken(expected: nil, frames: 4)
        gap.frame(index: 5)
        try await gap.requestStop(stop)
        let failed = try await gap.finish()
        #expect(failed.state == .failed)
        #expect(failed.result == "1 frame is missing (index 4); 5 frames, stopped by ca")
        try await gap.requestStop(stop)
        #expect(try await site.log.acquisition(gap.id) == failed)
    }

    @Test("waiting for a stop ends with the waiting task")
    func cancelledWait() async throws {
        let site = try Site()
        defer { site.log.close() }
        let acquisition = try await site.taken()
        let task = Task { await acquisition.untilStopped() }
        task.cancel()
        await task.value
        try await acquisition.finish()
    }

    @Test("a busy device refuses a second, whoever comes first of many")
    func busy() async throws {
        let site = try Site()
        defer { site.log.close() }
        let camera = site.camera
        let begun = await withTaskGroup(of: Acquisition?.self) { group in
            for _ in 0..<8 { group.addTask { try? await camera.begin(AcquisitionPlan("x", expected: 1)) } }
            return await group.reduce(into: [Acquisition]()) { if let one = $1 { $0.append(one) } }
        }
        #expect(begun.count == 1)
        do {
            _ = try await camera.begin(AcquisitionPlan("y", expected: 1))
            Issue.record("two at once")
        } catch let error as DeviceError {
            #expect(error.code == .busy)
        }
        _ = try await site.runs.acquisitions(of: "cam2").begin(AcquisitionPlan("z", expected: 1)).finish()
        _ = try await begun.first?.finish()
        _ = try await camera.begin(AcquisitionPlan("y", expected: 1)).finish()
        #expect(try await site.log.count(AcquisitionQuery()) == 3)
    }

    @Test("run ends the acquisition on every path")
    func run() async throws {
        let site = try Site()
        defer { site.log.close() }
        let done = try await site.camera.run(AcquisitionPlan("a", expected: 2)) { $0.frames(2) }
        #expect(done.state == .done)
        await #expect(throws: DeviceError.self) {
            try await site.camera.run(AcquisitionPlan("b", expected: 2)) { _ in
                throw DeviceError(.vendor, "the detector said no", vendorCode: 500)
            }
        }
        let camera = site.camera
        let task = Task {
            try await camera.run(AcquisitionPlan("c", expected: 2)) { acquisition in
                acquisition.frames(1)
                withUnsafeCurrentTask { $0?.cancel() }
                try Task.checkCancellation()
            }
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        let records = try await site.log.acquisitions(AcquisitionQuery()).records
        #expect(records.map(\.state) == [.aborted, .failed, .done])
        #expect(
            records.map(\.result) == [
                "cancelled after 1 of 2 frames", "the detector said no (500); 0 of 2 frames", "2 of 2 frames",
            ])
        #expect(site.camera.current == nil)
    }

    @Test("ids sort in the order of beginning, are unique, and fit into a file name")
    func ids() {
        let maker = AcquisitionIDMaker()
        let time = Timestamp(nanoseconds: 1_800_000_000_123_000_000)
        let ids = (0..<2000).map {
            maker.next(at: $0 < 1000 ? time : Timestamp(nanoseconds: 1_700_000_000_000_000_000))
        }
        #expect(ids == ids.sorted())
        #expect(Set(ids).count == 2000)
        #expect(ids[0].hasPrefix("20270115-080000-123-"))
        #expect(ids.allSatisfy { $0.utf8.count == 24 })
    }

    @Test("frames are published at most ten times a second, from any thread, none lost")
    func counting() async throws {
        let site = try Site()
        defer { site.log.close() }
        let told = Collected<Int64>()
        let observation = site.runs.observe {
            if case .frames(let record) = $0 { told.append(record.frames.received ?? -1) }
        }
        defer { observation.cancel() }
        let acquisition = try await site.taken(expected: 400_000, frames: 0)
        await withTaskGroup(of: Void.self) { group in
            for part in Int64(0)..<4 {
                group.addTask { for index in 0..<Int64(100_000) { acquisition.frame(index: part * 100_000 + index) } }
            }
        }
        let record = try await acquisition.finish()
        #expect(record.state == .done)
        #expect(record.frames.received == 400_000)
        #expect(record.frames.duplicates == 0)
        #expect(!told.all.isEmpty)
    }

    @Test("daqd that ends stops what runs, refuses what is new, and ends what is left")
    func shutdown() async throws {
        let site = try Site()
        defer { site.log.close() }
        let acquisition = try await site.taken(expected: 10, frames: 4)
        await site.runs.beginShutdown()
        #expect(acquisition.stop?.kind == .shutdown)
        do {
            _ = try await site.runs.acquisitions(of: "cam2").begin(AcquisitionPlan("late", expected: 1))
            Issue.record("one began while daqd was ending")
        } catch let error as DeviceError {
            #expect(error.code == .wrongState)
        }
        await site.runs.shutdown()
        let record = try #require(try await site.log.acquisition(acquisition.id))
        #expect(record.state == .failed)
        #expect(record.result == "daqd ended before the device had ended its acquisition; 4 of 10 frames")
    }

    @Test("a run log that fails says so, and the device is not busy for ever")
    func brokenLog() async throws {
        let site = try Site()
        let acquisition = try await site.taken()
        site.log.close()
        await #expect(throws: RunLogError.self) { try await acquisition.finish() }
        #expect(acquisition.record.state == .failed)
        #expect(site.camera.current == nil)
        await #expect(throws: DeviceError.self) { try await site.camera.begin(AcquisitionPlan("x", expected: 1)) }
    }

    @Test("the table says what a person on shift asks")
    func table() {
        var record = RunLogTests.record(1, state: .failed)
        record.frames = FrameCount(expected: 10, received: 8, missing: 2)
        record.artifacts = [Artifact(path: "/a", role: .data)]
        let text = AcquisitionTable.text([record])
        #expect(
            text == """
                ID   DEVICE  NAME      STATE   FRAMES  BEGAN (UTC)          TOOK   FILES  RESULT
                id1  cam1    Series 1  failed  8/10    2023-11-14 22:13:21  1.5 s  1      2 frames are missing

                """)
        #expect(AcquisitionTable.text([]) == "no acquisitions\n")
    }
}

extension AcquisitionEvent {
    var label: String {
        switch self {
        case .began(let record): "began \(record.state.rawValue)"
        case .state(let record): "state \(record.state.rawValue)"
        case .frames: "frames"
        case .artifacts: "artifacts"
        case .changed: "changed"
        case .postOperation(let job): "\(job.name) \(job.state.rawValue)"
        }
    }
}

@Suite("After a crash", .timeLimit(.minutes(2)))
struct RecoveryTests {
    /// Leaves a run log as a killed process would: nothing is ended, only the lock goes.
    func crash(_ site: Site) { site.log.close() }

    @Test("what nobody claims ends failed, honestly, and is not counted")
    func unclaimed() async throws {
        let folder = TemporaryFolder()
        let first = try Site(folder)
        let lost = try await first.taken(expected: 10, frames: 4)
        let prepared = try await first.runs.acquisitions(of: "gone").begin(AcquisitionPlan("p", expected: 2))
        crash(first)
        let next = try Site(folder)
        defer { next.log.close() }
        try await next.runs.recover()
        await next.runs.settleInterrupted()
        try await until { try await next.log.acquisition(lost.id)?.state.isFinal == true }
        try await until { try await next.log.acquisition(prepared.id)?.state.isFinal == true }
        let record = try #require(try await next.log.acquisition(lost.id))
        #expect(record.state == .failed)
        #expect(
            record.result == "daqd ended without warning while the acquisition was acquiring; frames not counted")
        #expect(record.frames.received == nil)
        try await until { next.runs.active.isEmpty }
        #expect(next.camera.claimInterrupted().isEmpty)
    }

    @Test("a device that claims one ends it itself, and may take another meanwhile")
    func claimed() async throws {
        let folder = TemporaryFolder()
        let first = try Site(folder)
        let lost = try await first.taken(expected: 10, frames: 4)
        try await lost.note(.array(["series", 7]))
        try await lost.add(Artifact(path: "/d/1", role: .data))
        crash(first)
        let next = try Site(folder)
        defer { next.log.close() }
        try await next.runs.recover()
        let claimed = try #require(next.camera.claimInterrupted().first)
        #expect(claimed.isResumed && claimed.id == lost.id && claimed.notes == .array(["series", 7]))
        await next.runs.settleInterrupted()
        #expect(next.camera.current == nil)
        #expect(try await next.taken().finish().state == .done)
        #expect(try await next.log.acquisition(lost.id)?.state == .acquiring)
        try await claimed.finishing()
        claimed.frames(indexes: 0..<10)
        try await claimed.add(Artifact(path: "/d/2", role: .data))
        let record = try await claimed.finish()
        #expect(record.state == .done)
        #expect(record.artifacts.map(\.path) == ["/d/1", "/d/2"])
    }

    @Test("a claimed one that is not collected yet stays for the next start, also after an ordinary end")
    func stays() async throws {
        let folder = TemporaryFolder()
        let first = try Site(folder)
        let lost = try await first.taken(expected: 10, frames: 4)
        crash(first)
        for _ in 0..<3 {
            let next = try Site(folder)
            try await next.runs.recover()
            #expect(next.camera.claimInterrupted().map(\.id) == [lost.id])
            await next.runs.settleInterrupted()
            await next.runs.beginShutdown()
            await next.runs.settle(device: "cam1", reason: "daqd is stopping")
            await next.runs.shutdown()
            #expect(try await next.log.acquisition(lost.id)?.state == .acquiring)
            next.log.close()
        }
    }

    @Test("a device that is made anew takes over what it left, and what it had claimed; the rest ends")
    func madeAnew() async throws {
        let folder = TemporaryFolder()
        let first = try Site(folder)
        let lost = try await first.taken(expected: 10, frames: 4)
        crash(first)
        let next = try Site(folder)
        defer { next.log.close() }
        try await next.runs.recover()
        #expect(next.camera.claimInterrupted().count == 1)
        await next.runs.settleInterrupted()
        let left = try await next.camera.run(AcquisitionPlan("left", expected: 2)) { try await $0.leaveForNextStart() }
        #expect(left.state == .preparing)
        #expect(next.camera.current == nil)
        let open = try await next.taken("open")
        await next.runs.settle(device: "cam1", reason: "its configuration changed")
        let ended = try #require(try await next.log.acquisition(open.id))
        #expect(ended.state == .failed)
        #expect(ended.result == "its configuration changed; 4 of 4 frames")
        let claimed = next.camera.claimInterrupted()
        #expect(Set(claimed.map(\.id)) == [lost.id, left.id])
        for acquisition in claimed { try await acquisition.finish(failure: GaveUp()) }
        #expect(next.runs.active.isEmpty)
    }

    @Test("devices that could not be made keep theirs")
    func absent() async throws {
        let folder = TemporaryFolder()
        let first = try Site(folder)
        let lost = try await first.taken(expected: 10, frames: 4)
        crash(first)
        let next = try Site(folder)
        defer { next.log.close() }
        try await next.runs.recover()
        await next.runs.settleInterrupted(absent: ["cam1"])
        #expect(next.runs.active.map(\.id) == [lost.id])
        #expect(next.camera.claimInterrupted().map(\.id) == [lost.id])
    }

    @Test("a device may leave one open when daqd ends; its counts go on")
    func left() async throws {
        let folder = TemporaryFolder()
        let first = try Site(folder)
        let acquisition = try await first.taken(expected: 10, frames: 4)
        await first.runs.beginShutdown()
        try await acquisition.finishing()
        try await acquisition.leaveForNextStart()
        await first.runs.settle(device: "cam1", reason: "daqd is stopping")
        await first.runs.shutdown()
        first.log.close()
        let next = try Site(folder)
        defer { next.log.close() }
        try await next.runs.recover()
        let claimed = try #require(next.camera.claimInterrupted().first)
        #expect(claimed.record.state == .finishing)
        #expect(claimed.stop?.kind == .shutdown)
        #expect(claimed.record.frames.received == 4)
        claimed.frames(indexes: 4..<6)
        await next.runs.settleInterrupted()
        let record = try await claimed.finish()
        #expect(record.state == .aborted)
        #expect(record.result == "stopped because daqd was ending after 6 of 10 frames")
    }

    @Test("one that was judged already gets its end and its post-operations")
    func judged() async throws {
        let folder = TemporaryFolder()
        let first = try Site(folder)
        await first.chain(
            entry("verify", wait: true) { _ in
                try await Task.sleep(for: .seconds(600))
                return PostOperationResult("never")
            })
        let lost = try await first.taken()
        Task { try await lost.finish() }
        try await until { try await first.log.postOperations(of: lost.id).first?.state == .running }
        crash(first)

        let next = try Site(folder)
        defer { next.log.close() }
        try await next.runs.recover()
        #expect(next.camera.claimInterrupted().isEmpty)
        await next.chain(entry("verify", retries: 1, wait: true) { PostOperationResult("attempt \($0.attempt)") })
        await next.runs.settleInterrupted()
        try await until { try await next.log.acquisition(lost.id)?.state == .done }
        try await until { try await next.log.postOperations(of: lost.id).first?.state == .succeeded }
        let job = try #require(try await next.log.postOperations(of: lost.id).first)
        #expect(job.attempts == 2)
        #expect(job.note == "attempt 2")
        #expect(try await next.log.acquisition(lost.id)?.result == "4 of 4 frames")
    }
}
