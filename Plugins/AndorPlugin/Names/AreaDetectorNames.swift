// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// The records of areaDetector's Andor driver, as ophyd's `AndorDetectorCam` expects them.
///
/// Beside what acts stands what clients merely connect to. Source: areaDetector/ADAndor `andorCCD.template`, ADCore's databases.
enum AreaDetectorNames {
    static let set = NameSet(
        "areadetector", summary: "The records of areaDetector's Andor driver, as ophyd's AndorDetectorCam expects them",
        entries: Array((camera + region + andor + shutter + arrays + inert).joined()))

    private static let modes = [
        "single_scan": "Single", "kinetic": "Multiple", "run_till_abort": "Continuous",
        "fast_kinetics": "Fast Kinetics",
        "accumulate": "Accumulate", "time_delayed_integration": "Time Delayed Integration",
    ]
    private static let triggers = [
        "internal": "Internal", "external": "External", "external_start": "External Start",
        "external_exposure": "External Exposure", "external_fvb_em": "External FVP", "software": "Software",
        "external_charge_shifting": "External Charge Shifting",
    ]
    private static let states = [
        "absent": "Disconnected", "opening": "Initializing", "idle": "Idle", "armed": "Waiting", "acquiring": "Acquire",
        "draining": "Readout", "warming": "Waiting", "closed": "Disconnected", "fault": "Error",
    ]
    private static let stateType = FrontendType.enumeration([
        "Idle", "Acquire", "Readout", "Correct", "Saving", "Aborting", "Error", "Waiting", "Initializing",
        "Disconnected", "Aborted",
    ])
    private static let doneAcquiring = FrontendType.enumeration(["Done", "Acquiring"])

    private static let camera: [[NameEntry]] = [
        CameraRecord.command("Acquire", "acquire", ["Done", "Acquire"], off: "stop"),
        CameraRecord.read("Acquire_RBV", "acquisition/acquiring", doneAcquiring),
        CameraRecord.both(
            "AcquireTime", "acquisition/exposure", .double, readback: "acquisition/actual_exposure", precision: 6),
        CameraRecord.both(
            "AcquirePeriod", "acquisition/kinetic_cycle", .double, readback: "acquisition/actual_kinetic_cycle",
            precision: 6),
        CameraRecord.both("NumImages", "acquisition/frames", .long),
        CameraRecord.both("NumExposures", "acquisition/accumulations", .long),
        CameraRecord.both(
            "ImageMode", "acquisition/mode",
            .enumeration([
                "Single", "Multiple", "Continuous", "Fast Kinetics", "Accumulate", "Time Delayed Integration",
            ]), labels: modes),
        CameraRecord.both(
            "TriggerMode", "trigger/mode",
            .enumeration([
                "Internal", "External", "External Start", "External Exposure", "External FVP", "Software",
                "External Charge Shifting",
            ]), labels: triggers),
        CameraRecord.read("NumImagesCounter_RBV", "acquisition/images", .long),
        CameraRecord.constant("NumExposuresCounter_RBV", .long, 0),
        CameraRecord.read("DetectorState_RBV", "state", stateType, labels: states),
        CameraRecord.read("StatusMessage_RBV", "message", CameraRecord.text),
        CameraRecord.read("TimeRemaining_RBV", "acquisition/seconds_remaining", .double, precision: 3),
        CameraRecord.inert("ReadStatus", .enumeration(["Done", "Read"]), "Done", readback: false),
        CameraRecord.constant("Manufacturer_RBV", .string, "Andor"), CameraRecord.read("Model_RBV", "model", .string),
        CameraRecord.both("Temperature", "cooling/target", .double, precision: 3),
        CameraRecord.read("TemperatureActual", "cooling/temperature", .double, precision: 3),
    ]

    private static let region: [[NameEntry]] = [
        CameraRecord.read("MaxSizeX_RBV", "sensor/width", .long),
        CameraRecord.read("MaxSizeY_RBV", "sensor/height", .long),
        CameraRecord.both("MinX", "image/first_x", .long), CameraRecord.both("MinY", "image/first_y", .long),
        CameraRecord.both("SizeX", "image/size_x", .long), CameraRecord.both("SizeY", "image/size_y", .long),
        CameraRecord.both("BinX", "image/hbin", .long), CameraRecord.both("BinY", "image/vbin", .long),
        CameraRecord.both("ReverseX", "image/flip_horizontal", CameraRecord.noYes),
        CameraRecord.both("ReverseY", "image/flip_vertical", CameraRecord.noYes),
        CameraRecord.read("ArraySizeX_RBV", "image/columns", .long),
        CameraRecord.read("ArraySizeY_RBV", "image/rows", .long),
        CameraRecord.constant("ArraySizeZ_RBV", .long, 0), CameraRecord.read("ArraySize_RBV", "image/bytes", .long),
    ]

    private static let andor: [[NameEntry]] = [
        CameraRecord.both("AndorADCSpeed", "readout/hs_speed", .long),
        CameraRecord.both("AndorPreAmpGain", "readout/preamp_gain", .long),
        CameraRecord.both(
            "AndorAccumulatePeriod", "acquisition/accumulate_cycle", .double,
            readback: "acquisition/actual_accumulate_cycle", precision: 6),
        CameraRecord.both("AndorCooler", "cooling/cooler", CameraRecord.offOn),
        CameraRecord.both("AndorEMGain", "em/gain", .long),
        CameraRecord.both("AndorEMGainAdvanced", "em/advanced", CameraRecord.offOn),
        CameraRecord.both(
            "AndorEMGainMode", "em/mode", .enumeration(["8 bit DAC", "12 bit DAC", "Linear 12 bit", "Real Gain"]),
            labels: ["dac8": "8 bit DAC", "dac12": "12 bit DAC", "linear": "Linear 12 bit", "real": "Real Gain"]),
        CameraRecord.both("AndorFrameTransferMode", "readout/frame_transfer", CameraRecord.offOn),
        CameraRecord.both("AndorBaselineClamp", "readout/baseline_clamp", CameraRecord.offOn),
        CameraRecord.read("AndorMessage_RBV", "message", .string),
        CameraRecord.read("AndorTempStatus_RBV", "cooling/state", .string),
    ]

    private static let closeOpen = FrontendType.enumeration(["Close", "Open"])
    private static let closedOpen = FrontendType.enumeration(["Closed", "Open"])

    private static let shutter: [[NameEntry]] = [
        CameraRecord.write(
            "AndorShutterMode", "shutter/mode",
            .enumeration(["Full Auto", "Always Open", "Always Closed", "Open for FVB", "Open for any"]),
            labels: [
                "automatic": "Full Auto", "open": "Always Open", "closed": "Always Closed",
                "open_for_fvb_series": "Open for FVB",
                "open_for_series": "Open for any",
            ]),
        CameraRecord.write(
            "AndorShutterExTTL", "shutter/type", .enumeration(["Low To Open", "High To Open"]),
            labels: ["low_opens": "Low To Open", "high_opens": "High To Open"]),
        CameraRecord.both("ShutterControl", "shutter/open", closeOpen),
        CameraRecord.read("ShutterStatus_RBV", "shutter/open", closedOpen),
        CameraRecord.inert("ShutterMode", .enumeration(["None", "EPICS PV", "Detector output"]), "Detector output"),
        CameraRecord.inert("ShutterOpenDelay", .double, 0), CameraRecord.inert("ShutterCloseDelay", .double, 0),
        CameraRecord.constant("ShutterStatusEPICS_RBV", closedOpen, "Closed"),
        CameraRecord.inert("ShutterControlEPICS", closeOpen, "Close", readback: false),
        CameraRecord.inert("ShutterOpenEPICS", .double, 0, readback: false),
        CameraRecord.inert("ShutterCloseEPICS", .double, 0, readback: false),
        CameraRecord.inert("ShutterFanout", .double, 0, readback: false),
    ]

    private static let arrays: [[NameEntry]] = [
        CameraRecord.both("ArrayCounter", "live/array_counter", .long),
        CameraRecord.read("ArrayRate_RBV", "live/rate", .double, precision: 2),
        CameraRecord.inert("ArrayCallbacks", .enumeration(["Disable", "Enable"]), "Enable"),
        CameraRecord.read("ArrayData", "live/image", .long).map { entry in
            var entry = entry
            entry.type = nil
            return entry
        },
        CameraRecord.read("PoolAllocBuffers", "memory/blocks", .long),
        CameraRecord.read("PoolFreeBuffers", "memory/free", .long),
        CameraRecord.constant("PoolMaxBuffers", .long, 0), CameraRecord.constant("PoolUsedBuffers", .long, 0),
        CameraRecord.constant("PoolMaxMem", .double, 0), CameraRecord.constant("PoolUsedMem", .double, 0),
    ]

    private static let dataTypes = FrontendType.enumeration([
        "Int8", "UInt8", "Int16", "UInt16", "Int32", "UInt32", "Int64", "UInt64", "Float32", "Float64",
    ])
    private static let colors = FrontendType.enumeration([
        "Mono", "Bayer", "RGB1", "RGB2", "RGB3", "YUV444", "YUV422", "YUV421",
    ])

    private static let inert: [[NameEntry]] = [
        CameraRecord.inert("DataType", dataTypes, "UInt16", readback: false),
        CameraRecord.read(
            "DataType_RBV", "image/pixel_type", dataTypes, labels: ["uint16": "UInt16", "int32": "Int32"]),
        CameraRecord.constant("DataType_RBV.DISA", .short, 0),
        CameraRecord.inert("ColorMode", colors, "Mono"), CameraRecord.inert("Gain", .double, 1),
        CameraRecord.inert("FrameType", .enumeration(["Normal", "Background", "FlatField"]), "Normal"),
        CameraRecord.inert(
            "FileFormat", .enumeration(["TIFF", "BMP", "SIF", "EDF", "RAW", "FITS", "SPE"]), "TIFF"),
        CameraRecord.inert("PALFilePath", CameraRecord.text, ""),
        CameraRecord.constant("PortName_RBV", CameraRecord.text, "ANDOR"),
        CameraRecord.inert("AsynIO", .short, 0, readback: false),
        CameraRecord.inert("NDAttributesFile", CameraRecord.text, "", readback: false),
        CameraRecord.constant("StringToServer_RBV", CameraRecord.text, ""),
        CameraRecord.constant("StringFromServer_RBV", CameraRecord.text, ""),
    ]
}
