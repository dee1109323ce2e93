// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// Fetching images from the pipeline, shared or one's own.
enum ImageCommands {
    private static let parallel = CommandPolicy(.parallel, endsWithCaller: true)
    private static let timeout = Argument<Double>(
        "timeout", "How long to wait", unit: "s", limits: 0...86400, default: 0)
    private static let most = Argument<Int>("max", "Images at most", limits: 1...65536)

    static func make(_ core: CameraCore, _ acquirer: Acquirer) -> [AnyCommand] {
        shared(core, acquirer) + own(core, acquirer)
    }

    private static func shared(_ core: CameraCore, _ acquirer: Acquirer) -> [AnyCommand] {
        let pipeline = acquirer.pipeline
        let pool = acquirer.pool
        let format = core.parameters.format
        return [
            Command<DataValue>(
                "emccd/get_data_from_pipeline",
                "The oldest image of the pipeline in its format; nothing when it is empty",
                policy: .quick
            ) { _ in pipeline.fetch(1).first.map { format.value.value(of: $0.first.result) } ?? .null },
            Command<DataValue>(
                "get_image", "The oldest image of the pipeline as rows and columns; nothing when none came in time",
                timeout,
                policy: parallel
            ) { _, seconds in
                await pipeline.fetch(1, atLeast: 1, within: seconds).first.map { .array($0.first.result) } ?? .null
            },
            Command<DataValue>(
                "get_images", "Several images as one array, the image's number first; nothing when none came in time",
                most,
                timeout, policy: parallel
            ) { _, most, seconds in
                stack(await pipeline.fetch(most, atLeast: most, within: seconds), returning: pipeline, pool)
            },
            Command<DataValue>(
                "get_frame", "The oldest image with index, acquisition, times, losses before it and settings", timeout,
                policy: parallel
            ) { _, seconds in
                await pipeline.fetch(1, atLeast: 1, within: seconds).first.map {
                    $0.first.dictionary(lostBefore: $0.lostBefore)
                } ?? .null
            },
            Command<Int>("pipeline_size", "Images that wait in the pipeline", policy: .quick) { _ in pipeline.count },
            Command<Int>("clear_pipeline", "Forgets the images in the pipeline and returns how many", policy: .quick) {
                _ in
                pipeline.clear()
            },
        ]
    }

    private static func own(_ core: CameraCore, _ acquirer: Acquirer) -> [AnyCommand] {
        let table = acquirer.subscriptions
        let pool = acquirer.pool
        let number = Argument<Int>("subscription", "Number of subscribe_images")
        return [
            Command<Int>(
                "subscribe_images", "Opens a pipeline of one's own; its number is returned, ten idle minutes end it",
                Argument<Int>("capacity", "Images that wait at most", limits: 1...65536, default: 256), policy: .quick
            ) { _, capacity in
                try table.open(Pipeline.Bounds(images: capacity, bytes: core.settings.pipeline.bytes))
            },
            Command<DataValue>(
                "get_subscribed_images", "Images of one's own pipeline as one array", number, most, timeout,
                policy: parallel
            ) { _, number, most, seconds in
                let pipeline = try table[number]
                return stack(await pipeline.fetch(most, atLeast: 1, within: seconds), returning: pipeline, pool)
            },
            Command<DataValue>(
                "get_subscribed_frame", "The oldest image of one's own pipeline with all that is known of it", number,
                timeout,
                policy: parallel
            ) { _, number, seconds in
                let pipeline = try table[number]
                return await pipeline.fetch(1, atLeast: 1, within: seconds).first
                    .map { $0.first.dictionary(lostBefore: $0.lostBefore) } ?? .null
            },
            Command<Void>("unsubscribe_images", "Ends one's own pipeline", number, policy: .quick) { _, number in
                try table.close(number)
            },
        ]
    }

    /// Images of one shape as one array; those after a change of shape stay for the next call.
    ///
    /// Neighbours in the pool's memory are handed out where they are, if they are many bytes; others are brought together.
    static func stack(
        _ fetched: [Pipeline.Fetched], returning pipeline: Pipeline, _ pool: FramePool
    ) -> DataValue {
        guard let first = fetched.first?.run.batch.context else { return .null }
        let same = fetched.prefix {
            let context = $0.run.batch.context
            return context.shape == first.shape && context.elementType == first.elementType
        }
        pipeline.putBack(Array(fetched.dropFirst(same.count)))
        let shape = [same.reduce(0) { $0 + $1.count }] + first.shape
        return array(same.map(\.run), first.elementType, shape, pool).map { .array($0) } ?? .null
    }

    private static func array(
        _ runs: [ImageRun], _ type: ElementType, _ shape: [Int], _ pool: FramePool
    ) -> ArrayValue? {
        let size = runs.reduce(0) { $0 + $1.bytes }
        if size > Operation.largeResult {
            if let buffer = ImageBatch.buffer(runs) { return ArrayValue(type, shape: shape, buffer: buffer) }
            if size <= FramePool.blockBytes, let block = pool.take(), let memory = unsafe block.place(0) {
                unsafe copy(runs, to: UnsafeMutableRawBufferPointer(start: memory, count: size))
                return ArrayValue(type, shape: shape, buffer: block.buffer(0..<size))
            }
        }
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            unsafe copy(runs, to: UnsafeMutableRawBufferPointer(buffer))
            count = size
        }
        return ArrayValue(type, shape: shape, bytes: bytes)
    }

    @unsafe
    private static func copy(_ runs: [ImageRun], to target: UnsafeMutableRawBufferPointer) {
        var offset = 0
        for run in runs {
            unsafe run.batch.buffer(run.places).withBytes { raw in
                unsafe UnsafeMutableRawBufferPointer(rebasing: target[offset...]).copyMemory(from: raw)
            }
            offset += run.bytes
        }
    }
}
