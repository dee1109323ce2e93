// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Synchronization

/// What the seed IOC's names need of their own: two corrections that are off at first, its two commands, and its countdown.
///
/// Everything else is shared with the other names. The corrections are kept apart because the vendor recommends them and the
/// IOC's users have data without.
final class SeedParameters: Sendable {
    private let flatField = Parameter(
        "seed/flat_field_correction", "As series/flat_field_correction, for series by the seed IOC's names",
        initial: false, autosave: true)
    private let pixelMask = Parameter(
        "seed/pixel_mask_correction", "As series/pixel_mask_correction, for series by the seed IOC's names",
        initial: false, autosave: true)
    private let triggering = Parameter(
        "seed/triggering",
        "Whether a series is taken, from the start until its files are here; in alarm after one that failed",
        access: .read, initial: false)
    private let configuring = Parameter(
        "seed/configuring", "Whether a series is being configured; in alarm after a failure", access: .read,
        initial: false)
    private let secondsRemaining = Parameter(
        "seed/seconds_remaining", "Whole seconds until the series ends; -999 before the first", unit: "s",
        access: .read, initial: -999.0)
    let configure: Command<Void>
    let acquire: Command<Void>
    private let following = Mutex<[Following]>([])

    /// To be made inside the device's factory.
    init(_ runner: SeriesRunner, _ series: SeriesParameters) {
        let (flatField, pixelMask) = (flatField, pixelMask)
        let wish: @Sendable () -> SeriesWish = {
            var wish = series.wish
            wish.flatFieldCorrection = flatField.value
            wish.pixelMaskCorrection = pixelMask.value
            return wish
        }
        configure = Command("seed/configure", "As configure, with the seed IOC's corrections") { progress in
            try runner.requireNoSeries("configure")
            try await runner.lifecycle.makeIdle()
            _ = try await runner.configurator.configure(wish(), progress: progress)
        }
        acquire = Command("seed/acquire", "As acquire, with the seed IOC's corrections") { progress in
            let order = SeriesOrder(wish: wish(), isManual: series.times.manualTrigger.value)
            try await runner.run(order, progress: progress)
        }
        acquire.allow { [weak runner] in runner?.objection }
    }

    /// Follows the device's other commands and its countdown.
    /// - Parameters:
    ///   - series: Commands that take a series, beside this one's own.
    ///   - configurations: Commands that configure one.
    func follow(series: [AnyCommand], configurations: [AnyCommand], countdown: Parameter<Double>) {
        let hasBegun = Mutex(false)
        let ticks = Following([countdown]) { [secondsRemaining] in
            let left = countdown.value
            let begun = hasBegun.withLock { begun in
                begun = begun || left > 0
                return begun
            }
            let shown = begun ? max(0, left).rounded(.down) : -999
            if secondsRemaining.value != shown { secondsRemaining.publish(shown) }
        }
        let flags = [
            Following.flag(triggering, of: series + [acquire]),
            Following.flag(configuring, of: configurations + [configure]),
        ]
        following.withLock { $0 = flags + [ticks] }
    }
}
