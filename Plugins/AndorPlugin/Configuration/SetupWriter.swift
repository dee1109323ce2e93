// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// What is known of a camera that decides which settings it takes.
struct CameraFacts: Sendable, Equatable {
    var handle = 0
    var serial = 0
    var head = ""
    var headBytes: [UInt8] = []
    var sensorWidth = 1
    var sensorHeight = 1
    var capabilities = CameraCapabilities()
    var channels = 1
    var amplifiers = 1
    var vsSpeeds: [Double] = []
    var vsAmplitudes = 0
    var preAmpGains: [Double] = []
    /// MHz by channel and amplifier: `hsSpeeds[channel][amplifier]`.
    var hsSpeeds: [[[Double]]] = []
    var temperatureRange = -120...20
    /// The site's own limit of the EM gain; `nil`: none.
    var emGainLimit: Int?

    /// Speeds of a channel's amplifier in MHz, the fastest first.
    func speeds(_ channel: Int, _ amplifier: Int) -> [Double] {
        guard hsSpeeds.indices.contains(channel), hsSpeeds[channel].indices.contains(amplifier) else { return [] }
        return hsSpeeds[channel][amplifier]
    }
}

extension CameraSetup {
    /// The same as a camera can have it: a region of its sensor, a set point in its range, no EM gain where it has none.
    func fitted(to facts: CameraFacts) -> CameraSetup {
        var setup = self
        setup.region = region.trimmed(toWidth: facts.sensorWidth, height: facts.sensorHeight)
        setup.target = min(max(target, facts.temperatureRange.lowerBound), facts.temperatureRange.upperBound)
        if !facts.capabilities.hasEMGain { (setup.emMode, setup.emGain, setup.emAdvanced) = (.dac8, 0, false) }
        setup.amplifier = min(amplifier, max(facts.amplifiers - 1, 0))
        return setup
    }
}

/// One setting on its way to the camera: when it has to be sent, and how.
struct SetupStep: Sendable {
    let name: String
    /// Whether the value or something that it depends on differs.
    let differs: @Sendable (CameraSetup, CameraSetup) -> Bool
    /// Whether this camera has it at all.
    var isThere: @Sendable (CameraFacts) -> Bool = { _ in true }
    /// Whether the camera refuses it where it does not have the EM gain that belongs to it.
    var needsGain = false
    /// Whether a camera may be without it; see ``optional()``.
    var isOptional = false
    /// Whether the camera was asked for it when it was opened: then only another value is sent, even when all are.
    var isReadBack = false
    /// Takes over the value once it was sent.
    let keep: @Sendable (inout CameraSetup, CameraSetup) -> Void
    let send: @Sendable (SDKLibrary, CameraSetup, CameraFacts) throws -> Void

    /// A setting whose default is what a camera does that does not have it.
    func optional() -> SetupStep {
        var step = self
        step.isOptional = true
        return step
    }

    /// A setting whose present value is known when the camera is open.
    func readBack() -> SetupStep {
        var step = self
        step.isReadBack = true
        return step
    }

    /// Whether a camera that does not have this setting does what is wanted all the same.
    func isNeedless(_ wanted: CameraSetup, after before: CameraSetup, all: Bool) -> Bool {
        func isSame(_ setup: CameraSetup) -> Bool {
            var changed = setup
            keep(&changed, wanted)
            return changed == setup
        }
        return isOptional && isSame(CameraSetup()) && (all || isSame(before))
    }

    /// A step for one value.
    static func value<Value: Equatable & Sendable>(
        _ name: String, _ path: any WritableKeyPath<CameraSetup, Value> & Sendable,
        when isThere: @escaping @Sendable (CameraFacts) -> Bool = { _ in true },
        after others: @escaping @Sendable (CameraSetup, CameraSetup) -> Bool = { _, _ in false },
        needsGain: Bool = false,
        _ send: @escaping @Sendable (SDKLibrary, Value, CameraSetup, CameraFacts) throws -> Void
    ) -> SetupStep {
        SetupStep(
            name: name, differs: { $0[keyPath: path] != $1[keyPath: path] || others($0, $1) }, isThere: isThere,
            needsGain: needsGain, keep: { $0[keyPath: path] = $1[keyPath: path] },
            send: { try send($0, $1[keyPath: path], $1, $2) })
    }
}

/// Sends the difference between two setups, in the order in which settings depend on each other.
enum SetupWriter {
    /// What became of one setting.
    struct Outcome: Sendable {
        let name: String
        let error: DeviceError?
        /// Whether it is the sensor's temperature that stands in the way.
        var isForLater = false

        /// What was refused and why; `nil` when nothing was.
        var sentence: String? { error.map { "\(name): \($0.message)" } }
    }

    /// Sends what differs; a setting that fails does not stop the others.
    /// - Parameter applied: What the camera has; takes over each value that it took. `nil` sends everything.
    static func send(
        _ wanted: CameraSetup, over applied: inout CameraSetup, all: Bool, to library: SDKLibrary, _ facts: CameraFacts
    ) -> [Outcome] {
        let before = applied
        var outcomes: [Outcome] = []
        for step in steps where all && !step.isReadBack || step.differs(before, wanted) {
            guard step.isThere(facts) else {
                if step.differs(before, wanted) {
                    outcomes.append(Outcome(name: step.name, error: SDKStatus.notAvailable.error(step.name)))
                }
                continue
            }
            do {
                try step.send(library, wanted, facts)
                step.keep(&applied, wanted)
                outcomes.append(Outcome(name: step.name, error: nil))
            } catch let refusal as RefusedWhileWarm {
                outcomes.append(Outcome(name: step.name, error: refusal.error, isForLater: true))
            } catch {
                let error = DeviceError(wrapping: error)
                if error.sdkStatus?.isUnsupported == true, step.isNeedless(wanted, after: before, all: all) {
                    outcomes.append(Outcome(name: step.name, error: nil))
                    continue
                }
                let isForLater = step.needsGain && outcomes.contains { $0.isForLater }
                outcomes.append(Outcome(name: step.name, error: error, isForLater: isForLater))
            }
        }
        return outcomes
    }

    private static func chainDiffers(_ a: CameraSetup, _ b: CameraSetup) -> Bool {
        a.channel != b.channel || a.amplifier != b.amplifier
    }

    static let steps: [SetupStep] = (chain + gain).map { $0.optional() } + reading + timing + light + cold

    private static let chain: [SetupStep] = [
        .value("A/D channel", \.channel) { sdk, value, _, _ in try sdk.set(.setADChannel, value) },
        .value("output amplifier", \.amplifier) { sdk, value, _, _ in try sdk.set(.setOutputAmplifier, value) },
        .value("horizontal speed", \.hsSpeed, after: chainDiffers) { sdk, value, setup, _ in
            try sdk.set(.setHSSpeed, setup.amplifier, value)
        },
        .value("pre-amplifier gain", \.preAmpGain, after: { chainDiffers($0, $1) || $0.hsSpeed != $1.hsSpeed }) {
            sdk, value, setup, facts in
            // Some models refuse the question itself; then only the setting tells.
            let available = try? sdk.int(
                .isPreAmpGainAvailable, setup.channel, setup.amplifier, setup.hsSpeed, value)
            if available == 0 {
                throw DeviceError(
                    .outOfRange,
                    "pre-amplifier gain \(value) does not exist at horizontal speed \(setup.hsSpeed) of amplifier "
                        + "\(setup.amplifier); choose another gain or speed")
            }
            try sdk.set(.setPreAmpGain, value)
        },
        .value("vertical speed", \.vsSpeed) { sdk, value, _, _ in try sdk.set(.setVSSpeed, value) },
        .value("vertical amplitude", \.vsAmplitude, when: { $0.capabilities.sets(0x40) }) { sdk, value, _, _ in
            try sdk.set(.setVSAmplitude, value)
        },
        .value("baseline clamp", \.baselineClamp, when: { $0.capabilities.sets(0x20) }) { sdk, value, _, _ in
            try sdk.set(.setBaselineClamp, value ? 1 : 0)
        },
        .value("baseline offset", \.baselineOffset, when: { $0.capabilities.sets(0x100) }) { sdk, value, _, _ in
            try sdk.set(.setBaselineOffset, value)
        },
        .value("high capacity", \.highCapacity, when: { $0.capabilities.sets(0x80) }) { sdk, value, _, _ in
            try sdk.set(.setHighCapacity, value ? 1 : 0)
        },
    ]

    private static let gain: [SetupStep] = [
        .value("EM gain mode", \.emMode, when: { $0.capabilities.hasEMGain }) { sdk, value, _, _ in
            try sdk.set(.setEMGainMode, value.number)
        },
        .value("EM gain above 300", \.emAdvanced, when: { $0.capabilities.hasEMAdvanced }) { sdk, value, _, _ in
            try sdk.set(.setEMAdvanced, value ? 1 : 0)
        },
        .value(
            "EM gain", \.emGain, when: { $0.capabilities.hasEMGain },
            after: { $0.emMode != $1.emMode || $0.emAdvanced != $1.emAdvanced }
        ) { sdk, value, setup, facts in
            try EMGainRule(setup: setup, limit: facts.emGainLimit).check(value, range: try sdk.ints(.getEMGainRange))
            try sdk.set(.setEMCCDGain, value)
        },
    ]

    private static let reading: [SetupStep] = [
        .value("read mode", \.readMode) { sdk, value, _, _ in try sdk.set(.setReadMode, value.number) },
        SetupStep(
            name: "region",
            differs: {
                $0.region != $1.region || $0.readMode != $1.readMode || $0.trackCentre != $1.trackCentre
                    || $0.trackHeight != $1.trackHeight || $0.trackNumber != $1.trackNumber
                    || $0.trackOffset != $1.trackOffset || $0.trackRows != $1.trackRows
            },
            keep: { applied, wanted in
                applied.region = wanted.region
                applied.trackCentre = wanted.trackCentre
                applied.trackHeight = wanted.trackHeight
                applied.trackNumber = wanted.trackNumber
                applied.trackOffset = wanted.trackOffset
                applied.trackRows = wanted.trackRows
            }, send: { sdk, setup, _ in try sendRegion(sdk, setup) }),
        .value("binning of tracks", \.trackBin, after: { $0.readMode != $1.readMode }) { sdk, bin, setup, facts in
            guard let function = setup.readMode.binningFunction, bin != 1 || sdk.has(function) else { return }
            guard facts.sensorWidth % bin == 0 else {
                throw DeviceError(
                    .outOfRange,
                    "\(bin) does not divide the sensor's \(facts.sensorWidth) columns; choose another tracks/hbin")
            }
            try sdk.set(function, bin)
        },
        .value(
            "isolated crop", \.crop, when: { $0.capabilities.hasCrop },
            { sdk, value, _, facts in
                let height = min(value.height, facts.sensorHeight)
                let width = min(value.width, facts.sensorWidth)
                if value.left > 1 || value.bottom > 1 {
                    guard facts.capabilities.hasMovableCrop, sdk.has(.setIsolatedCropModeEx) else {
                        throw DeviceError(
                            .outOfRange,
                            "\(facts.head) crops at its corner only; set crop/left and crop/bottom to 1", .notSupported)
                    }
                    return try sdk.set(
                        .setIsolatedCropModeEx, value.isActive ? 1 : 0, height, width, value.vbin, value.hbin,
                        value.left, value.bottom)
                }
                guard sdk.has(.setIsolatedCropMode) else { return }
                try sdk.set(.setIsolatedCropMode, value.isActive ? 1 : 0, height, width, value.vbin, value.hbin)
            }
        ).optional(),
        .value("frame transfer", \.frameTransfer, when: { $0.capabilities.hasFrameTransfer }) { sdk, value, _, _ in
            try sdk.set(.setFrameTransferMode, value ? 1 : 0)
        }.optional(),
    ]

    private static func sendRegion(_ sdk: SDKLibrary, _ setup: CameraSetup) throws {
        switch setup.readMode {
        case .fullVerticalBinning: break
        case .singleTrack: try sdk.set(.setSingleTrack, setup.trackCentre, setup.trackHeight)
        case .multiTrack:
            _ = try sdk.setMultiTrack(number: setup.trackNumber, height: setup.trackHeight, offset: setup.trackOffset)
        case .randomTrack: try sdk.setRandomTracks(setup.trackRows)
        case .image:
            let r = setup.region
            guard r.isEven else {
                throw DeviceError(
                    .outOfRange,
                    "a region of \(r.hend - r.hstart + 1) × \(r.vend - r.vstart + 1) pixels is no multiple of the binning "
                        + "\(r.hbin) × \(r.vbin); choose other ends", SDKStatus(20099))
            }
            try sdk.set(.setImage, r.hbin, r.vbin, r.hstart, r.hend, r.vstart, r.vend)
        }
    }

    private static let timing: [SetupStep] = [
        .value("acquisition mode", \.mode) { sdk, value, _, facts in
            // A word of 0 says nothing: the SDK is asked.
            let words = facts.capabilities.acquisitionModes
            guard words == 0 || words & value.capability != 0 else {
                let known = AcquisitionMode.allCases.filter { words & $0.capability != 0 }
                throw DeviceError(
                    .outOfRange,
                    "\(facts.head) has no acquisition mode \(value.rawValue); it has "
                        + known.map(\.rawValue).joined(separator: ", "), .notSupported)
            }
            try sdk.set(.setAcquisitionMode, value.number)
        },
        .value("exposure", \.exposure) { sdk, value, _, _ in try sdk.set(.setExposureTime, seconds: value) },
        .value("accumulations", \.accumulations, after: { $0.mode != $1.mode }) { sdk, value, _, _ in
            try sdk.set(.setNumberAccumulations, value)
        },
        .value("accumulation cycle", \.accumulateCycle, after: { $0.mode != $1.mode }) { sdk, value, _, _ in
            try sdk.set(.setAccumulationCycleTime, seconds: value)
        },
        .value("frames", \.frames, after: { $0.mode != $1.mode }) { sdk, value, _, _ in
            try sdk.set(.setNumberKinetics, value)
        },
        .value("kinetic cycle", \.kineticCycle, after: { $0.mode != $1.mode }) { sdk, value, _, _ in
            try sdk.set(.setKineticCycleTime, seconds: value)
        },
        SetupStep(
            name: "fast kinetics",
            differs: {
                $1.mode == .fastKinetics
                    && ($0.mode != $1.mode || $0.fastRows != $1.fastRows || $0.fastOffset != $1.fastOffset
                        || $0.frames != $1.frames || $0.exposure != $1.exposure || $0.region != $1.region)
            },
            keep: {
                $0.fastRows = $1.fastRows
                $0.fastOffset = $1.fastOffset
            },
            send: { sdk, setup, _ in
                guard setup.mode == .fastKinetics else { return }
                try sdk.setFastKinetics(
                    rows: setup.fastRows, number: setup.frames, seconds: setup.exposure,
                    image: setup.readMode == .image,
                    hbin: setup.readMode == .image ? setup.region.hbin : setup.trackBin, vbin: setup.region.vbin,
                    offset: setup.fastOffset)
            }),
        .value("trigger mode", \.trigger) { sdk, value, _, _ in try sdk.set(.setTriggerMode, value.number) },
        .value("fast trigger", \.fastTrigger) { sdk, value, _, _ in
            if value || sdk.has(.setFastExtTrigger) { try sdk.set(.setFastExtTrigger, value ? 1 : 0) }
        }.optional(),
        .value("trigger inversion", \.triggerInverted, when: { $0.capabilities.hasTriggerInversion }) {
            sdk, value, _, _ in
            if value || sdk.has(.setTriggerInvert) { try sdk.set(.setTriggerInvert, value ? 1 : 0) }
        }.optional(),
    ]

    private static let light: [SetupStep] = [
        .value("shutter", \.shutter, when: { $0.capabilities.hasShutter }) { sdk, shutter, _, facts in
            try sdk.set(shutter: shutter, facts)
        },
        SetupStep(
            name: "orientation",
            differs: {
                $0.flipHorizontal != $1.flipHorizontal || $0.flipVertical != $1.flipVertical
                    || $0.rotation != $1.rotation
            },
            keep: {
                $0.flipHorizontal = $1.flipHorizontal
                $0.flipVertical = $1.flipVertical
                $0.rotation = $1.rotation
            },
            send: { sdk, setup, _ in
                if sdk.has(.setImageRotate) || setup.rotation != .none {
                    try sdk.set(.setImageRotate, setup.rotation.number)
                }
                if sdk.has(.setImageFlip) || setup.flipHorizontal || setup.flipVertical {
                    try sdk.set(.setImageFlip, setup.flipHorizontal ? 1 : 0, setup.flipVertical ? 1 : 0)
                }
            }
        ).optional(),
        .value("count convert", \.countConvert, when: { $0.capabilities.hasCountConvert }, needsGain: true) {
            sdk, value, _, _ in
            try sdk.set(.setCountConvertMode, value.number)
        }.optional(),
        .value("wavelength", \.wavelength, when: { $0.capabilities.hasCountConvert }) { sdk, value, _, _ in
            try sdk.set(.setCountConvertWavelength, seconds: value)
        }.optional(),
    ]

    private static let cold: [SetupStep] = [
        .value("fan", \.fan, when: { $0.capabilities.hasFan }) { sdk, value, _, _ in
            try sdk.set(.setFanMode, value.number)
        }.optional(),
        .value("set point", \.target) { sdk, value, _, _ in try sdk.set(.setTemperature, value) }.readBack(),
        .value("cooler", \.cooler) { sdk, value, _, _ in try sdk.set(value ? .coolerON : .coolerOFF) }.readBack(),
    ]
}

/// Protects the gain register, which ages with the charge that it multiplies.
struct EMGainRule {
    /// The highest gain that needs no permission.
    static let modest = 300
    let setup: CameraSetup
    let limit: Int?

    /// - Throws: ``DeviceError/Code/outOfRange`` with what is accepted, as ``RefusedWhileWarm`` where the camera's range says so.
    func check(_ gain: Int, range: (Int, Int)) throws {
        if let limit, gain > limit {
            throw DeviceError(.outOfRange, "EM gain \(gain) is above the site's limit em_gain_max of \(limit)")
        }
        let isFactor = setup.emMode.isFactor
        if isFactor, gain > Self.modest, !setup.emAdvanced {
            throw DeviceError(
                .outOfRange,
                "EM gain \(gain) is refused: above 300 the gain register ages fast; allow it by em/advanced (emAdvanced) first"
            )
        }
        let low = min(range.0, isFactor ? 1 : 0)
        guard gain >= low, gain <= range.1 else {
            throw RefusedWhileWarm(
                error: DeviceError(
                    .outOfRange,
                    "EM gain \(gain) is refused: the camera accepts \(range.0) to \(range.1) in mode \(setup.emMode.rawValue) "
                        + "at its present temperature"))
        }
    }
}

/// A refusal that may be none at another temperature.
struct RefusedWhileWarm: Error {
    let error: DeviceError
}
