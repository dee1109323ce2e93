// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// What was read back after the last change.
struct CameraReadback: Sendable, Equatable {
    var exposure = 0.0
    var accumulate = 0.0
    var kinetic = 0.0
    var readout = 0.0
    /// Time to clean the sensor before an exposure.
    var cleaning = 0.0
    /// Images that the camera's buffer holds.
    var buffer = 0
    var emRange = [0, 0]
}

/// Everything a camera shows; to be made inside the device's factory.
struct CameraParameters: Sendable {
    // Who it is
    let model = Parameter<String>("model", "The camera's head, as it names itself", access: .read)
    let serial = Parameter<Int>("serial_number", "The camera's serial number", access: .read)
    let family = Parameter<String>("family", "The camera's family", access: .read)
    let library = Parameter<String>("sdk/library", "Where the SDK was found", access: .read)
    let version = Parameter<String>(
        "sdk/version", "Versions of the SDK and of its driver, as it says them", access: .read)
    let isSimulated = Parameter<Bool>("sdk/simulated", "Whether the stand-in plays the camera", access: .read)
    let presentCall = Parameter<String>(
        "sdk/call", "A call that takes unusually long; empty while all is well", access: .read, initial: "")
    let sensorWidth = Parameter<Int>("sensor/width", "Columns of the sensor", unit: "px", access: .read)
    let sensorHeight = Parameter<Int>("sensor/height", "Rows of the sensor", unit: "px", access: .read)
    // How it is
    let state = Parameter<CameraState>("state", "Where the camera stands", access: .read, initial: .absent)
    let status = Parameter<Int>("status", "The SDK's own status word: 20073 idle, 20072 acquiring", access: .read)
    let message = Parameter<String>("message", "What happened last, in words", access: .read, initial: "")
    // How cold it is
    let temperature = Parameter<Double>(
        "cooling/temperature", "Temperature of the sensor", unit: "degC", access: .read, precision: 2)
    let coolingState = Parameter<CoolingState>("cooling/state", "How the temperature regulation is", access: .read)
    let tripped = Parameter<Bool>("cooling/tripped", "Whether the cooler protects itself against heat", access: .read)
    let tolerance = Parameter<Double>(
        "cooling/tolerance", "How far the temperature may be from the set point", unit: "degC", limits: 0...1000,
        precision: 1, initial: 5)
    let watches = Parameter<Bool>(
        "cooling/watch", "Whether a temperature away from the set point is an alarm", initial: true)
    // What was made of the settings
    let exposure = Parameter<Double>(
        "acquisition/actual_exposure", "Exposure as the camera does it", unit: "s", access: .read, precision: 6)
    let accumulate = Parameter<Double>(
        "acquisition/actual_accumulate_cycle", "From scan to scan, as the camera does it", unit: "s", access: .read,
        precision: 6)
    let kinetic = Parameter<Double>(
        "acquisition/actual_kinetic_cycle", "From image to image, as the camera does it", unit: "s", access: .read,
        precision: 6)
    let readout = Parameter<Double>(
        "acquisition/readout_time", "Time to read an image", unit: "s", access: .read, precision: 6)
    let period = Parameter<Double>(
        "acquisition/minimum_period",
        "From trigger to trigger at least: exposure, readout and cleaning; with frame transfer the kinetic cycle",
        unit: "s", access: .read, precision: 6)
    let frameRate = Parameter<Double>(
        "acquisition/frame_rate", "Images in a second, at most", unit: "Hz", access: .read, precision: 3)
    let dataRate = Parameter<Double>(
        "acquisition/data_rate", "Bytes in a second, at most", unit: "B/s", access: .read, precision: 0)
    // What comes
    let isAcquiring = Parameter<Bool>(
        "acquisition/acquiring", "Whether an acquisition runs", access: .read, initial: false)
    let images = Parameter<Int>(
        "acquisition/images", "Images of the running or last acquisition", access: .read, initial: 0)
    let lost = Parameter<Int>(
        "acquisition/lost", "Images of the running or last acquisition that were overwritten or dropped", access: .read,
        initial: 0)
    let limit = Parameter<Int>(
        "acquisition/limit", "Images after which a run till abort ends by itself; 0: never", limits: 0...2e9,
        initial: 0,
        autosave: true)
    let remaining = Parameter<Double>(
        "acquisition/seconds_remaining", "Until the acquisition is complete", unit: "s", access: .read, precision: 1,
        initial: 0)
    let columns = Parameter<Int>("image/columns", "Columns of an image", unit: "px", access: .read)
    let rows = Parameter<Int>("image/rows", "Rows of an image", unit: "px", access: .read)
    let bytes = Parameter<Int>("image/bytes", "Bytes of an image", unit: "B", access: .read)
    let pixelType = Parameter<PixelType>("image/pixel_type", "What a pixel of an image is", access: .read)
    let live: Parameter<DataValue>
    let liveIndex = Parameter<Int>("live/index", "Number of the live image in its acquisition, from 1", access: .read)
    let liveTime = Parameter<Double>(
        "live/seconds", "When the live image came, since 1970", unit: "s", access: .read, precision: 3)
    let counter = Parameter<Int>("live/array_counter", "Images that came since it was last written", initial: 0)
    let rate = Parameter<Double>(
        "live/rate", "Images in a second, measured", unit: "Hz", access: .read, precision: 2, initial: 0)
    let bufferSize = Parameter<Int>("buffer/size", "Images that the camera's circular buffer holds", access: .read)
    let bufferUse = Parameter<Double>(
        "buffer/use", "How full the camera's circular buffer is", unit: "%", access: .read, precision: 1, initial: 0)
    let waiting = Parameter<Int>("pipeline/images", "Images that wait to be fetched", access: .read, initial: 0)
    let dropped = Parameter<Int>(
        "pipeline/dropped", "Images that gave way because nobody fetched them", access: .read, initial: 0)
    let poolBlocks = Parameter<Int>(
        "memory/blocks", "Blocks of memory for images, used again and again", access: .read, initial: 0)
    let poolFree = Parameter<Int>("memory/free", "Blocks that nobody holds", access: .read, initial: 0)
    let poolBytes = Parameter<Int>("memory/bytes", "Bytes of all blocks", unit: "B", access: .read, initial: 0)
    let format: Parameter<PipelineFormat>
    let clearsOnStart: Parameter<Bool>
    // What is there to choose from
    let hsSpeeds = Parameter<[Double]>(
        "readout/hs_speeds", "Horizontal speeds of the amplifier, the fastest first", unit: "MHz", access: .read)
    let vsSpeeds = Parameter<[Double]>("readout/vs_speeds", "Vertical speeds", unit: "us", access: .read)
    let preAmpGains = Parameter<[Double]>("readout/preamp_gains", "Factors of the pre-amplifier", access: .read)
    let emRange = Parameter<[Int]>("em/range", "Least and greatest EM gain at present", access: .read)
    /// What is written to the camera.
    let settings: [SettingBinding]

    init(_ configuration: CameraSettings) {
        var metadata = ParameterMetadata("The newest image, not all of them", type: .array(.uint16, capacity: [0, 0]))
        metadata.access = .read
        live = Parameter<DataValue>(ParameterSpec("live/image", metadata))
        format = Parameter(
            "pipeline/format", "What get_data_from_pipeline returns", initial: configuration.format)
        clearsOnStart = Parameter(
            "pipeline/clear_on_start", "Forget old images when an acquisition starts",
            initial: configuration.clearsPipelineOnStart)
        settings = SettingBinding.all
        var alarms = AlarmLimits()
        alarms.high = 80
        bufferUse.updateMetadata { $0.alarmLimits = alarms }
    }

    /// Shows a camera's facts.
    func show(_ facts: CameraFacts) {
        model.publish(facts.head)
        serial.publish(facts.serial)
        family.publish(facts.capabilities.typeName)
        sensorWidth.publish(facts.sensorWidth)
        sensorHeight.publish(facts.sensorHeight)
        vsSpeeds.publish(facts.vsSpeeds)
        preAmpGains.publish(facts.preAmpGains)
    }

    /// Shows the settings and what the camera made of them.
    func show(_ setup: CameraSetup, _ readback: CameraReadback, _ facts: CameraFacts) {
        for setting in settings { setting.show(setup) }
        let shape = setup.shape(sensorWidth: facts.sensorWidth, sensorHeight: facts.sensorHeight)
        let size = shape.rows * shape.columns * (setup.isWide ? 4 : 2)
        columns.publish(shape.columns)
        rows.publish(shape.rows)
        bytes.publish(size)
        pixelType.publish(setup.isWide ? .int32 : .uint16)
        let type = ValueType.array(
            setup.isWide ? .int32 : .uint16, capacity: [facts.sensorHeight, facts.sensorWidth])
        if live.metadata.type != type { live.updateMetadata { $0.type = type } }
        exposure.publish(readback.exposure)
        accumulate.publish(readback.accumulate)
        kinetic.publish(readback.kinetic)
        readout.publish(readback.readout)
        period.publish(
            setup.frameTransfer ? readback.kinetic : readback.exposure + readback.readout + readback.cleaning)
        let rate = readback.kinetic > 0 ? 1 / readback.kinetic : 0
        frameRate.publish(rate)
        dataRate.publish(rate * Double(size))
        bufferSize.publish(readback.buffer)
        emRange.publish(readback.emRange)
        hsSpeeds.publish(facts.speeds(setup.channel, setup.amplifier))
    }
}
