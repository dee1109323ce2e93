// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Synchronization

/// What a running acquisition shares with the commands that end it.
final class RunningAcquisition: Sendable {
    /// How its images leave the camera.
    enum Delivery: Sendable {
        /// To the frame stream; what the pipeline drops was delivered there.
        case stream
        /// To the pipeline: an image that it drops is lost.
        case pipeline
        /// The client fetches them itself by the SDK's own calls.
        case client
    }

    let acquisition: Acquisition
    let context: ImageContext
    let delivery: Delivery
    /// Images after which it is stopped; `nil`: none.
    let limit: Int?
    /// Seconds from image to image where the camera's own clock makes them; 0 elsewhere.
    let cycle: Double
    private let state = Mutex(State())

    private struct State {
        var discards = false
        var isStopped = false
        var failure: DeviceError?
        var task: Task<AcquisitionRecord, any Error>?
    }

    init(_ acquisition: Acquisition, _ context: ImageContext, delivery: Delivery, limit: Int?, cycle: Double) {
        self.acquisition = acquisition
        self.context = context
        self.delivery = delivery
        self.limit = limit
        self.cycle = cycle
    }

    var isStopped: Bool { state.withLock { $0.isStopped } }
    /// Whether images still in the camera's buffer are left there.
    var discards: Bool { state.withLock { $0.discards } }
    /// What went wrong beside the camera: a full pipeline.
    var failure: DeviceError? { state.withLock { $0.failure } }

    func stopping(discards: Bool) {
        state.withLock { state in
            state.isStopped = true
            state.discards = state.discards || discards
        }
    }

    func fail(_ error: DeviceError) { state.withLock { $0.failure = $0.failure ?? error } }

    func attach(_ task: Task<AcquisitionRecord, any Error>) { state.withLock { $0.task = task } }

    /// Waits until everything has ended, images delivered, record written.
    func end() async throws -> AcquisitionRecord? { try await state.withLock { $0.task }?.value }
}
