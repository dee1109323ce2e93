// Part of daqd
// SPDX-License-Identifier: MIT
//
// The functions of SDK2 as 64-bit Linux has them, written down once more beside the project's header, so that neither can change
// alone. FUNCTION(name, required, types of the arguments): without the required ones daqd refuses a library.

#define FUNCTIONS(FUNCTION) \
    FUNCTION(GetAvailableCameras, 1, (int *)) \
    FUNCTION(GetCameraHandle, 1, (int, int *)) \
    FUNCTION(SetCurrentCamera, 1, (int)) \
    FUNCTION(GetCurrentCamera, 0, (int *)) \
    FUNCTION(Initialize, 1, (char *)) \
    FUNCTION(ShutDown, 1, (void)) \
    FUNCTION(GetVersionInfo, 0, (int, char *, unsigned)) \
    FUNCTION(GetSoftwareVersion, 0, (unsigned *, unsigned *, unsigned *, unsigned *, unsigned *, unsigned *)) \
    FUNCTION(GetHardwareVersion, 0, (unsigned *, unsigned *, unsigned *, unsigned *, unsigned *, unsigned *)) \
    FUNCTION(GetCameraSerialNumber, 1, (int *)) \
    FUNCTION(GetHeadModel, 1, (char *)) \
    FUNCTION(GetControllerCardModel, 0, (char *)) \
    FUNCTION(GetDetector, 1, (int *, int *)) \
    FUNCTION(GetPixelSize, 0, (float *, float *)) \
    FUNCTION(GetCapabilities, 1, (AndorCapabilities *)) \
    FUNCTION(SetAcquisitionMode, 1, (int)) \
    FUNCTION(SetReadMode, 1, (int)) \
    FUNCTION(SetTriggerMode, 1, (int)) \
    FUNCTION(IsTriggerModeAvailable, 1, (int)) \
    FUNCTION(SetExposureTime, 1, (float)) \
    FUNCTION(SetAccumulationCycleTime, 1, (float)) \
    FUNCTION(SetNumberAccumulations, 1, (int)) \
    FUNCTION(SetNumberKinetics, 1, (int)) \
    FUNCTION(SetKineticCycleTime, 1, (float)) \
    FUNCTION(SetNumberPrescans, 0, (int)) \
    FUNCTION(GetAcquisitionTimings, 1, (float *, float *, float *)) \
    FUNCTION(GetReadOutTime, 0, (float *)) \
    FUNCTION(GetKeepCleanTime, 0, (float *)) \
    FUNCTION(GetMaximumExposure, 0, (float *)) \
    FUNCTION(SetImage, 1, (int, int, int, int, int, int)) \
    FUNCTION(GetMaximumBinning, 0, (int, int, int *)) \
    FUNCTION(GetMinimumImageLength, 0, (int *)) \
    FUNCTION(SetSingleTrack, 0, (int, int)) \
    FUNCTION(SetMultiTrack, 0, (int, int, int, int *, int *)) \
    FUNCTION(SetRandomTracks, 0, (int, int *)) \
    FUNCTION(SetFVBHBin, 0, (int)) \
    FUNCTION(SetSingleTrackHBin, 0, (int)) \
    FUNCTION(SetMultiTrackHBin, 0, (int)) \
    FUNCTION(SetCustomTrackHBin, 0, (int)) \
    FUNCTION(SetMultiTrackHRange, 0, (int, int)) \
    FUNCTION(SetComplexImage, 0, (int, int *)) \
    FUNCTION(SetIsolatedCropMode, 0, (int, int, int, int, int)) \
    FUNCTION(SetIsolatedCropModeEx, 0, (int, int, int, int, int, int, int)) \
    FUNCTION(SetIsolatedCropModeType, 0, (int)) \
    FUNCTION(SetFrameTransferMode, 0, (int)) \
    FUNCTION(SetOverlapMode, 0, (int)) \
    FUNCTION(SetFastExtTrigger, 0, (int)) \
    FUNCTION(SetAdvancedTriggerModeState, 0, (int)) \
    FUNCTION(SetTriggerInvert, 0, (int)) \
    FUNCTION(SetTriggerLevel, 0, (float)) \
    FUNCTION(GetTriggerLevelRange, 0, (float *, float *)) \
    FUNCTION(SetExternalTriggerTermination, 0, (unsigned)) \
    FUNCTION(SetFastKineticsEx, 0, (int, int, float, int, int, int, int)) \
    FUNCTION(GetFKExposureTime, 0, (float *)) \
    FUNCTION(SetFKVShiftSpeed, 0, (int)) \
    FUNCTION(GetNumberFKVShiftSpeeds, 0, (int *)) \
    FUNCTION(GetFKVShiftSpeedF, 0, (int, float *)) \
    FUNCTION(SetRingExposureTimes, 0, (int, float *)) \
    FUNCTION(GetAdjustedRingExposureTimes, 0, (int, float *)) \
    FUNCTION(GetNumberRingExposureTimes, 0, (int *)) \
    FUNCTION(GetMaximumNumberRingExposureTimes, 0, (int *)) \
    FUNCTION(GetRingExposureRange, 0, (float *, float *)) \
    FUNCTION(GetNumberADChannels, 1, (int *)) \
    FUNCTION(SetADChannel, 1, (int)) \
    FUNCTION(GetBitDepth, 1, (int, int *)) \
    FUNCTION(GetNumberAmp, 1, (int *)) \
    FUNCTION(SetOutputAmplifier, 1, (int)) \
    FUNCTION(GetAmpDesc, 0, (int, char *, int)) \
    FUNCTION(IsAmplifierAvailable, 0, (int)) \
    FUNCTION(GetNumberHSSpeeds, 1, (int, int, int *)) \
    FUNCTION(GetHSSpeed, 1, (int, int, int, float *)) \
    FUNCTION(SetHSSpeed, 1, (int, int)) \
    FUNCTION(GetNumberVSSpeeds, 1, (int *)) \
    FUNCTION(GetVSSpeed, 1, (int, float *)) \
    FUNCTION(SetVSSpeed, 1, (int)) \
    FUNCTION(GetFastestRecommendedVSSpeed, 0, (int *, float *)) \
    FUNCTION(GetNumberVSAmplitudes, 0, (int *)) \
    FUNCTION(SetVSAmplitude, 0, (int)) \
    FUNCTION(GetVSAmplitudeString, 0, (int, char *)) \
    FUNCTION(GetNumberPreAmpGains, 1, (int *)) \
    FUNCTION(GetPreAmpGain, 1, (int, float *)) \
    FUNCTION(SetPreAmpGain, 1, (int)) \
    FUNCTION(IsPreAmpGainAvailable, 0, (int, int, int, int, int *)) \
    FUNCTION(GetPreAmpGainText, 0, (int, char *, int)) \
    FUNCTION(GetSensitivity, 0, (int, int, int, int, float *)) \
    FUNCTION(GetQE, 0, (char *, float, unsigned, float *)) \
    FUNCTION(SetBaselineClamp, 0, (int)) \
    FUNCTION(GetBaselineClamp, 0, (int *)) \
    FUNCTION(SetBaselineOffset, 0, (int)) \
    FUNCTION(SetHighCapacity, 0, (int)) \
    FUNCTION(SetImageFlip, 0, (int, int)) \
    FUNCTION(SetImageRotate, 0, (int)) \
    FUNCTION(SetCameraLinkMode, 0, (int)) \
    FUNCTION(SetDMAParameters, 0, (int, float)) \
    FUNCTION(SetEMGainMode, 0, (int)) \
    FUNCTION(GetEMGainRange, 0, (int *, int *)) \
    FUNCTION(SetEMCCDGain, 0, (int)) \
    FUNCTION(GetEMCCDGain, 0, (int *)) \
    FUNCTION(SetEMAdvanced, 0, (int)) \
    FUNCTION(GetEMAdvanced, 0, (int *)) \
    FUNCTION(GetTemperature, 1, (int *)) \
    FUNCTION(GetTemperatureF, 1, (float *)) \
    FUNCTION(SetTemperature, 1, (int)) \
    FUNCTION(GetTemperatureRange, 1, (int *, int *)) \
    FUNCTION(CoolerON, 1, (void)) \
    FUNCTION(CoolerOFF, 1, (void)) \
    FUNCTION(IsCoolerOn, 1, (int *)) \
    FUNCTION(SetCoolerMode, 0, (int)) \
    FUNCTION(SetFanMode, 0, (int)) \
    FUNCTION(GetTECStatus, 0, (int *)) \
    FUNCTION(GetTemperaturePrecision, 0, (int *)) \
    FUNCTION(GetTemperatureStatus, 0, (float *, float *, float *, float *)) \
    FUNCTION(SetShutter, 1, (int, int, int, int)) \
    FUNCTION(SetShutterEx, 0, (int, int, int, int, int)) \
    FUNCTION(GetShutterMinTimes, 0, (int *, int *)) \
    FUNCTION(IsInternalMechanicalShutter, 0, (int *)) \
    FUNCTION(PrepareAcquisition, 0, (void)) \
    FUNCTION(StartAcquisition, 1, (void)) \
    FUNCTION(AbortAcquisition, 1, (void)) \
    FUNCTION(GetStatus, 1, (int *)) \
    FUNCTION(SendSoftwareTrigger, 0, (void)) \
    FUNCTION(WaitForAcquisition, 0, (void)) \
    FUNCTION(WaitForAcquisitionTimeOut, 1, (int)) \
    FUNCTION(WaitForAcquisitionByHandle, 0, (int)) \
    FUNCTION(WaitForAcquisitionByHandleTimeOut, 0, (long, int)) \
    FUNCTION(CancelWait, 0, (void)) \
    FUNCTION(GetNumberNewImages, 1, (int *, int *)) \
    FUNCTION(GetNumberAvailableImages, 0, (int *, int *)) \
    FUNCTION(GetOldestImage, 0, (int32_t *, unsigned)) \
    FUNCTION(GetOldestImage16, 1, (uint16_t *, unsigned)) \
    FUNCTION(GetMostRecentImage, 0, (int32_t *, unsigned)) \
    FUNCTION(GetMostRecentImage16, 0, (uint16_t *, unsigned)) \
    FUNCTION(GetImages, 0, (int, int, int32_t *, unsigned, int *, int *)) \
    FUNCTION(GetImages16, 1, (int, int, uint16_t *, unsigned, int *, int *)) \
    FUNCTION(GetAcquiredData, 0, (int32_t *, unsigned)) \
    FUNCTION(GetAcquiredData16, 0, (uint16_t *, unsigned)) \
    FUNCTION(GetAcquisitionProgress, 0, (int *, int *)) \
    FUNCTION(GetTotalNumberImagesAcquired, 0, (int *)) \
    FUNCTION(GetSizeOfCircularBuffer, 0, (int *)) \
    FUNCTION(FreeInternalMemory, 0, (void)) \
    FUNCTION(SetMetaData, 0, (int)) \
    FUNCTION(GetMetaDataInfo, 0, (AndorSystemTime *, float *, unsigned)) \
    FUNCTION(GetRelativeImageTimes, 0, (unsigned, unsigned, uint64_t *, unsigned)) \
    FUNCTION(SetCountConvertMode, 0, (int)) \
    FUNCTION(SetCountConvertWavelength, 0, (float)) \
    FUNCTION(GetCountConvertWavelengthRange, 0, (float *, float *)) \
    FUNCTION(IsCountConvertModeAvailable, 0, (int)) \
    FUNCTION(InAuxPort, 0, (int, int *)) \
    FUNCTION(OutAuxPort, 0, (int, int)) \
    FUNCTION(GetNumberIO, 0, (int *)) \
    FUNCTION(SetIODirection, 0, (int, int)) \
    FUNCTION(SetIOLevel, 0, (int, int)) \
    FUNCTION(GetIOLevel, 0, (int, int *)) \
    FUNCTION(SetDACOutput, 0, (int, int, int))
