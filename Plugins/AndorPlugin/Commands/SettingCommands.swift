// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// Setting an acquisition up.
enum SettingCommands {
    private static let parallel = CameraCommands.parallel
    private static let seconds = 0.0...1e6

    static func make(_ core: CameraCore) -> [AnyCommand] { times(core) + modes(core) + regions(core) }

    private static func times(_ core: CameraCore) -> [AnyCommand] {
        [
            Command<DataValue>(
                "emccd/get_acquisition_timings", "Exposure, accumulation cycle and kinetic cycle in seconds",
                policy: parallel
            ) { _ in
                let t = try await core.call("GetAcquisitionTimings") { sdk, _ in try sdk.timings() }
                return .tuple([.float(t.exposure), .float(t.accumulate), .float(t.kinetic)])
            },
            Command<Void>(
                "emccd/set_exposure_time", "Exposure; the camera takes the next one that it can",
                Argument<Double>("time", unit: "s", limits: seconds), policy: parallel
            ) { _, value in try await core.change { setup, _ in setup.exposure = value } },
            Command<Void>(
                "emccd/set_kinetic_cycle_time", "From image to image; 0: as fast as possible",
                Argument<Double>("time", unit: "s", limits: seconds), policy: parallel
            ) { _, value in try await core.change { setup, _ in setup.kineticCycle = value } },
        ]
    }

    private static func modes(_ core: CameraCore) -> [AnyCommand] {
        [
            Command<Void>(
                "emccd/set_acquisition_mode", "1 image: single scan; more: a kinetic series; 0: run till abort",
                Argument<Int>("frames", limits: 0...2e9, default: 0), policy: parallel
            ) { _, frames in
                try await core.change { setup, _ in
                    setup.mode = frames == 0 ? .runTillAbort : frames == 1 ? .singleScan : .kinetic
                    if frames > 1 {
                        setup.frames = frames
                        setup.accumulations = 1
                        setup.accumulateCycle = 0
                    }
                }
            },
            Command<Void>(
                "emccd/set_frame_transfer_mode", "Expose while the image before is read",
                Argument<Bool>("mode", default: true), policy: parallel
            ) { _, active in try await core.change { setup, _ in setup.frameTransfer = active } },
            Command<Void>(
                "emccd/set_trigger_mode",
                "0 internal, 1 external, 6 external start, 7 external exposure, 9 external FVB EM, 10 "
                    + "software, 12 external charge shifting", Argument<Int>("mode"), policy: parallel
            ) { _, number in
                let mode = try choice(TriggerMode.self, number, "trigger mode")
                try await core.change { setup, _ in setup.trigger = mode }
            },
            Command<Void>(
                "emccd/set_read_mode",
                "0 full vertical binning, 1 multi-track, 2 random-track, 3 single-track, 4 image",
                Argument<Int>("mode"), policy: parallel
            ) { _, number in
                let mode = try choice(ReadMode.self, number, "read mode")
                try await core.change { setup, _ in setup.readMode = mode }
            },
            Command<Void>(
                "emccd/set_fast_ext_trigger", "Do not clean the sensor completely before an external trigger",
                Argument<Bool>("mode", default: true), policy: parallel
            ) { _, active in try await core.change { setup, _ in setup.fastTrigger = active } },
            Command<Void>(
                "emccd/send_software_trigger", "Takes one image in the trigger mode software", policy: parallel
            ) { _ in
                try await core.call("SendSoftwareTrigger", .abort) { sdk, _ in try sdk.set(.sendSoftwareTrigger) }
            },
        ]
    }

    private static func regions(_ core: CameraCore) -> [AnyCommand] {
        [
            Command<Void>(
                "emccd/set_image",
                "Binning and region of the sensor, counted from 1; sizes must be multiples of the binning",
                Argument<DataValue>("bin", "Columns and rows that are added", default: .null),
                Argument<DataValue>("roi", "First and last column, first and last row", default: .null),
                policy: parallel
            ) { _, bin, roi in
                try await core.change { setup, facts in
                    let bins = try numbers(bin, 2, "bin") ?? [1, 1]
                    let edges = try numbers(roi, 4, "roi") ?? [1, facts.sensorWidth, 1, facts.sensorHeight]
                    setup.region = ImageRegion(
                        hbin: bins[0], vbin: bins[1], hstart: edges[0], hend: edges[1], vstart: edges[2], vend: edges[3]
                    )
                    setup.readMode = .image
                }
            },
            Command<Void>(
                "set_single_track", "One track of rows that are added",
                Argument<Int>("centre", "Row of its middle", limits: 1...65536),
                Argument<Int>("height", limits: 1...65536),
                policy: parallel
            ) { _, centre, height in
                try await core.change { setup, _ in
                    (setup.trackCentre, setup.trackHeight, setup.readMode) = (centre, height, .singleTrack)
                }
            },
            Command<Void>(
                "set_multi_track", "Several tracks of equal height", Argument<Int>("number", limits: 1...64),
                Argument<Int>("height", limits: 1...65536), Argument<Int>("offset", default: 0), policy: parallel
            ) { _, number, height, offset in
                try await core.change { setup, _ in
                    (setup.trackNumber, setup.trackHeight, setup.trackOffset) = (number, height, offset)
                    setup.readMode = .multiTrack
                }
            },
            Command<Void>(
                "set_random_tracks", "Tracks by their first and last rows",
                Argument<[Int]>("rows", "First and last row of each track, rising"), policy: parallel
            ) { _, rows in
                guard !rows.isEmpty, rows.count % 2 == 0, rows.count <= 128 else {
                    throw DeviceError(
                        .badArguments,
                        "rows needs first and last row of 1 to 64 tracks; \(rows.count) numbers were given")
                }
                try await core.change { setup, _ in (setup.trackRows, setup.readMode) = (rows, .randomTrack) }
            },
        ]
    }

    private static func choice<Value: SDKChoice>(_: Value.Type, _ number: Int, _ what: String) throws(DeviceError)
        -> Value
    {
        if let found = Value(number: number) { return found }
        let known = Value.allCases.map { "\($0.number) (\($0.rawValue))" }.joined(separator: ", ")
        throw DeviceError(.outOfRange, "\(what) \(number) does not exist; there are \(known)")
    }

    /// Whole numbers from a tuple, a list or an array; `nil` where nothing was given.
    private static func numbers(_ value: DataValue, _ count: Int, _ name: String) throws(DeviceError) -> [Int]? {
        let found: [Int?]
        switch value {
        case .null: return nil
        case .tuple(let items), .list(let items): found = items.map { $0.integer.map { Int($0) } }
        case .array(let array): found = (0..<array.count).map { array[$0].integer.map { Int($0) } }
        default: found = []
        }
        let whole = found.compactMap(\.self)
        guard whole.count == count, found.count == count else {
            throw DeviceError(.badArguments, "\(name) needs \(count) whole numbers")
        }
        return whole
    }
}
