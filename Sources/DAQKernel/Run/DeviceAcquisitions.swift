// Part of daqd
// SPDX-License-Identifier: MIT

/// The acquisitions of one device: what its context hands it.
public final class DeviceAcquisitions: Sendable {
    /// The device's name.
    public let device: String
    private let coordinator: AcquisitionCoordinator

    init(device: String, coordinator: AcquisitionCoordinator) {
        self.device = device
        self.coordinator = coordinator
    }

    /// The acquisition that makes the device busy; `nil` when it is idle.
    public var current: Acquisition? {
        coordinator.journal.acquisitions.last { $0.device == device && !$0.isResumed }
    }

    /// Begins an acquisition, which then is preparing; it is in the run log when this returns.
    ///
    /// Whoever begins one must call ``Acquisition/finish(failure:)`` on every path; ``run(_:_:)`` does it for you.
    /// - Throws: ``DeviceError``: `busy` while another one of this device runs, `wrongState` while daqd ends, `storage` when the run
    ///   log cannot be written, for then nothing could be promised.
    public func begin(_ plan: AcquisitionPlan) async throws -> Acquisition {
        try await coordinator.begin(plan, device: device)
    }

    /// Begins an acquisition, runs the body, and ends the acquisition whatever happens: the final record.
    ///
    /// An error thrown by the body ends it failed, a cancellation counts as a stop; both are thrown on. A failed acquisition without
    /// an error is returned: see ``AcquisitionRecord/requireNotFailed()``. One that the body left for the next start stays open.
    @discardableResult
    public func run(
        _ plan: AcquisitionPlan, _ body: (Acquisition) async throws -> Void
    ) async throws -> AcquisitionRecord {
        let acquisition = try await begin(plan)
        do {
            try await body(acquisition)
        } catch  where acquisition.isLeft {
            throw error
        } catch let error as CancellationError {
            try await acquisition.requestStop(AcquisitionStop(.cancelled, origin: plan.origin))
            try await acquisition.finish()
            throw error
        } catch {
            try await acquisition.finish(failure: error)
            throw error
        }
        return acquisition.isLeft ? acquisition.record : try await acquisition.finish()
    }

    /// The acquisitions that a crash left unended and that this device will end itself.
    ///
    /// To be called while the device is made: what nobody has claimed by then ends failed. Each claimed one is in the state it was left in:
    /// the device collects what it can by ``Acquisition/notes``, calls ``Acquisition/finishing()``, and ``Acquisition/finish(failure:)``, however
    /// long it takes to connect. They do not make the device busy. A second call gives an empty list.
    public func claimInterrupted() -> [Acquisition] { coordinator.claim(device: device) }
}
