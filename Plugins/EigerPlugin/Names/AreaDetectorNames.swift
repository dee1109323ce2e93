// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// The records of areaDetector: those of every camera and file writer (ADBase, NDArrayBase, NDFile), with what they mean here.
///
/// The detector's own records follow in `eigerRecords`. Beside what acts stands what clients merely connect to; such records
/// take writes, read them back and do nothing. Source: ADCore's databases and ophyd's `CamBase` and `FileBase`.
enum AreaDetectorNames {
    static let set = NameSet(
        "areadetector", summary: "The records of areaDetector's Eiger driver, as ophyd's EigerDetectorCam expects them",
        entries: (cameraRecords + imageRecords + fileRecords + eigerRecords + secondGenerationRecords).flatMap(
            \.entries))

    static let disableEnable = FrontendType.enumeration(["Disable", "Enable"])
    static let noYes = FrontendType.enumeration(["No", "Yes"])
    static let text = FrontendType.characters(256)
    /// `mode` keys of filewriter, monitor and stream, thresholds.
    static let enabled = ["disabled": "Disable", "enabled": "Enable"]

    // MARK: - Camera

    private static let states = [
        "idle": "Idle", "acquire": "Acquire", "readout": "Readout", "saving": "Saving", "aborting": "Aborting",
        "error": "Error", "waiting": "Waiting", "initializing": "Initializing", "disconnected": "Disconnected",
        "aborted": "Aborted",
    ]
    private static let stateType = FrontendType.enumeration([
        "Idle", "Acquire", "Readout", "Correct", "Saving", "Aborting", "Error", "Waiting", "Initializing",
        "Disconnected", "Aborted",
    ])
    private static let doneAcquire = ["Done", "Acquire"]
    private static let doneAcquiring = FrontendType.enumeration(["Done", "Acquiring"])
    private static let imageModes = ["single": "Single", "multiple": "Multiple", "continuous": "Continuous"]
    private static let closedOpen = FrontendType.enumeration(["Closed", "Open"])

    private static let cameraRecords: [RecordRow] = [
        .command("Acquire", "direct/acquire", doneAcquire, off: "stop"),
        .read("Acquire_RBV", .direct("acquiring"), doneAcquiring),
        .read("AcquireBusy", .busy("direct/acquire"), .enumeration(["Done", "Busy"])),
        .both("AcquireTime", .config("count_time"), .double, unit: "s", precision: 3),
        .both("AcquirePeriod", .config("frame_time"), .double, unit: "s", precision: 3),
        .both("NumImages", .config("nimages"), .long),
        .both("NumExposures", .direct("exposures"), .long, initial: 1),
        .both(
            "ImageMode", .direct("image_mode"), .enumeration(["Single", "Multiple", "Continuous"]), labels: imageModes,
            initial: "Multiple"),
        .read("NumImagesCounter_RBV", .acquisition("received"), .long),
        .constant("NumExposuresCounter_RBV", .long, 0),
        .read("DetectorState_RBV", .direct("phase"), stateType, labels: states, initial: "Disconnected"),
        .read("StatusMessage_RBV", .parameter("message"), text),
        .inertOnly("StringToServer_RBV", text, ""), .inertOnly("StringFromServer_RBV", text, ""),
        .read("TimeRemaining_RBV", .series("seconds_remaining"), .double, unit: "s", precision: 3),
        .command("ReadStatus", "status_update", ["Done", "Read"]),
        .constant("Manufacturer_RBV", .string, "DECTRIS"),
        .read("Model_RBV", .config("description"), .string),
        .read("SerialNumber_RBV", .config("detector_number"), .string),
        .read("FirmwareVersion_RBV", .config("software_version"), .string),
        .read("SDKVersion_RBV", .parameter("api_version"), .string),
        .constant("DriverVersion_RBV", .string, .string(DaemonRelease.number)),
        .constant("ADCoreVersion_RBV", .string, .string("daqd " + DaemonRelease.number)),
        .constant("PortName_RBV", text, "EIG"),
        .inertOnly("WaitForPlugins", noYes, "No"), .inertOnly("AsynIO", .short, 0),
        .inertOnly("NDAttributesFile", text, ""),
        .both("Temperature", .parameter("status/temperature"), .double, unit: "C", precision: 3),
        .read("TemperatureActual", .parameter("status/temperature"), .double, unit: "C", precision: 3),
        .inert("Gain", .double, 1), .inert("FrameType", .enumeration(["Normal", "Background", "FlatField"]), "Normal"),
        .inert("ShutterMode", .enumeration(["None", "EPICS PV", "Detector output"]), "None"),
        .inert("ShutterControl", .enumeration(["Close", "Open"]), "Close"),
        .inert("ShutterOpenDelay", .double, 0), .inert("ShutterCloseDelay", .double, 0),
        .constant("ShutterStatus_RBV", closedOpen, "Closed"), .constant("ShutterStatusEPICS_RBV", closedOpen, "Closed"),
        .inertOnly("ShutterControlEPICS", .enumeration(["Close", "Open"]), "Close"),
        .inertOnly("ShutterOpenEPICS", .double, 0), .inertOnly("ShutterCloseEPICS", .double, 0),
        .inertOnly("ShutterFanout", .double, 0),
    ]

    // MARK: - Image

    private static let pixelTypes = ["8": "UInt8", "16": "UInt16", "32": "UInt32"]
    private static let dataType = FrontendType.enumeration([
        "Int8", "UInt8", "Int16", "UInt16", "Int32", "UInt32", "Int64", "UInt64", "Float32", "Float64",
    ])
    private static let colorMode = FrontendType.enumeration([
        "Mono", "Bayer", "RGB1", "RGB2", "RGB3", "YUV444", "YUV422", "YUV421",
    ])

    private static let imageRecords: [RecordRow] = [
        .read("MaxSizeX_RBV", .config("x_pixels_in_detector"), .long),
        .read("MaxSizeY_RBV", .config("y_pixels_in_detector"), .long),
        .both("SizeX", .config("x_pixels_in_detector"), .long), .both("SizeY", .config("y_pixels_in_detector"), .long),
        .fixed("MinX", 0), .fixed("MinY", 0), .fixed("BinX", 1), .fixed("BinY", 1), .fixed("ReverseX", 0),
        .fixed("ReverseY", 0),
        .read("ArraySizeX_RBV", .config("x_pixels_in_detector"), .long),
        .read("ArraySizeY_RBV", .config("y_pixels_in_detector"), .long),
        .constant("ArraySizeZ_RBV", .long, 0), .read("ArraySize_RBV", .direct("image_bytes"), .long),
        // Plugins of areaDetector name them so; clients that take driver and plugin for one kind ask the driver too.
        .read("ArraySize0_RBV", .config("x_pixels_in_detector"), .long),
        .read("ArraySize1_RBV", .config("y_pixels_in_detector"), .long), .constant("ArraySize2_RBV", .long, 0),
        .constant("NDimensions_RBV", .long, 2),
        .both("DataType", .config("bit_depth_image"), dataType, labels: pixelTypes),
        .constant("DataType_RBV.DISA", .short, 0),
        .constant("ColorMode", colorMode, "Mono"), .constant("ColorMode_RBV", colorMode, "Mono"),
        .read("Codec_RBV", .config("compression"), .string),
        .constant("CompressedSize_RBV", .long, 0),
        .both("ArrayCounter", .direct("array_counter"), .long), .inert("ArrayCallbacks", disableEnable, "Enable"),
        .read("ArrayRate_RBV", .direct("array_rate"), .double, unit: "Hz", precision: 2),
        .read("ArrayData", .parameter("live/image"), nil),
        .read("UniqueId_RBV", .parameter("live/number"), .long),
        .read("TimeStamp_RBV", .parameter("live/seconds"), .double, unit: "s", precision: 3),
        .constant("NumQueuedArrays", .long, 0), .constant("PoolMaxBuffers", .long, 0),
        .constant("PoolAllocBuffers", .long, 0), .constant("PoolFreeBuffers", .long, 0),
        .constant("PoolUsedBuffers", .long, 0), .constant("PoolMaxMem", .double, 0),
        .constant("PoolUsedMem", .double, 0),
    ]

    // MARK: - Files

    private static let writeStatus = FrontendType.enumeration(["Write OK", "Write error"])

    private static let fileRecords: [RecordRow] = [
        .both("FilePath", .parameter("files/directory"), text),
        .read("FilePathExists_RBV", .parameter("files/directory_exists"), noYes),
        .both("FileName", .series("file_prefix"), text),
        .inert("FileTemplate", text, "%s%s_%3.3d"), .inert("FileNumber", .long, 0),
        .read("FullFileName_RBV", .parameter("files/latest_path"), text),
        .inert("AutoIncrement", noYes, "No"), .inert("AutoSave", noYes, "No"),
        .inert("FileFormat", .enumeration(["HDF5"]), "HDF5"),
        .inert("FileWriteMode", .enumeration(["Single", "Capture", "Stream"]), "Single"),
        .inert("Capture", .enumeration(["Done", "Capture"]), "Done"), .inert("NumCapture", .long, 1),
        .read("NumCaptured_RBV", .parameter("files/stored"), .long),
        .inert("WriteFile", .enumeration(["Done", "Write"]), "Done"),
        .inert("ReadFile", .enumeration(["Done", "Read"]), "Done"), .inert("DeleteDriverFile", noYes, "No"),
        .inertOnly("FileNumber_Sync", .long, 0), .inertOnly("FileNumber_write", .long, 0),
        .constant("WriteStatus", writeStatus, "Write OK"), .constant("WriteMessage", text, ""),
    ]
}
