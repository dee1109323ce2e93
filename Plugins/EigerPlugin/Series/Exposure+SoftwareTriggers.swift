// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

extension Exposure {
    private enum Event: Sendable {
        case replied((any Error)?)
        case stopTimeIsUp
    }

    /// Triggers that clients give, in the order in which they come, until all are given or the detector has disarmed itself.
    func serveManualTriggers() async throws {
        var given = 0
        var failures = 0
        var lastStatus = ContinuousClock.now
        while given < plan.ntrigger, !control.isStopped {
            if let next = control.nextTrigger() {
                do {
                    try await trigger(next.number, next.exposureSeconds)
                    next.done.resolve(.success(()))
                } catch {
                    next.done.resolve(.failure(error))
                    throw error
                }
                given += 1
                continue
            }
            do {
                let state = try await look(&lastStatus)
                failures = 0
                if state == "idle" { return }
                try refuseDeadState(state)
            } catch let error as DeviceError where error.code == .disconnected || error.code == .timeout {
                failures += 1
                guard failures < 60 else { throw error }
            }
            report(0.1, "Waiting for trigger \(given + 1) of \(plan.ntrigger)")
            await pause(runner.settings.pollAcquiring)
        }
    }

    /// One trigger of `ints`: the request answers when its images are done.
    func triggerSeries(_ number: Int) async throws {
        let start = ContinuousClock.now
        control.triggered()
        let limit = Duration.seconds(max(20, plan.secondsPerTrigger + startDelay + 10))
        let event = await withTaskGroup(of: Event.self) { group in
            group.addTask {
                do {
                    try await client.command("trigger", within: limit, pool: "trigger")
                    return .replied(nil)
                } catch {
                    return .replied(error)
                }
            }
            group.addTask { await watchTrigger(number) }
            let first = await group.next() ?? .replied(nil)
            group.cancelAll()
            return first
        }
        guard case .replied(let error?) = event, !control.isStopped else { return }
        try await judge(error, number, since: start, expectedSeconds: plan.secondsPerTrigger + startDelay)
    }

    /// Publishes what happens during a trigger and sends the stop that somebody asks for.
    private func watchTrigger(_ number: Int) async -> Event {
        var lastStatus = ContinuousClock.now
        while !Task.isCancelled {
            if (try? await sendStop()) == true {
                // The request answers once the detector has stopped; if not, it is given up.
                try? await Task.sleep(for: client.limits.stop)
                return .stopTimeIsUp
            }
            publishRemaining(number)
            _ = try? await look(&lastStatus)
            if !control.isStopped { await pause(runner.settings.pollAcquiring) }
        }
        return .stopTimeIsUp
    }

    /// A trigger whose request failed: the detector's state says whether it was taken all the same.
    ///
    /// A server may close the connection of a long exposure although that goes on; a network may be away for a while. The trigger
    /// is never sent again.
    private func judge(
        _ error: any Error, _ number: Int, since start: ContinuousClock.Instant, expectedSeconds expected: Double
    ) async throws {
        let end = start.advanced(by: .seconds(expected + 60))
        var isTold = false
        while !control.isStopped {
            let state = try? await keys.state()
            switch state {
            case "acquire": break
            case "ready" where number + 1 == plan.ntrigger:
                // After the last trigger it would have disarmed itself: this one has not reached it.
                throw error
            case "idle", "ready":
                if start.duration(to: .now).seconds >= expected * 0.9 { return }
                throw error
            case "na", "initialize", "error": try refuseDeadState(state ?? "")
            default: break
            }
            guard ContinuousClock.now < end else { throw error }
            if !isTold {
                isTold = true
                runner.context.logger.notice(
                    "The trigger's connection broke; the detector's state is watched instead",
                    ["state": .string(state ?? "unknown"), "error": .string(DeviceError(wrapping: error).message)])
            }
            await pause(runner.settings.pollAcquiring)
        }
    }

    /// One trigger of `inte`: the request answers at once, the exposure goes on behind.
    func triggerImage(_ number: Int, _ exposureSeconds: Double?) async throws {
        let start = ContinuousClock.now
        let length = exposureSeconds ?? plan.countSeconds
        control.triggered()
        do {
            try await client.command(
                "trigger", argument: exposureSeconds.map { .number($0) }, within: .seconds(max(20, length + 10)),
                pool: "trigger")
        } catch {
            try await judge(error, number, since: start, expectedSeconds: length)
        }
        let exposed = start.advanced(by: .seconds(length))
        var pause = Duration.milliseconds(1)
        var lastStatus = ContinuousClock.now
        while !control.isStopped {
            let left = ContinuousClock.now.duration(to: exposed)
            let state = try await look(&lastStatus)
            try refuseDeadState(state)
            if left <= .zero, state != "acquire" { return }
            guard left > .seconds(-30) else {
                throw DeviceError(.timeout, "\(device) still exposes image \(number + 1) after \(length + 30) s")
            }
            publishRemaining(number)
            await self.pause(left > .zero ? min(left, runner.settings.pollAcquiring) : pause)
            if left <= .zero { pause = min(pause * 2, .milliseconds(50)) }
        }
    }
}
