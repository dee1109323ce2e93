// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// The keys of a series with their values, in the order in which the detector must get them.
///
/// Energy moves the thresholds, the mode restricts the number of images, and count time and frame time push each other: any
/// other order makes the detector refuse or silently change something. Source: SIMPLON API, order of operations.
struct ConfigurationPlan: Sendable, Equatable {
    /// One key to set.
    struct Step: Sendable, Equatable {
        var key: SIMPLONKey
        var value: JSON
        /// Differences up to this count as equal, in the key's unit.
        var tolerance: Double

        init(_ key: SIMPLONKey, _ value: JSON, tolerance: Double = 0) {
            self.key = key
            self.value = value
            self.tolerance = tolerance
        }

        /// Whether a readback is what this step wants.
        func isSatisfied(by readback: DataValue?) -> Bool {
            guard let readback else { return false }
            switch value {
            case .bool(let wanted): return readback == .bool(wanted)
            case .string(let wanted): return readback.string == wanted
            case .array(let items): return readback.json.array.map { Self.areEqual(items, $0) } ?? false
            default:
                guard let wanted = value.double, let actual = readback.double else { return false }
                return abs(wanted - actual) <= max(tolerance, abs(wanted) * 1e-6)
            }
        }

        private static func areEqual(_ left: [JSON], _ right: [JSON]) -> Bool {
            left.count == right.count
                && zip(left, right).allSatisfy { one, other in
                    guard let one = one.double, let other = other.double else { return one == other }
                    return abs(one - other) <= max(1e-9, abs(one) * 1e-6)
                }
        }
    }

    var steps: [Step]

    /// - Parameters:
    ///   - currentFrameSeconds: The detector's frame time now; decides which of the two times goes first.
    ///   - writesFiles: Whether the filewriter is used.
    ///   - knows: Whether the detector has a key; steps for others are left out.
    init(
        _ wish: SeriesWish, _ plan: SeriesPlan, currentFrameSeconds: Double?, energyEpsilon: Double, writesFiles: Bool,
        knows: (SIMPLONKey) -> Bool
    ) {
        var steps = Self.text(.detector("roi_mode"), wish.roiMode)
        steps += Self.energies(wish, energyEpsilon, knows)
        steps += Self.text(.detector("counting_mode"), wish.countingMode)
        if SeriesPlan.takesOneImagePerTrigger(plan.triggerMode) { steps.append(Step(.detector("nimages"), 1)) }
        steps.append(Step(.detector("trigger_mode"), .string(plan.triggerMode)))
        if let sums = wish.autoSummation { steps.append(Step(.detector("auto_summation"), .bool(sums))) }
        steps += Self.times(plan, currentFrameSeconds)
        steps += [
            Step(.detector("nimages"), .integer(Int64(plan.nimages))),
            Step(.detector("ntrigger"), .integer(Int64(plan.ntrigger))),
            Step(.detector("trigger_start_delay"), .number(wish.triggerStartDelay), tolerance: 1e-9),
            Step(.detector("compression"), .string(wish.compression)),
            Step(.detector("countrate_correction_applied"), .bool(wish.countRateCorrection)),
            Step(.detector("flatfield_correction_applied"), .bool(wish.flatFieldCorrection)),
            Step(.detector("pixel_mask_applied"), .bool(wish.pixelMaskCorrection)),
        ]
        if writesFiles {
            steps.append(Step(.filewriter("mode"), "enabled"))
            steps += Self.text(.filewriter("format"), wish.fileFormat)
            steps += [
                Step(.filewriter("nimages_per_file"), .integer(Int64(wish.imagesPerFile))),
                Step(.filewriter("name_pattern"), .string(wish.filePrefix + "$id")),
                Step(.filewriter("image_nr_start"), 1),
                Step(.filewriter("compression_enabled"), true),
            ]
        }
        self.steps = steps.filter { knows($0.key) }
    }

    /// A setting that an empty text leaves as it is.
    private static func text(_ key: SIMPLONKey, _ value: String) -> [Step] {
        value.isEmpty ? [] : [Step(key, .string(value))]
    }

    /// Puts further keys in their places.
    mutating func insert(_ extras: [Step]) {
        for extra in extras.sorted(by: { ConfigurationOrder.rank($0.key) < ConfigurationOrder.rank($1.key) }) {
            guard !steps.contains(where: { $0.key == extra.key }) else { continue }
            let rank = ConfigurationOrder.rank(extra.key)
            let place = steps.firstIndex { ConfigurationOrder.rank($0.key) > rank } ?? steps.endIndex
            steps.insert(extra, at: place)
        }
    }

    private static func energies(
        _ wish: SeriesWish, _ epsilon: Double, _ knows: (SIMPLONKey) -> Bool
    ) -> [Step] {
        let newer = SIMPLONKey.detector("threshold/1/energy")
        let threshold = knows(newer) ? newer : .detector("threshold_energy")
        return [
            Step(.detector("photon_energy"), .number(wish.photonEnergy), tolerance: epsilon),
            Step(threshold, .number(wish.thresholdEnergy), tolerance: epsilon),
        ]
    }

    /// A growing frame time goes first, a shrinking one last, so that neither pushes the other.
    private static func times(_ plan: SeriesPlan, _ currentFrameSeconds: Double?) -> [Step] {
        let frame = Step(.detector("frame_time"), .number(plan.frameSeconds))
        let count = Step(.detector("count_time"), .number(plan.countSeconds))
        return plan.frameSeconds >= currentFrameSeconds ?? 0 ? [frame, count] : [count, frame]
    }
}
