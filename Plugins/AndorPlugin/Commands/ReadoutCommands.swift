// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// The way from the sensor to the number: speeds, gains, amplifiers.
enum ReadoutCommands {
    private static let parallel = CameraCommands.parallel
    private static let indexOrValue = Argument<DataValue>("speed", "An index, or a number for the nearest one")

    static func make(_ core: CameraCore) -> [AnyCommand] { speeds(core) + converter(core) + gain(core) }

    private static func speeds(_ core: CameraCore) -> [AnyCommand] {
        [
            Command<Void>(
                "emccd/set_vs_amplitude", "Extra voltage of the vertical clocks",
                Argument<Int>("amplitude", limits: 0...4),
                policy: parallel
            ) { _, amplitude in try await core.change { setup, _ in setup.vsAmplitude = amplitude } },
            Command<DataValue>("emccd/get_vs_speeds", "Vertical speeds in µs per row", policy: parallel) { _ in
                .numbers(try core.facts().vsSpeeds)
            },
            Command<Void>(
                "emccd/set_vs_speed", "Vertical speed by index, or the nearest to a number of µs", indexOrValue,
                policy: parallel
            ) { _, speed in
                let index = try NearestChoice.index(speed, in: try core.facts().vsSpeeds, "vertical speed")
                try await core.change { setup, _ in setup.vsSpeed = index }
            },
            Command<DataValue>(
                "emccd/get_hs_speeds",
                "Horizontal speeds in MHz, the fastest first; without a channel pairs of channel and speed",
                Argument<Int?>("channel"), Argument<Int>("amplifier", default: 0), policy: parallel
            ) { _, channel, amplifier in
                let facts = try core.facts()
                if let channel { return .numbers(facts.speeds(channel, amplifier)) }
                return .list(
                    (0..<facts.channels).flatMap { channel in
                        facts.speeds(channel, amplifier).map { .tuple([DataValue(channel), .float($0)]) }
                    })
            },
            Command<Void>(
                "emccd/set_hs_speed", "Horizontal speed of an amplifier by index, or the nearest to a number of MHz",
                Argument<Int>("typ", "0 with EM gain, 1 conventional", limits: 0...3), indexOrValue, policy: parallel
            ) { _, amplifier, speed in
                let facts = try core.facts()
                let index = try NearestChoice.index(
                    speed, in: facts.speeds(core.setup.channel, amplifier), "horizontal speed")
                try await core.change { setup, _ in
                    setup.amplifier = amplifier
                    setup.hsSpeed = index
                }
            },
        ]
    }

    private static func converter(_ core: CameraCore) -> [AnyCommand] {
        [
            Command<Int>("emccd/get_number_of_adc_channels", "A/D converters", policy: parallel) { _ in
                try core.facts().channels
            },
            Command<Int>("emccd/get_adc_channel", "The A/D converter that was set", policy: .quick) { _ in
                core.setup.channel
            },
            Command<Void>(
                "emccd/set_adc_channel", "Chooses the A/D converter", Argument<Int>("channel", limits: 0...63),
                policy: parallel
            ) { _, channel in
                let couples = core.settings.couplesAmplifierToChannel
                try await core.change { setup, _ in
                    setup.channel = channel
                    if couples { setup.amplifier = channel }
                }
            },
            Command<Void>(
                "emccd/set_output_amplifier", "0 with EM gain, 1 conventional", Argument<Int>("typ", limits: 0...3),
                policy: parallel
            ) { _, amplifier in
                try await core.change { setup, facts in
                    setup.amplifier = amplifier
                    setup.hsSpeed = min(setup.hsSpeed, max(0, facts.speeds(setup.channel, amplifier).count - 1))
                }
            },
            Command<DataValue>(
                "emccd/get_bit_depth", "Bits of a pixel of one converter, or of all", Argument<Int?>("channel"),
                policy: parallel
            ) { _, channel in
                if let channel {
                    return DataValue(
                        try await core.call("GetBitDepth") { sdk, _ in try sdk.int(.getBitDepth, channel) })
                }
                let depths = try await core.call("GetBitDepth") { sdk, facts in
                    try (0..<facts.channels).map { try sdk.int(.getBitDepth, $0) }
                }
                return .list(depths.map { DataValue($0) })
            },
            Command<Void>(
                "emccd/set_baseline_clamp", "Holds the baseline at a constant level",
                Argument<Bool>("active", default: true),
                policy: parallel
            ) { _, active in try await core.change { setup, _ in setup.baselineClamp = active } },
        ]
    }

    private static func gain(_ core: CameraCore) -> [AnyCommand] {
        [
            Command<DataValue>("emccd/get_preamp_gains", "Factors of the pre-amplifier", policy: parallel) { _ in
                .numbers(try core.facts().preAmpGains)
            },
            Command<Void>(
                "emccd/set_preamp_gain", "Pre-amplifier gain by index, or the nearest factor",
                Argument<DataValue>("gain", "An index, or a number for the nearest factor"), policy: parallel
            ) { _, gain in
                let index = try NearestChoice.index(gain, in: try core.facts().preAmpGains, "pre-amplifier gain")
                try await core.change { setup, _ in setup.preAmpGain = index }
            },
            Command<DataValue>("emccd/get_em_gain_range", "Least and greatest EM gain at present", policy: parallel) {
                _ in
                .pair(try await core.call("GetEMGainRange") { sdk, _ in try sdk.ints(.getEMGainRange) })
            },
            Command<Void>(
                "emccd/set_em_advanced", "Allows EM gain above 300", Argument<Bool>("state", default: true),
                policy: parallel
            ) { _, active in try await core.change { setup, _ in setup.emAdvanced = active } },
            Command<Void>(
                "emccd/set_em_gain_mode", "0 8 bits, 1 12 bits, 2 linear, 3 real gain",
                Argument<Int>("mode", limits: 0...3),
                policy: parallel
            ) { _, mode in
                let gainMode = EMGainMode(number: mode) ?? .dac8
                try await core.change { setup, _ in setup.emMode = gainMode }
            },
            Command<Void>(
                "emccd/set_emccd_gain", "EM gain in the present mode", Argument<Int>("gain", limits: 0...4095),
                policy: parallel
            ) { _, gain in try await core.change { setup, _ in setup.emGain = gain } },
            Command<Void>(
                "emccd/set_count_convert_mode",
                "0 counts, 1 electrons, 2 photons; one that the camera does not have is a warning",
                Argument<Int>("mode", limits: 0...2), policy: parallel
            ) { _, mode in
                let convert = CountConvertMode(number: mode) ?? .counts
                do {
                    try await core.change { setup, _ in setup.countConvert = convert }
                } catch let error as DeviceError where error.sdkStatus?.isUnsupported == true {
                    core.logger.warning(
                        "Count convert is not available and was not set", ["reason": .string(error.message)])
                }
            },
            Command<Void>(
                "emccd/set_count_convert_wavelength", "Wavelength of the photons",
                Argument<Double>("wl", unit: "nm", limits: 1...1e6), policy: parallel
            ) { _, wavelength in try await core.change { setup, _ in setup.wavelength = wavelength } },
        ]
    }
}
