// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Synchronization

/// Starts, watches and ends acquisitions: the loop that fetches every image from the camera's circular buffer.
///
/// It waits outside the gate until an image is there, then fetches all that are new; it ends when the camera is idle and the
/// buffer is empty, so that an image of the last moment is never left behind.
final class Acquirer: Sendable {
    private enum Phase {
        case idle
        case starting
        case running(RunningAcquisition)
    }

    let core: CameraCore
    let pipeline: Pipeline
    let subscriptions = PipelineTable()
    let frames = FrameSource(channel: "camera")
    private let phase = Mutex(Phase.idle)
    private let counter = Atomic<Int>(0)
    let pool: FramePool
    let filler: BlockFiller
    private let thread = SerialThread(name: "andor-data")
    private let silentSince = Mutex(ContinuousClock.now)
    private let lastLive = Atomic<Int64>(0)
    private let rate = Mutex(ImageRate())
    /// The newest image that is not shown yet.
    private let unseen = Mutex<CameraImage?>(nil)

    init(_ core: CameraCore) {
        self.core = core
        pipeline = Pipeline(core.settings.pipeline)
        pool = FramePool(limit: core.settings.frameMemory)
        filler = BlockFiller(pool)
    }

    /// The acquisition that runs.
    var current: RunningAcquisition? {
        phase.withLock { if case .running(let running) = $0 { running } else { nil } }
    }

    /// Whether one runs or is being started.
    var isBusy: Bool { phase.withLock { if case .idle = $0 { false } else { true } } }

    // MARK: - Start

    /// Starts an acquisition with the present settings; returns when the camera takes images or waits for a trigger.
    /// - Throws: ``DeviceError``: `busy` while another runs, the SDK's refusal, `storage` when the run log cannot be written.
    @discardableResult
    func start(_ delivery: RunningAcquisition.Delivery, origin: Origin?) async throws -> RunningAcquisition {
        _ = try core.facts()
        try requireStable()
        try claim()
        do {
            try requireStaysOpen()
            let running = try await begin(delivery, origin)
            phase.withLock { $0 = .running(running) }
            running.attach(Task { try await self.run(running) })
            return running
        } catch {
            core.isAcquiring = false
            phase.withLock { $0 = .idle }
            throw error
        }
    }

    private func claim() throws(DeviceError) {
        let isFree = phase.withLock { phase in
            guard case .idle = phase else { return false }
            phase = .starting
            return true
        }
        guard isFree else {
            throw DeviceError(.busy, "\(core.name) acquires already; stop it first", .acquiring)
        }
    }

    private func requireStable() throws(DeviceError) {
        let (setup, celsius, cooling) = core.state.withLock { ($0.setup, $0.temperature, $0.cooling) }
        guard core.settings.requiresStable, cooling != .stabilized else { return }
        let reason =
            cooling == .off
            ? "the cooler is off; switch it on first"
            : "\(celsius) °C are \(cooling.rawValue) at the set point \(setup.target) °C; wait for stabilized"
        throw DeviceError(
            .wrongState, "\(core.name) takes images only at a stable temperature (require_stable): \(reason)")
    }

    /// Asked once the start is claimed: a close that begins afterwards waits for it.
    private func requireStaysOpen() throws(DeviceError) {
        if core.state.withLock({ $0.isClosing }) {
            throw DeviceError(.wrongState, "\(core.name) is being closed; open it by open_camera when that is done")
        }
    }

    private func begin(_ delivery: RunningAcquisition.Delivery, _ origin: Origin?) async throws -> RunningAcquisition {
        let facts = try core.facts()
        let setup = core.setup
        let limit = setup.mode == .runTillAbort && core.parameters.limit.value > 0 ? core.parameters.limit.value : nil
        let acquisition = try await core.context.acquisitions.begin(
            AcquisitionPlan(
                core.name, expected: setup.expected ?? limit.map { Int64($0) }, countsFrames: delivery != .client,
                firstIndex: 0, origin: origin, configuration: configuration()))
        do {
            if delivery != .client { try await prepare(setup, facts) }
            try await acquisition.armed()
            core.isAcquiring = true
            let opens = core.settings.shutterClosedWhenIdle
            let readback = try await core.call("StartAcquisition") { [core] sdk, facts in
                // The acquisition before closed it; the cycle times depend on its mode.
                if opens { try sdk.set(shutter: setup.shutter, facts) }
                if opens { core.forgetPreparation() }
                try core.prepare(sdk, facts)
                let readback = CameraCore.read(back: sdk, facts)
                try sdk.set(.startAcquisition)
                return readback
            }
            core.state.withLock { $0.readback = readback }
            let shape = setup.shape(sensorWidth: facts.sensorWidth, sensorHeight: facts.sensorHeight)
            let context = ImageContext(
                acquisition: acquisition.id, number: counter.add(1, ordering: .relaxed).newValue, setup: setup,
                exposure: { [core] in core.readback.exposure }, rows: shape.rows, columns: shape.columns)
            show(started: acquisition, setup, readback)
            if setup.trigger == .internal { try await acquisition.acquiring() }
            let cycle =
                setup.trigger == .internal
                ? max(readback.kinetic, readback.accumulate * Double(setup.accumulations)) : 0
            return RunningAcquisition(acquisition, context, delivery: delivery, limit: limit, cycle: cycle)
        } catch {
            _ = try? await core.call("AbortAcquisition", .abort) { sdk, _ in try? sdk.set(.abortAcquisition) }
            await closeIdleShutter()
            _ = try? await acquisition.finish(failure: error)
            throw error
        }
    }

    /// Memory for a second of images, or for 256 of them, is there before the first one comes.
    private func prepare(_ setup: CameraSetup, _ facts: CameraFacts) async throws {
        let size = imageBytes(setup, facts)
        let bytes = preparedBytes(size)
        try await thread.run { [pool] in pool.prepare(imageBytes: size, bytes: bytes) }
    }

    private func imageBytes(_ setup: CameraSetup, _ facts: CameraFacts) -> Int {
        let shape = setup.shape(sensorWidth: facts.sensorWidth, sensorHeight: facts.sensorHeight)
        return max(1, shape.rows * shape.columns * (setup.isWide ? 4 : 2))
    }

    private func preparedBytes(_ imageBytes: Int) -> Int {
        let cycle = core.readback.kinetic
        return imageBytes * (cycle > 0 ? min(256, max(1, Int(1 / max(cycle, 1e-3)))) : 256)
    }

    /// What a later series needs as well stays mapped: at least half of the limit, and a full pipeline with what is written and sent beside it.
    private func bytesOfNextSeries(_ imageBytes: Int) -> Int {
        let waiting = min(pipeline.bounds.bytes, pipeline.bounds.images * imageBytes)
        let beside = 2 * FramePool.leastBlocks * FramePool.blockBytes(imageBytes)
        return max(preparedBytes(imageBytes), pool.limit / 2, waiting + beside)
    }

    private func show(started acquisition: Acquisition, _ setup: CameraSetup, _ readback: CameraReadback) {
        let parameters = core.parameters
        parameters.images.publish(0)
        parameters.lost.publish(0)
        parameters.bufferSize.publish(readback.buffer)
        parameters.isAcquiring.publish(true)
        parameters.status.publish(SDKStatus.acquiring.code)
        core.show(setup.trigger == .internal ? .acquiring : .armed)
        core.clearMessage()
        if parameters.clearsOnStart.value { pipeline.clear() }
    }

    /// Every parameter with its value, for the record.
    private func configuration() -> JSON {
        .object(core.parameters.settings.map { ($0.parameter.name, $0.parameter.sample.value.json) })
    }

    // MARK: - Stop

    /// Ends the running acquisition, fetches what is left in the camera's buffer and waits until all is delivered.
    /// - Returns: `false` when none ran.
    @discardableResult
    func stop(_ stop: AcquisitionStop, discards: Bool = false) async -> Bool {
        while phase.withLock({ if case .starting = $0 { true } else { false } }) {
            try? await Task.sleep(for: .milliseconds(1))
        }
        guard let running = current else { return false }
        running.stopping(discards: discards)
        try? await running.acquisition.requestStop(stop)
        await abort()
        _ = try? await running.end()
        return true
    }

    /// Tells the camera to take no more images; one that has just ended by itself is no error.
    private func abort() async {
        do {
            try await core.call("AbortAcquisition", .abort) { sdk, _ in
                do throws(DeviceError) {
                    try sdk.set(.abortAcquisition)
                } catch  where error.sdkStatus != .idle {
                    throw error
                } catch {}
                sdk.cancelWait()
            }
        } catch {
            core.logger.warning("An abort was refused", ["reason": .string(DeviceError(wrapping: error).message)])
        }
    }

    // MARK: - The loop

    private func run(_ running: RunningAcquisition) async throws -> AcquisitionRecord {
        var failure: DeviceError?
        do {
            if running.delivery == .client {
                try await watch(running)
            } else {
                try await fetchAll(running)
            }
        } catch {
            failure = DeviceError(wrapping: error)
            await abort()
        }
        return try await finish(running, failure ?? running.failure)
    }

    /// The client fetches by itself: only the end is awaited.
    private func watch(_ running: RunningAcquisition) async throws {
        while try await core.call("GetStatus", .status, { sdk, _ in try sdk.int(.getStatus) }) != SDKStatus.idle.code {
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private func fetchAll(_ running: RunningAcquisition) async throws {
        let facts = try core.facts()
        silentSince.withLock { $0 = .now }
        let loop = FetchLoop(
            core, try await core.gate.open(), handle: facts.handle, running,
            BufferReader(context: running.context, hasTimes: facts.capabilities.hasMetadata, filler: filler),
            FetchLoop.Consumer(
                deliver: { [self] in deliver($0, running) }, makeRoom: { [self] in makeRoom(running) },
                idle: { [self] in
                    showUnseen(running)
                    checkSilence(running)
                }))
        while true {
            let pause = try await thread.run { try loop.run() }
            switch pause {
            case .began:
                try? await running.acquisition.acquiring()
                core.show(.acquiring)
            case .over(let total):
                if !running.discards, total > loop.last, running.limit == nil { lost(total - loop.last, running) }
                return
            }
        }
    }

    private func checkSilence(_ running: RunningAcquisition) {
        let limit = max(5, 5 * running.cycle)
        let isSilent = silentSince.withLock { since in
            guard running.cycle > 0, since.duration(to: .now) > .seconds(limit) else { return false }
            since = .now
            return true
        }
        guard isSilent else { return }
        let text = "no image for \(limit) s where one is due each \(running.cycle) s"
        core.say(text, alarm: Alarm(.minor, .timeout, text))
        core.logger.warning("No image comes", ["cycle_s": .number(running.cycle)])
    }

    // MARK: - Delivery, on the camera's thread

    private func deliver(_ batch: ImageBatch, _ running: RunningAcquisition) {
        silentSince.withLock { $0 = .now }
        let count = min(batch.count, (running.limit ?? Int.max) - batch.first + 1)
        if let limit = running.limit, batch.last >= limit, !running.isStopped {
            running.stopping(discards: false)
            Task { await self.abort() }
        }
        guard count > 0, !running.discards else { return }
        let run = ImageRun(batch: batch, places: 0..<count)
        if batch.lost > 0 { overrun(batch, running) }
        running.acquisition.frames(indexes: Int64(run.firstIndex) - 1..<Int64(run.lastIndex))
        hand(run, running)
        // A consumer that wants every frame may make the camera's thread wait here.
        if frames.hasConsumers {
            frames.publish(contentsOf: batch.frames(frames.channel, count))
        } else {
            frames.skip(count)
        }
        core.parameters.counter.publish(core.parameters.counter.value + count)
        rate.withLock { $0.count(count, at: batch.monotonicNanoseconds) }
        show(CameraImage(batch: batch, place: count - 1), running)
    }

    /// The memory is used up: the oldest images that wait to be fetched give way.
    private func makeRoom(_ running: RunningAcquisition) -> Bool {
        if core.settings.overflow == .stop, running.delivery == .pipeline {
            stopForFullPipeline(running)
            return false
        }
        var hasRoom = false
        for subscription in subscriptions.all where subscription.dropOldest(of: running.context) != nil {
            hasRoom = true
        }
        if let dropped = pipeline.dropOldest(of: running.context) {
            hasRoom = true
            core.parameters.dropped.publish(Int(pipeline.dropped))
            if dropped > 0, running.delivery == .pipeline { lost(dropped, running) }
        }
        return hasRoom
    }

    private func stopForFullPipeline(_ running: RunningAcquisition) {
        guard running.failure == nil else { return }
        running.fail(DeviceError(.failed, "the pipeline is full with \(pipeline.count) images that nobody fetched"))
        running.stopping(discards: false)
        Task { await self.abort() }
    }

    private func overrun(_ batch: ImageBatch, _ running: RunningAcquisition) {
        let text = "\(batch.lost) images before \(batch.first) were overwritten in the camera's buffer"
        core.say(text, alarm: Alarm(.major, .resource, text))
        core.logger.error(
            "Images were lost",
            ["images": .integer(Int64(batch.lost)), "before": .integer(Int64(batch.first))])
        core.parameters.lost.publish(core.parameters.lost.value + batch.lost)
    }

    private func hand(_ run: ImageRun, _ running: RunningAcquisition) {
        for subscription in subscriptions.all { _ = subscription.push(run) }
        if core.settings.overflow == .stop, running.delivery == .pipeline { return fill(run, running) }
        let dropped = pipeline.push(run)
        guard dropped > 0 else { return }
        core.parameters.dropped.publish(Int(pipeline.dropped))
        if running.delivery == .pipeline { lost(dropped, running) }
    }

    /// Adds what there is room for; the first image that finds none ends the acquisition.
    ///
    /// Those that wait are kept, and what the camera took after them is lost, also when somebody fetches now: what is delivered has no gap.
    private func fill(_ run: ImageRun, _ running: RunningAcquisition) {
        var rest = run
        let room = running.failure == nil ? pipeline.room(imageBytes: run.batch.context.bytes) : 0
        if room > 0 { _ = pipeline.push(rest.take(room)) }
        guard rest.count > 0 else { return }
        stopForFullPipeline(running)
        lost(rest.count, running)
    }

    private func lost(_ number: Int, _ running: RunningAcquisition) {
        running.acquisition.lost(Int64(number))
        core.parameters.lost.publish(core.parameters.lost.value + number)
        let text = "\(number) images were lost that nobody fetched in time"
        core.say(text, alarm: Alarm(.major, .resource, text))
    }

    private func show(_ image: CameraImage, _ running: RunningAcquisition) {
        let now = image.batch.monotonicNanoseconds
        let interval = core.settings.liveInterval.nanoseconds
        guard now - lastLive.load(ordering: .relaxed) >= interval else {
            return unseen.withLock { $0 = image }
        }
        lastLive.store(now, ordering: .relaxed)
        unseen.withLock { $0 = nil }
        showProgress(image, running)
    }

    /// The last of several images that came quickly is shown when it is time for the next, also when none comes.
    private func showUnseen(_ running: RunningAcquisition) {
        let now = Timestamp.monotonicNanoseconds()
        guard now - lastLive.load(ordering: .relaxed) >= core.settings.liveInterval.nanoseconds,
            let image = unseen.withLock({ image in
                defer { image = nil }
                return image
            })
        else { return }
        lastLive.store(now, ordering: .relaxed)
        showProgress(image, running)
    }

    private func showProgress(_ image: CameraImage, _ running: RunningAcquisition) {
        let waiting = image.batch.waiting
        let parameters = core.parameters
        parameters.images.publish(image.index)
        parameters.live.publish(.array(image.pixels))
        parameters.liveIndex.publish(image.index)
        parameters.liveTime.publish(image.batch.received.seconds)
        parameters.waiting.publish(pipeline.count)
        let size = max(parameters.bufferSize.value, 1)
        parameters.bufferUse.publish(100 * Double(waiting) / Double(size))
        parameters.rate.publish(rate.withLock { $0.perSecond })
        showMemory()
        if let expected = running.acquisition.record.frames.expected, running.cycle > 0 {
            parameters.remaining.publish(max(0, Double(expected) - Double(image.index)) * running.cycle)
        }
    }

    private func showMemory() {
        let usage = pool.usage
        core.parameters.poolBlocks.publish(usage.blocks)
        core.parameters.poolFree.publish(usage.free)
        core.parameters.poolBytes.publish(usage.mapped)
    }

    // MARK: - The end

    private func finish(_ running: RunningAcquisition, _ failure: DeviceError?) async throws -> AcquisitionRecord {
        core.show(.draining)
        let newest = unseen.withLock { unseen in
            defer { unseen = nil }
            return unseen
        }
        if let newest { showProgress(newest, running) }
        try? await running.acquisition.finishing()
        if running.delivery != .client, let received = running.acquisition.record.frames.received {
            core.parameters.images.publish(Int(received))
        }
        core.isAcquiring = false
        await core.applyWaiting()
        if failure?.code != .disconnected { await closeIdleShutter() }
        let outcome: Result<AcquisitionRecord, any Error>
        do {
            outcome = .success(try await running.acquisition.finish(failure: failure))
        } catch {
            outcome = .failure(error)
            core.logger.error("The end of an acquisition could not be recorded", ["reason": .string("\(error)")])
        }
        let parameters = core.parameters
        parameters.waiting.publish(pipeline.count)
        parameters.remaining.publish(0)
        pool.trim(to: bytesOfNextSeries(running.context.bytes))
        showMemory()
        parameters.bufferUse.publish(0)
        if failure?.code == .disconnected {
            core.show(.fault, failure?.message)
        } else {
            parameters.status.publish(SDKStatus.idle.code)
            core.show(.idle)
            if let failure { core.say(failure.message, alarm: Alarm(.major, .state, failure.message)) }
        }
        phase.withLock { $0 = .idle }
        parameters.isAcquiring.publish(false)
        return try outcome.get()
    }

    /// Between acquisitions no light comes in, where the site wants it so.
    func closeIdleShutter() async {
        guard core.settings.shutterClosedWhenIdle else { return }
        do {
            try await core.call("SetShutter") { sdk, facts in try sdk.closeShutter(self.core.setup.shutter, facts) }
        } catch {
            core.logger.warning(
                "The shutter was not closed", ["reason": .string(DeviceError(wrapping: error).message)])
        }
    }
}

/// Images in a second, over about the last second.
struct ImageRate {
    private var since: Int64 = 0
    private var images = 0
    private(set) var perSecond = 0.0

    mutating func count(_ number: Int, at now: Int64) {
        if since == 0 || now - since > 10_000_000_000 { (since, images) = (now, 0) }
        images += number
        let elapsed = Double(now - since) * 1e-9
        guard elapsed >= 1 else { return }
        perSecond = Double(images) / elapsed
        (since, images) = (now, 0)
    }
}

extension Duration {
    /// As whole nanoseconds.
    var nanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }
    /// As seconds.
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
