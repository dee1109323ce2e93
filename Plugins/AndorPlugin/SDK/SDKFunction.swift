// Part of daqd
// SPDX-License-Identifier: MIT

/// The functions of Andor's SDK2 that the plugin calls, in the SDK's own spelling but for the first letter.
enum SDKFunction: String, CaseIterable, Sendable {
    // System
    case getAvailableCameras, getCameraHandle, setCurrentCamera, initialize, shutDown, getVersionInfo,
        getHardwareVersion
    // Identity
    case getCameraSerialNumber, getHeadModel, getControllerCardModel, getDetector, getPixelSize, getCapabilities
    // Setting an acquisition up
    case setAcquisitionMode, setReadMode, setTriggerMode, setExposureTime
    case setAccumulationCycleTime, setNumberAccumulations, setNumberKinetics, setKineticCycleTime
    case getAcquisitionTimings, getReadOutTime, getKeepCleanTime, getMaximumExposure, setImage, getMaximumBinning
    case setSingleTrack, setMultiTrack, setRandomTracks, setFVBHBin, setSingleTrackHBin, setMultiTrackHBin
    case setIsolatedCropMode, setIsolatedCropModeEx, setFrameTransferMode, setFastExtTrigger, setTriggerInvert
    case setTriggerLevel, getTriggerLevelRange, setExternalTriggerTermination, setFastKineticsEx
    // Readout chain
    case getNumberADChannels, setADChannel, getBitDepth, getNumberAmp, setOutputAmplifier, getAmpDesc
    case getNumberHSSpeeds, getHSSpeed, setHSSpeed, getNumberVSSpeeds, getVSSpeed, setVSSpeed
    case getFastestRecommendedVSSpeed, getNumberVSAmplitudes, setVSAmplitude, getNumberPreAmpGains, getPreAmpGain
    case setPreAmpGain, isPreAmpGainAvailable, getSensitivity, setBaselineClamp, setBaselineOffset, setHighCapacity
    case setImageFlip, setImageRotate, getPreAmpGainText, getMinimumImageLength, setDMAParameters
    // Lines
    case inAuxPort, outAuxPort
    // EM gain
    case setEMGainMode, getEMGainRange, setEMCCDGain, getEMCCDGain, setEMAdvanced
    // Temperature
    case getTemperature, getTemperatureF, setTemperature, getTemperatureRange, coolerON, coolerOFF, isCoolerOn
    case setCoolerMode, setFanMode, getTECStatus, getTemperatureStatus
    // Shutter
    case setShutter, setShutterEx, getShutterMinTimes, isInternalMechanicalShutter
    // Running
    case prepareAcquisition, startAcquisition, abortAcquisition, getStatus, sendSoftwareTrigger
    case waitForAcquisitionTimeOut, waitForAcquisitionByHandleTimeOut, cancelWait
    // Data
    case getNumberNewImages, getOldestImage16, getImages16, getImages, getSizeOfCircularBuffer
    case getTotalNumberImagesAcquired, getAcquisitionProgress, freeInternalMemory
    // Time
    case setMetaData, getRelativeImageTimes
    // Processing
    case setCountConvertMode, setCountConvertWavelength

    /// The symbol in the library.
    var symbol: String { rawValue.prefix(1).uppercased() + rawValue.dropFirst() }

    /// Whether the plugin can do nothing useful without it.
    var isRequired: Bool { Self.required.contains(self) }

    private static let required: Set<SDKFunction> = [
        .getAvailableCameras, .getCameraHandle, .setCurrentCamera, .initialize, .shutDown, .getCameraSerialNumber,
        .getHeadModel, .getDetector, .getCapabilities, .setAcquisitionMode, .setReadMode, .setTriggerMode,
        .setExposureTime, .setAccumulationCycleTime, .setNumberAccumulations, .setNumberKinetics, .setKineticCycleTime,
        .getAcquisitionTimings, .setImage, .getNumberADChannels, .setADChannel, .getBitDepth, .getNumberAmp,
        .setOutputAmplifier, .getNumberHSSpeeds, .getHSSpeed, .setHSSpeed, .getNumberVSSpeeds, .getVSSpeed,
        .setVSSpeed, .getNumberPreAmpGains, .getPreAmpGain, .setPreAmpGain, .getTemperature, .getTemperatureF,
        .setTemperature, .getTemperatureRange, .coolerON, .coolerOFF, .isCoolerOn, .setShutter, .startAcquisition,
        .abortAcquisition, .getStatus, .waitForAcquisitionTimeOut, .getNumberNewImages, .getOldestImage16, .getImages16,
    ]
}
