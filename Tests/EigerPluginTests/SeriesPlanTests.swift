// Part of daqd
// SPDX-License-Identifier: MIT
import Testing

@testable import DAQKernel
@testable import EigerPlugin

@Suite("Plans of a series")
struct SeriesPlanTests {
    private func wish(_ exposure: Double, _ frame: Double, mode: String = "ints", triggers: Int = 1) -> SeriesWish {
        var wish = SeriesWish()
        wish.exposureSeconds = exposure
        wish.frameSeconds = frame
        wish.triggerMode = mode
        wish.triggers = triggers
        return wish
    }

    @Test(
        "total exposure and frame time give the images",
        arguments: [
            (600.0, 10.0, 60), (0.3, 0.1, 3), (1.0, 0.3, 4), (0.05, 0.1, 1), (10, 10, 1), (1e-6, 1e6, 1),
        ])
    func images(exposure: Double, frame: Double, images: Int) {
        #expect(SeriesPlan(wish(exposure, frame), readoutSeconds: 1e-5).nimages == images)
    }

    @Test("one image takes the whole exposure; of several each takes its frame less the readout")
    func times() {
        let one = SeriesPlan(wish(5, 2), readoutSeconds: 0.001)
        #expect(one.nimages == 3)
        #expect(one.countSeconds == 2 - 0.001)
        let single = SeriesPlan(wish(5, 5), readoutSeconds: 0.001)
        #expect(single.countSeconds == 5)
        #expect(single.frameSeconds == 5.001)
    }

    @Test("nonsense neither crashes nor hangs", arguments: [0, -1, Double.nan, .infinity, 1e300, 2.3e-308])
    func nonsense(number: Double) {
        for other in [1.0, number] {
            let plan = SeriesPlan(wish(number, other), readoutSeconds: number)
            #expect(plan.nimages >= 1)
            #expect(plan.totalImages >= 0)
        }
    }

    @Test("modes with one image per trigger turn images into triggers")
    func perTrigger() {
        let plan = SeriesPlan(wish(1, 0.1, mode: "inte", triggers: 2), readoutSeconds: 0)
        #expect((plan.nimages, plan.ntrigger) == (1, 20))
        #expect(plan.totalImages == 20)
        #expect(SeriesPlan(wish(1, 0.1, mode: "exts", triggers: 3), readoutSeconds: 0).totalImages == 30)
        #expect(SeriesPlan(wish(1, 1, mode: "eies", triggers: 3), readoutSeconds: 0).totalImages == 2)
    }

    private func names(_ wish: SeriesWish, frame: Double?, knows: (SIMPLONKey) -> Bool = { _ in true }) -> [String] {
        let plan = SeriesPlan(wish, readoutSeconds: 0)
        return ConfigurationPlan(
            wish, plan, currentFrameSeconds: frame, energyEpsilon: 0.05, writesFiles: true, knows: knows
        ).steps.map(\.key.name)
    }

    @Test("the order of requests, whole")
    func order() {
        #expect(
            names(wish(1, 0.1), frame: 0.05) == [
                "photon_energy", "threshold/1/energy", "trigger_mode", "frame_time", "count_time", "nimages",
                "ntrigger", "trigger_start_delay",
                "compression", "countrate_correction_applied", "flatfield_correction_applied", "pixel_mask_applied",
                "mode",
                "nimages_per_file", "name_pattern", "image_nr_start", "compression_enabled",
            ])
    }

    @Test("a shrinking frame time goes after the count time")
    func shrinking() throws {
        let order = names(wish(1, 0.1), frame: 10)
        #expect(try #require(order.firstIndex(of: "count_time")) < #require(order.firstIndex(of: "frame_time")))
    }

    @Test("one image per trigger is set before the mode that demands it")
    func modeOrder() throws {
        let order = names(wish(1, 0.1, mode: "exte"), frame: nil)
        #expect(try #require(order.firstIndex(of: "nimages")) < #require(order.firstIndex(of: "trigger_mode")))
    }

    @Test(
        "keys that the detector does not have are left out, the old threshold's name is used where it is the only one")
    func unknownKeys() {
        let order = names(wish(1, 0.1), frame: nil) { $0.name != "threshold/1/energy" && $0.module == .detector }
        #expect(order.contains("threshold_energy"))
        #expect(!order.contains("name_pattern"))
    }

    @Test("equal within the tolerance")
    func satisfied() {
        let step = ConfigurationPlan.Step(.detector("photon_energy"), .number(8050), tolerance: 0.05)
        #expect(step.isSatisfied(by: .float(8050.04)))
        #expect(!step.isSatisfied(by: .float(8050.2)))
        #expect(!step.isSatisfied(by: nil))
        #expect(!step.isSatisfied(by: .string("8050")))
        #expect(ConfigurationPlan.Step(.detector("nimages"), 3).isSatisfied(by: .integer(3)))
        #expect(ConfigurationPlan.Step(.detector("x"), true).isSatisfied(by: .bool(true)))
        #expect(!ConfigurationPlan.Step(.detector("x"), true).isSatisfied(by: .integer(1)))
    }

    @Test(
        "a stop waits for images that end soon",
        arguments: [
            (nil, 0.1, StopDecision.cancel), (nil, 100.0, .abort), (0.02, 0.1, .cancel), (1.0, 100.0, .abort),
            (96.0, 100.0, .cancel),
            (196.5, 100.0, .cancel), (-1.0, 100.0, .abort), (Double.nan, 1.0, .cancel), (1.0, 0.0, .cancel),
        ] as [(Double?, Double, StopDecision)])
    func stop(elapsed: Double?, frame: Double, decision: StopDecision) {
        #expect(StopDecision.decide(elapsedSeconds: elapsed, frameSeconds: frame, waitSeconds: 5) == decision)
    }

    @Test("notes survive the run log, and nonsense there does not become notes")
    func notes() throws {
        var notes = SeriesNotes(
            phase: .running, pattern: "a_$id", images: 2500, imagesPerFile: 1000, folder: "/data",
            hasSoftwareTriggers: false,
            before: ["old.h5"])
        notes.number = 12
        #expect(try SeriesNotes(JSON(parsing: notes.json.text)) == notes)
        for text in [
            "null", "{}", "[]", #"{"phase":"x"}"#,
            #"{"phase":"arming","pattern":"p","images":-1,"images_per_file":1,"folder":"/d","before":[]}"#,
        ] {
            #expect(try SeriesNotes(JSON(parsing: text)) == nil)
        }
    }

    @Test("the number of an interrupted series is found from its files when there is only one candidate")
    func number() {
        let notes = SeriesNotes(
            phase: .arming, pattern: "e_$id", images: 1, imagesPerFile: 1, folder: "/d", hasSoftwareTriggers: true,
            before: ["e_1_master.h5"])
        #expect(notes.number(from: ["e_1_master.h5", "e_2_master.h5", "e_2_data_000001.h5", "other_3_master.h5"]) == 2)
        #expect(notes.number(from: ["e_1_master.h5"]) == nil)
        #expect(notes.number(from: ["e_2_master.h5", "e_3_master.h5"]) == nil)
        #expect(notes.number(from: ["e_x_master.h5", "e_99999999999999999999_master.h5"]) == nil)
    }
}
