// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// A subscriber in the process that wants every frame of every device and looks at each: for measuring and for tests.
///
/// Its counters are parameters of the device `daqd`: `frames`, `gaps` (indexes that did not follow each other), `lost` (as the frames
/// say), `wrong` (frames whose first pixel is not their number, which the stand-in's counter picture writes there).
final class FrameCounter: Frontend {
    static let factory = FrontendFactory(
        "frame_counter", summary: "Counts frames and looks at each one",
        settings: [.integer("capacity", "Frames that wait before the source waits", default: 1024, in: 1...1_000_000)]
    ) { settings, context in FrameCounter(capacity: try settings["capacity"], context) }

    private let capacity: Int
    private let context: FrontendContext
    private let frames: Counter
    private let gaps: Counter
    private let lost: Counter
    private let wrong: Counter

    init(capacity: Int, _ context: FrontendContext) {
        self.capacity = capacity
        self.context = context
        frames = context.counter("frames", "Frames that came")
        gaps = context.counter("gaps", "Frames that did not follow the one before")
        lost = context.counter("lost", "Frames that were lost before others, as those say")
        wrong = context.counter("wrong", "Frames whose first pixel is not their number")
    }

    func start() async throws {}

    func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            for node in context.site.devices where context.shows(node.name) {
                for source in node.frameSources.values {
                    group.addTask { await self.count(source) }
                }
            }
        }
        while true { try await Task.sleep(for: .seconds(3600)) }
    }

    func stop() async {}

    private func count(_ source: FrameSource) async {
        let subscription = source.subscribe(.everyBlocking(capacity: capacity))
        var next = 0
        while true {
            let batch = await subscription.next(atMost: capacity)
            if batch.isEmpty { return }
            for frame in batch {
                if frame.index != next, frame.index != 0 { gaps.add() }
                if frame.lostBefore > 0 { lost.add(frame.lostBefore) }
                if unsafe frame.buffer.withBytes({ unsafe $0.loadUnaligned(as: UInt16.self) })
                    != UInt16(truncatingIfNeeded: frame.index + 1)
                {
                    wrong.add()
                }
                next = frame.index + 1
            }
            frames.add(batch.count)
        }
    }
}
