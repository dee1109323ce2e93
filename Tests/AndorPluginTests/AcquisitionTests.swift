// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import AndorPlugin
@testable import DAQKernel

@Suite("acquisitions of a camera")
struct AcquisitionTests {
    @Test("a kinetic series comes whole, in order, pixel for pixel, and is recorded as done")
    func kinetic() async throws {
        let bench = try await Bench {
            $0.start.mode = .kinetic
            $0.start.frames = 50
        }
        try await bench.untilIdle()
        try await bench.call("acquire")
        for index in 1...50 {
            guard case .dictionary(let entries) = try await bench.call("get_frame") else {
                Issue.record("image \(index) is missing")
                break
            }
            let frame = Dictionary(uniqueKeysWithValues: entries.map { ($0.key.string ?? "", $0.value) })
            #expect(frame["index"] == .integer(Int64(index)))
            #expect(frame["lost_before"] == .integer(0))
            guard case .array(let image)? = frame["image"] else { continue }
            #expect(image.shape == [6, 8])
            let pixels = try #require(image.elements(as: UInt16.self))
            #expect(pixels == Self.counter(index, serial: 12859, columns: 8, rows: 6))
        }
        #expect(try await bench.call("get_frame") == .null)
        let record = try #require(try await bench.records().first)
        #expect(record.state == .done)
        #expect(record.frames.received == 50 && record.frames.missing == 0)
        await bench.stop()
    }

    /// The stand-in's counter picture.
    static func counter(_ index: Int, serial: Int, columns: Int, rows: Int) -> [UInt16] {
        var pixels = (0..<rows * columns).map { UInt16(($0 % columns + 3 * ($0 / columns) + index) & 4095) + 500 }
        pixels[0] = UInt16(truncatingIfNeeded: index)
        pixels[1] = UInt16(truncatingIfNeeded: index >> 16)
        pixels[2] = UInt16(truncatingIfNeeded: serial)
        return pixels
    }

    @Test(
        "the Python driver's sequence: start, stop, fetch until empty; the string decodes to the pixels' sum, none of those that the camera took is missing (E7.3, E7.8, A7-3, A7-6)"
    )
    func seedSequence() async throws {
        let bench = try await Bench { $0.pipeline.images = 1_000_000 }
        try await bench.untilIdle()
        #expect(try await bench.call("start_acquisition_with_watcher") == .null)
        #expect(try await bench.call("data_watcher_is_working") == .bool(true))
        try await eventually("ten images came") { try await bench.call("pipeline_size").integer ?? 0 >= 10 }
        #expect(try await bench.call("stop_data_watcher") == .null)
        #expect(try await bench.call("data_watcher_is_working") == .bool(false))
        #expect(bench.sim.counter("acquired") == bench.sim.counter("retrieved"))
        var index = 0
        while case .string(let text) = try await bench.call("get_data_from_pipeline") {
            index += 1
            let scalars = Array(text.unicodeScalars)
            let sum = stride(from: 0, to: scalars.count, by: 2).reduce(0) {
                $0 + Int(scalars[$1].value) * 256 + Int(scalars[$1 + 1].value)
            }
            let expected = Self.counter(index, serial: 12859, columns: 8, rows: 6).reduce(0) { $0 + Int($1) }
            #expect(sum == expected)
        }
        #expect(index == bench.sim.counter("acquired"))
        #expect(try await bench.call("stop_data_watcher") == .null)
        let record = try #require(try await bench.records().first)
        #expect(record.state == .done)
        await bench.stop()
    }

    @Test("images that the camera's buffer lost are counted by index, and the acquisition is never done (A7-7)")
    func lost() async throws {
        let bench = try await Bench()
        try await bench.untilIdle()
        try await bench.call("start")
        try await eventually("images come") { try bench.number("acquisition/images") >= 3 }
        bench.sim.drop(7)
        try await eventually("the loss is seen") { try bench.number("acquisition/lost") >= 7 }
        try await bench.call("stop")
        // Those that were acquired and not yet fetched went with the seven.
        let lost = Int64(bench.sim.counter("lost"))
        #expect(lost >= 7)
        #expect(try bench.number("acquisition/lost") == Double(lost))
        let record = try #require(try await bench.records().first)
        #expect(record.state == .failed)
        #expect(record.frames.missing == lost)
        #expect((record.frames.received ?? 0) + lost == Int64(bench.sim.counter("acquired")))
        #expect(try bench.alarm("message").severity == .major)
        await bench.stop()
    }

    @Test("a full pipeline drops the oldest, counts them, and the acquisition that relied on it is not done (A7-6)")
    func overflow() async throws {
        let bench = try await Bench { $0.pipeline.images = 5 }
        try await bench.untilIdle()
        try await bench.call("start_acquisition_with_watcher")
        try await eventually("more came than fit") { bench.sim.counter("acquired") > 20 }
        try await bench.call("stop_data_watcher")
        let total = Int64(bench.sim.counter("acquired"))
        #expect(try await bench.call("pipeline_size") == .integer(5))
        #expect(bench.device.acquirer.pipeline.dropped == UInt64(total - 5))
        let record = try #require(try await bench.records().first)
        #expect(record.state == .failed)
        #expect(record.frames.missing == total - 5)
        guard case .dictionary(let entries) = try await bench.call("get_frame") else {
            Issue.record("no image")
            return
        }
        #expect(entries.first { $0.key == .string("lost_before") }?.value == .integer(total - 5))
        await bench.stop()
    }

    @Test(
        "a full pipeline ends the acquisition where that is wanted: the first images stay, what came after them is lost (A6)",
        arguments: [Pipeline.Bounds(images: 5), Pipeline.Bounds(images: 1000, bytes: 5 * 96 + 95)])
    func stopWhenFull(bounds: Pipeline.Bounds) async throws {
        let bench = try await Bench("manual=1 start=20") {
            $0.pipeline = bounds
            $0.overflow = .stop
        }
        try await bench.untilIdle()
        for _ in 0..<2 {
            try await bench.call("start_acquisition_with_watcher")
            // Three come, then nine at once, of which two find room.
            bench.sim.advance(seconds: bench.sim.cycle * 3.5)
            try await eventually("three wait") { try await bench.call("pipeline_size") == .integer(3) }
            bench.sim.advance(seconds: bench.sim.cycle * 9)
            try await eventually("it has ended") { try await bench.call("data_watcher_is_working") == .bool(false) }
            #expect(bench.sim.counter("acquired") == 12 && bench.sim.counter("retrieved") == 12)
            let record = try #require(try await bench.records().first)
            #expect(record.state == .failed && record.frames.missing == 7)
            #expect(try bench.value("acquisition/lost") == .integer(7))
            #expect(try bench.value("message").string?.contains("the pipeline is full with 5 images") == true)
            var indices: [Int64] = []
            while case .dictionary(let entries) = try await bench.call("get_frame") {
                indices.append(entries.first { $0.key == .string("index") }?.value.integer ?? 0)
            }
            #expect(indices == [1, 2, 3, 4, 5])
        }
        await bench.stop()
    }

    @Test(
        "single scan, accumulation, fast kinetics and a limit end by themselves (A7-10, A7-15)",
        arguments: AcquisitionMode.allCases)
    func modes(mode: AcquisitionMode) async throws {
        let bench = try await Bench {
            $0.start.mode = mode == .timeDelayedIntegration ? .runTillAbort : mode
            $0.start.frames = 4
        }
        try await bench.untilIdle()
        if mode == .timeDelayedIntegration {
            // None of the stand-in's cameras has it.
            let error = await #expect(throws: DeviceError.self) {
                try await bench.set("acquisition/mode", .string(mode.rawValue))
            }
            #expect(error?.message.contains("has no acquisition mode") == true, "\(String(describing: error))")
            #expect(try bench.value("acquisition/mode") == .string("run_till_abort"))
            return await bench.stop()
        }
        try await bench.set("acquisition/accumulations", .integer(3))
        try await bench.set("acquisition/fast_rows", .integer(6))
        try await bench.set("acquisition/limit", .integer(6))
        try await bench.call("acquire")
        let record = try #require(try await bench.records().first)
        let expected: Int64 =
            [.singleScan: 1, .accumulate: 1, .kinetic: 4, .fastKinetics: 4, .runTillAbort: 6][mode] ?? 0
        #expect(record.state == .done, "\(record.result ?? "")")
        #expect(record.frames.received == expected)
        if mode == .accumulate || mode == .kinetic {
            guard case .array(let image) = try await bench.call("get_image") else {
                Issue.record("no image")
                return
            }
            #expect(image.elementType == .int32)
            let sums = try #require(image.elements(as: Int32.self))
            #expect(sums[3] == 1512)  // three times 500 + 3 + 1
        }
        await bench.stop()
    }

    @Test(
        "a software trigger before the image is complete is refused as that, by both names, and the camera is not away",
        arguments: ["software_trigger", "send_software_trigger"])
    func earlyTrigger(command: String) async throws {
        let bench = try await Bench("manual=1 start=20") { $0.start.trigger = .software }
        try await bench.untilIdle()
        try await bench.call("start")
        try await bench.call(command)
        let early = await #expect(throws: DeviceError.self) { try await bench.call(command) }
        #expect(early?.code == .vendor && early?.vendorCode == 20013 && early?.vendorText == "DRV_ERROR_ACK")
        #expect(early?.message.contains("the image before is not complete yet") == true)
        #expect(bench.device.core.isOpen)
        bench.sim.advance(seconds: 10)
        guard case .array = try await bench.call("get_image", .float(30)) else {
            Issue.record("no image of the first trigger")
            return
        }
        try await bench.call(command)
        try await bench.call("stop")
        await bench.stop()
    }

    @Test("software and external triggers take one image each")
    func triggers() async throws {
        let bench = try await Bench { $0.start.trigger = .software }
        try await bench.untilIdle()
        let stream = bench.device.acquirer.frames.subscribe(.everyDropping(capacity: 100))
        defer { stream.cancel() }
        try await bench.call("start")
        #expect(try bench.value("state") == .string("armed"))
        for index in 1...5 {
            try await bench.call("software_trigger")
            guard case .dictionary(let entries) = try await bench.call("get_frame", .float(30)) else {
                Issue.record("no image \(index)")
                break
            }
            let frame = Dictionary(uniqueKeysWithValues: entries.map { ($0.key.string ?? "", $0.value) })
            guard case .array(let image)? = frame["image"] else { continue }
            #expect(image.elements(as: UInt16.self)?[0] == UInt16(index))
            let exposure = try #require(frame["exposure"]?.double)
            #expect(abs(exposure - (index <= 3 ? 0.001 : 0.002)) < 1e-6)
            let streamed = try #require(await stream.next())
            #expect(streamed.metadata.first { $0.0 == "exposure" }?.1 == .float(exposure))
            if index == 3 { try await bench.set("acquisition/exposure", .float(0.002)) }
        }
        await #expect(throws: DeviceError.self) { try await bench.set("image/hbin", .integer(2)) }
        try await bench.call("stop")
        try await bench.set("trigger/mode", .string("external"))
        try await bench.call("start")
        bench.sim.trigger()
        guard case .array = try await bench.call("get_image", .float(30)) else {
            Issue.record("no image by the external trigger")
            return
        }
        try await bench.call("stop")
        #expect(try await bench.records().allSatisfy { $0.state == .done })
        await bench.stop()
    }

    @Test("aborts are safe at every moment of a series and many at once (A7-15)")
    func abortEverywhere() async throws {
        let bench = try await Bench {
            $0.start.mode = .kinetic
            $0.start.frames = 200
        }
        try await bench.call("stop")
        try await bench.untilIdle()
        try await bench.call("stop")
        for wait in [0, 1, 3, 10, 30] {
            let running = try bench.start("acquire")
            if wait > 0 {
                try await eventually("images") { bench.sim.counter("acquired") >= wait || running.status.state.isFinal }
            }
            async let first: DataValue = bench.call("stop")
            async let second: DataValue = bench.call("abort")
            async let third: DataValue = bench.call("stop_data_watcher")
            _ = try await (first, second, third)
            _ = await running.end()
            while bench.device.acquirer.isBusy { try await bench.call("stop") }
        }
        let records = try await bench.records()
        #expect(records.allSatisfy { $0.state == .aborted || $0.state == .done })
        await #expect(throws: DeviceError.self) { try await bench.call("abort_acquisition") }
        await bench.stop()
    }

    /// Brings a camera into a state in which it stays.
    private func bench(in state: CameraState) async throws -> Bench {
        let words = state == .opening ? "speed=20 init_ms=3000" : "speed=1 start=\(state == .warming ? -80 : 20)"
        let bench = try await Bench(words) {
            if state == .absent { $0.library = "/nowhere/libandor.so" }
            if state == .armed { $0.start.trigger = .external }
            if state == .fault { $0.pollInterval = .seconds(60) }
            $0.shutdown = state == .warming ? .warm : .immediate
            $0.start.target = state == .warming ? -80 : 20
            $0.shutterClosedWhenIdle = state == .draining
        }
        if state != .absent, state != .opening { try await bench.untilIdle() }
        switch state {
        case .absent, .opening, .idle: break
        case .armed, .acquiring: try await bench.call("start")
        case .draining:
            try await bench.call("start")
            bench.sim.hang("SetShutterEx", milliseconds: 1000)
            _ = try bench.start("stop")
        case .warming: _ = try bench.start("stop_camera")
        case .closed: try await bench.call("stop_camera")
        case .fault:
            try await bench.call("start")
            bench.sim.unplug()
        }
        try await eventually("\(state)") { try bench.value("state") == .string(state.rawValue) }
        return bench
    }

    @Test(
        "an abort is safe in every state: nothing is thrown, nothing acquires afterwards, and what can take images does",
        arguments: CameraState.allCases)
    func abortInEveryState(state: CameraState) async throws {
        for command in ["abort", "stop", "stop_data_watcher"] {
            let bench = try await bench(in: state)
            try await bench.call(command)
            #expect(!bench.device.acquirer.isBusy)
            switch state {
            case .opening, .idle, .armed, .acquiring, .draining:
                bench.sim.hang("SetShutterEx", milliseconds: 0)
                try await bench.untilIdle()
                try await bench.set("trigger/mode", .string("internal"))
                try await bench.set("acquisition/limit", .integer(2))
                try await bench.call("acquire")
                #expect(try await bench.records().first?.state == .done)
            case .absent, .warming, .closed, .fault:
                // One that is absent is looked for again and again.
                let shown = try #require(try bench.value("state").string)
                #expect(shown == state.rawValue || state == .absent && shown == "opening")
                await #expect(throws: DeviceError.self) { try await bench.call("acquire") }
            }
            await bench.stop()
        }
    }

    @Test("a camera that is unplugged in mid-series: the record fails with the reason, the camera comes back")
    func unplugged() async throws {
        let bench = try await Bench {
            $0.start.mode = .kinetic
            $0.start.frames = 1_000_000_000
        }
        try await bench.untilIdle()
        let running = try bench.start("acquire")
        try await eventually("images come") { try bench.number("acquisition/images") >= 5 }
        bench.sim.unplug()
        let status = await running.end()
        #expect(status.error?.message.contains("does not answer") == true, "\(String(describing: status.error))")
        let record = try #require(try await bench.records().first)
        #expect(record.state == .failed)
        #expect(record.result?.contains("does not answer") == true)
        try await eventually("the camera is away") { try bench.alarm("cooling/temperature").severity == .invalid }
        // It is looked for in vain, and the other camera that is there is not taken in its place.
        try await eventually("the reason is shown") {
            try bench.value("message").string?.contains("7342") == true
        }
        await #expect(throws: DeviceError.self) { try await bench.call("acquire") }
        bench.sim.unplug(100, false)
        try await bench.untilIdle()
        #expect(try bench.value("serial_number") == .integer(12859))
        #expect(bench.sim.counter("initialized", of: 101) == 0)
        try await bench.set("acquisition/frames", .integer(3))
        try await bench.call("acquire")
        #expect(try await bench.records().first?.state == .done)
        await bench.stop()
    }

    @Test("two clients with pipelines of their own both get every image; the shared one is nobody's loss (A7-18)")
    func twoClients() async throws {
        let bench = try await Bench {
            $0.start.mode = .kinetic
            $0.start.frames = 40
        }
        try await bench.untilIdle()
        let first = try await bench.call("subscribe_images", .integer(100))
        let second = try await bench.call("subscribe_images", .integer(10))
        try await bench.call("acquire")
        guard case .array(let all) = try await bench.call("get_subscribed_images", first, .integer(100)),
            case .array(let some) = try await bench.call("get_subscribed_images", second, .integer(100)),
            case .array(let shared) = try await bench.call("get_images", .integer(100))
        else {
            Issue.record("no images")
            return
        }
        #expect(all.shape == [40, 6, 8])
        #expect(some.shape == [10, 6, 8])
        #expect(shared == all)
        #expect(some.elements(as: UInt16.self)?[0] == 31)
        try await bench.call("unsubscribe_images", first)
        await #expect(throws: DeviceError.self) { try await bench.call("get_subscribed_images", first, .integer(1)) }
        await bench.stop()
    }

    @Test(
        "frames of the kernel's stream carry index, acquisition, camera time and settings, over the same bytes (A7-18)")
    func stream() async throws {
        let bench = try await Bench {
            $0.start.mode = .kinetic
            $0.start.frames = 20
        }
        try await bench.untilIdle()
        let subscription = bench.device.acquirer.frames.subscribe(.everyDropping(capacity: 100))
        try await bench.call("acquire")
        var last: Int64 = -1
        for index in 0..<20 {
            let frame = try #require(await subscription.next())
            #expect(frame.index == index)
            #expect(frame.shape == [6, 8])
            #expect(frame.deviceNanoseconds ?? -1 > last)
            last = frame.deviceNanoseconds ?? -1
            let pixels = frame.buffer.withBytes { Array($0.bindMemory(to: UInt16.self)) }
            #expect(pixels == Self.counter(index + 1, serial: 12859, columns: 8, rows: 6))
            #expect(frame.metadata.contains { $0.0 == "exposure" })
        }
        let id = try await bench.records().first?.id
        #expect(try await bench.records().first?.id == id)
        subscription.cancel()
        await bench.stop()
    }

    @Test("raw calls leave the fetching to the client, who sees the SDK's own indexes and codes")
    func raw() async throws {
        let bench = try await Bench()
        try await bench.untilIdle()
        try await bench.call("start_acquisition")
        try await eventually("three images") { bench.sim.counter("acquired") >= 3 }
        guard case .tuple(let range) = try await bench.call("get_number_new_images") else {
            Issue.record("no tuple")
            return
        }
        #expect(range.first == .integer(1))
        guard case .string(let text) = try await bench.call("get_oldest_image16") else {
            Issue.record("no image")
            return
        }
        #expect(Array(text.unicodeScalars)[1].value == 1)
        guard case .list(let images) = try await bench.call("get_images16", .tuple([.integer(2), .integer(3)])) else {
            Issue.record("no list")
            return
        }
        #expect(images.count == 2)
        try await bench.call("abort_acquisition")
        do {
            try await bench.call("abort_acquisition")
            Issue.record("an abort while idle must be refused")
        } catch let error as DeviceError {
            #expect(error.vendorCode == 20073 && error.vendorText == "DRV_IDLE")
        }
        #expect(try await bench.records().first?.frames.isCounted == false)
        await bench.stop()
    }
}
