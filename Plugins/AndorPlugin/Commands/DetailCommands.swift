// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// What not every SDK or camera has; each says so when it is missing.
enum DetailCommands {
    private static let parallel = CameraCommands.parallel

    static func make(_ core: CameraCore) -> [AnyCommand] { sensor(core) + times(core) + lines(core) }

    /// The names under which the commands are reached; in the group `sdk`.
    static let names = [
        "get_version_info", "get_controller_card_model", "get_pixel_size", "get_sensitivity", "get_amp_desc",
        "get_preamp_gain_text", "get_fastest_recommended_vs_speed", "get_maximum_binning", "get_minimum_image_length",
        "get_temperature_status", "is_internal_mechanical_shutter", "get_shutter_min_times", "get_keep_clean_time",
        "get_maximum_exposure", "get_acquisition_progress", "get_size_of_circular_buffer",
        "get_total_number_images_acquired", "get_trigger_level_range", "set_trigger_level",
        "set_external_trigger_termination", "in_aux_port", "out_aux_port", "set_dma_parameters",
    ]

    private static func sensor(_ core: CameraCore) -> [AnyCommand] {
        let index = Argument<Int>("index", limits: 0...63)
        return [
            Command<DataValue>("sdk/get_version_info", "Versions of the SDK and of its driver", policy: parallel) { _ in
                let texts = try await core.call("GetVersionInfo") { sdk, _ in
                    try [0x4000_0000, 0x4000_0001].map { try sdk.text(.getVersionInfo, $0) }
                }
                return .tuple(texts.map { .string(String(decoding: $0, as: UTF8.self)) })
            },
            text(core, "get_controller_card_model", "The card or connection of the camera", .getControllerCardModel),
            Command<DataValue>("sdk/get_pixel_size", "Width and height of a pixel in µm", policy: parallel) { _ in
                .numbersTuple(try await core.call("GetPixelSize") { sdk, _ in try sdk.floats(.getPixelSize) })
            },
            Command<Double>(
                "sdk/get_sensitivity", "Electrons for one count with the present converter, amplifier, speed and gain",
                policy: parallel
            ) { _ in
                let s = core.setup
                return try await core.call("GetSensitivity") { sdk, _ in
                    try sdk.float(.getSensitivity, s.channel, s.hsSpeed, s.amplifier, s.preAmpGain)
                }
            },
            indexedText(core, "get_amp_desc", "Description of an output amplifier", index, .getAmpDesc),
            indexedText(core, "get_preamp_gain_text", "Description of a pre-amplifier gain", index, .getPreAmpGainText),
            Command<DataValue>(
                "sdk/get_fastest_recommended_vs_speed", "Index and µs per row of the vertical speed to prefer",
                policy: parallel
            ) { _ in
                let found = try await core.call("GetFastestRecommendedVSSpeed") { sdk, _ in try sdk.recommendedVSSpeed()
                }
                return .tuple([DataValue(found.index), .float(found.microseconds)])
            },
            Command<DataValue>(
                "sdk/get_maximum_binning", "Most columns and rows that the present read mode adds", policy: parallel
            ) { _ in
                let mode = core.setup.readMode.number
                return .pair(
                    try await core.call("GetMaximumBinning") { sdk, _ in
                        (try sdk.int(.getMaximumBinning, mode, 0), try sdk.int(.getMaximumBinning, mode, 1))
                    })
            },
            number(core, "get_minimum_image_length", "Fewest pixels of an image", .getMinimumImageLength),
            Command<DataValue>(
                "sdk/get_temperature_status", "Sensor, set point and surroundings in °C, and the cooler's voltage",
                policy: parallel
            ) { _ in
                .numbersTuple(
                    try await core.call("GetTemperatureStatus", .status) { sdk, _ in try sdk.temperatureStatus() })
            },
        ]
    }

    private static func times(_ core: CameraCore) -> [AnyCommand] {
        [
            Command<Bool>(
                "sdk/is_internal_mechanical_shutter", "Whether the camera has a shutter of its own", policy: parallel
            ) { _ in
                try await core.call("IsInternalMechanicalShutter") { sdk, _ in
                    try sdk.int(.isInternalMechanicalShutter) != 0
                }
            },
            Command<DataValue>(
                "sdk/get_shutter_min_times", "Shortest times to close and to open, in ms", policy: parallel
            ) { _ in
                .pair(try await core.call("GetShutterMinTimes") { sdk, _ in try sdk.ints(.getShutterMinTimes) })
            },
            seconds(core, "get_keep_clean_time", "Time to clean the sensor before an exposure", .getKeepCleanTime),
            seconds(core, "get_maximum_exposure", "Longest exposure", .getMaximumExposure),
            Command<DataValue>(
                "sdk/get_acquisition_progress", "Scans of the present image and images of the series that are done",
                policy: parallel
            ) { _ in
                .pair(
                    try await core.call("GetAcquisitionProgress", .status) { sdk, _ in
                        try sdk.ints(.getAcquisitionProgress)
                    })
            },
            number(core, "get_size_of_circular_buffer", "Images that the buffer holds", .getSizeOfCircularBuffer),
            number(
                core, "get_total_number_images_acquired", "Images of the acquisition", .getTotalNumberImagesAcquired),
        ]
    }

    private static func lines(_ core: CameraCore) -> [AnyCommand] {
        let port = Argument<Int>("port", "Number of the line, from 1", limits: 1...8)
        return [
            Command<DataValue>("sdk/get_trigger_level_range", "Least and greatest level in V", policy: parallel) { _ in
                .numbersTuple(
                    try await core.call("GetTriggerLevelRange") { sdk, _ in try sdk.floats(.getTriggerLevelRange) })
            },
            Command<Void>(
                "sdk/set_trigger_level", "Level at which the trigger input switches",
                Argument<Double>("level", unit: "V", limits: -100...100), policy: parallel
            ) { _, level in
                try await core.call("SetTriggerLevel") { sdk, _ in
                    core.forgetPreparation()
                    try sdk.set(.setTriggerLevel, seconds: level)
                }
            },
            Command<Void>(
                "sdk/set_external_trigger_termination", "Termination of the trigger input: 0 50 Ω, 1 high impedance",
                Argument<Int>("termination", limits: 0...1), policy: parallel
            ) { _, value in
                try await core.call("SetExternalTriggerTermination") { sdk, _ in
                    core.forgetPreparation()
                    try sdk.set(.setExternalTriggerTermination, value)
                }
            },
            Command<Bool>("sdk/in_aux_port", "Whether an auxiliary input is high", port, policy: parallel) { _, port in
                try await core.call("InAuxPort", .status) { sdk, _ in try sdk.int(.inAuxPort, port) != 0 }
            },
            Command<Void>(
                "sdk/out_aux_port", "Sets an auxiliary output", port, Argument<Bool>("state"), policy: parallel
            ) { _, port, state in
                try await core.call("OutAuxPort") { sdk, _ in try sdk.set(.outAuxPort, port, state ? 1 : 0) }
            },
            Command<Void>(
                "sdk/set_dma_parameters",
                "Images for one interrupt of the computer, and the time after which one comes in any case",
                Argument<Int>("images", limits: 0...100_000), Argument<Double>("seconds", unit: "s", limits: 0...60),
                policy: parallel
            ) { _, images, seconds in
                try await core.call("SetDMAParameters") { sdk, _ in
                    core.forgetPreparation()
                    try sdk.setDMAParameters(images: images, seconds: seconds)
                }
            },
        ]
    }

    // MARK: - One value

    private static func seconds(
        _ core: CameraCore, _ name: String, _ summary: String, _ function: SDKFunction
    ) -> AnyCommand {
        Command<Double>("sdk/" + name, summary + ", in s", policy: parallel) { _ in
            try await core.call(function.symbol) { sdk, _ in try sdk.float(function) }
        }
    }

    private static func number(
        _ core: CameraCore, _ name: String, _ summary: String, _ function: SDKFunction
    ) -> AnyCommand {
        Command<Int>("sdk/" + name, summary, policy: parallel) { _ in
            try await core.call(function.symbol, .status) { sdk, _ in try sdk.int(function) }
        }
    }

    private static func text(
        _ core: CameraCore, _ name: String, _ summary: String, _ function: SDKFunction
    ) -> AnyCommand {
        Command<String>("sdk/" + name, summary, policy: parallel) { _ in
            String(decoding: try await core.call(function.symbol) { sdk, _ in try sdk.text(function) }, as: UTF8.self)
        }
    }

    private static func indexedText(
        _ core: CameraCore, _ name: String, _ summary: String, _ index: Argument<Int>, _ function: SDKFunction
    ) -> AnyCommand {
        Command<String>("sdk/" + name, summary, index, policy: parallel) { _, index in
            let bytes = try await core.call(function.symbol) { sdk, _ in try sdk.text(function, index) }
            return String(decoding: bytes, as: UTF8.self)
        }
    }
}

extension DataValue {
    /// A tuple of numbers.
    static func numbersTuple(_ values: [Double]) -> DataValue { .tuple(values.map { .float($0) }) }
}
