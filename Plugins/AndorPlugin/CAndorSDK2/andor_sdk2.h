// Part of daqd
// SPDX-License-Identifier: MIT
//
// The C interface of Andor's SDK2 on 64-bit Linux, as far as this project uses it: every function returns a status (20002 is
// success), at_32 is int, pixels are 16 or 32 bits. Written from the functions' documented signatures; the vendor's header is not needed.

#ifndef DAQD_ANDOR_SDK2_H
#define DAQD_ANDOR_SDK2_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// What a camera can do; `size` is set to the structure's size before the call.
typedef struct {
    uint32_t size;
    uint32_t acquisition_modes;
    uint32_t read_modes;
    uint32_t trigger_modes;
    uint32_t camera_type;
    uint32_t pixel_mode;
    uint32_t set_functions;
    uint32_t get_functions;
    uint32_t features;
    uint32_t pci_card;
    uint32_t em_gain;
    uint32_t frame_transfer_read_modes;
    uint32_t features2;
} AndorCapabilities;

/// A date and time of day, eight 16-bit words.
typedef struct {
    uint16_t year, month, day_of_week, day, hour, minute, second, milliseconds;
} AndorSystemTime;

// System
unsigned GetAvailableCameras(int *count);
unsigned GetCameraHandle(int index, int *handle);
unsigned SetCurrentCamera(int handle);
unsigned GetCurrentCamera(int *handle);
unsigned Initialize(char *directory);
unsigned ShutDown(void);
unsigned GetVersionInfo(int id, char *text, unsigned length);
unsigned GetSoftwareVersion(unsigned *eprom, unsigned *cof, unsigned *vxd_revision, unsigned *vxd, unsigned *dll_revision, unsigned *dll);
unsigned GetHardwareVersion(unsigned *pcb, unsigned *decode, unsigned *dummy1, unsigned *dummy2, unsigned *firmware, unsigned *build);

// Identity
unsigned GetCameraSerialNumber(int *number);
unsigned GetHeadModel(char *name);
unsigned GetControllerCardModel(char *name);
unsigned GetDetector(int *x, int *y);
unsigned GetPixelSize(float *x, float *y);
unsigned GetCapabilities(AndorCapabilities *capabilities);

// Setting an acquisition up
unsigned SetAcquisitionMode(int mode);
unsigned SetReadMode(int mode);
unsigned SetTriggerMode(int mode);
unsigned IsTriggerModeAvailable(int mode);
unsigned SetExposureTime(float seconds);
unsigned SetAccumulationCycleTime(float seconds);
unsigned SetNumberAccumulations(int number);
unsigned SetNumberKinetics(int number);
unsigned SetKineticCycleTime(float seconds);
unsigned SetNumberPrescans(int number);
unsigned GetAcquisitionTimings(float *exposure, float *accumulate, float *kinetic);
unsigned GetReadOutTime(float *seconds);
unsigned GetKeepCleanTime(float *seconds);
unsigned GetMaximumExposure(float *seconds);
unsigned SetImage(int hbin, int vbin, int hstart, int hend, int vstart, int vend);
unsigned GetMaximumBinning(int read_mode, int direction, int *binning);
unsigned GetMinimumImageLength(int *length);
unsigned SetSingleTrack(int centre, int height);
unsigned SetMultiTrack(int number, int height, int offset, int *bottom, int *gap);
unsigned SetRandomTracks(int number, int *areas);
unsigned SetFVBHBin(int bin);
unsigned SetSingleTrackHBin(int bin);
unsigned SetMultiTrackHBin(int bin);
unsigned SetCustomTrackHBin(int bin);
unsigned SetMultiTrackHRange(int first, int last);
unsigned SetComplexImage(int number, int *areas);
unsigned SetIsolatedCropMode(int active, int height, int width, int vbin, int hbin);
unsigned SetIsolatedCropModeEx(int active, int height, int width, int vbin, int hbin, int left, int bottom);
unsigned SetIsolatedCropModeType(int type);
unsigned SetFrameTransferMode(int mode);
unsigned SetOverlapMode(int mode);
unsigned SetFastExtTrigger(int mode);
unsigned SetAdvancedTriggerModeState(int mode);
unsigned SetTriggerInvert(int mode);
unsigned SetTriggerLevel(float volts);
unsigned GetTriggerLevelRange(float *lowest, float *highest);
unsigned SetExternalTriggerTermination(unsigned termination);
unsigned SetFastKineticsEx(int rows, int number, float seconds, int mode, int hbin, int vbin, int offset);
unsigned GetFKExposureTime(float *seconds);
unsigned SetFKVShiftSpeed(int index);
unsigned GetNumberFKVShiftSpeeds(int *number);
unsigned GetFKVShiftSpeedF(int index, float *microseconds);
unsigned SetRingExposureTimes(int number, float *seconds);
unsigned GetAdjustedRingExposureTimes(int number, float *seconds);
unsigned GetNumberRingExposureTimes(int *number);
unsigned GetMaximumNumberRingExposureTimes(int *number);
unsigned GetRingExposureRange(float *low, float *high);

// Readout chain
unsigned GetNumberADChannels(int *number);
unsigned SetADChannel(int channel);
unsigned GetBitDepth(int channel, int *bits);
unsigned GetNumberAmp(int *number);
unsigned SetOutputAmplifier(int type);
unsigned GetAmpDesc(int index, char *text, int length);
unsigned IsAmplifierAvailable(int index);
unsigned GetNumberHSSpeeds(int channel, int type, int *number);
unsigned GetHSSpeed(int channel, int type, int index, float *megahertz);
unsigned SetHSSpeed(int type, int index);
unsigned GetNumberVSSpeeds(int *number);
unsigned GetVSSpeed(int index, float *microseconds);
unsigned SetVSSpeed(int index);
unsigned GetFastestRecommendedVSSpeed(int *index, float *microseconds);
unsigned GetNumberVSAmplitudes(int *number);
unsigned SetVSAmplitude(int index);
unsigned GetVSAmplitudeString(int index, char *text);
unsigned GetNumberPreAmpGains(int *number);
unsigned GetPreAmpGain(int index, float *factor);
unsigned SetPreAmpGain(int index);
unsigned IsPreAmpGainAvailable(int channel, int amplifier, int speed, int gain, int *available);
unsigned GetPreAmpGainText(int index, char *text, int length);
unsigned GetSensitivity(int channel, int speed, int amplifier, int gain, float *sensitivity);
unsigned SetBaselineClamp(int active);
unsigned GetBaselineClamp(int *active);
unsigned SetBaselineOffset(int offset);
unsigned SetHighCapacity(int active);
unsigned SetCameraLinkMode(int mode);
unsigned SetDMAParameters(int most, float seconds);
unsigned SetImageFlip(int horizontal, int vertical);
unsigned SetImageRotate(int rotation);

// EM gain
unsigned SetEMGainMode(int mode);
unsigned GetEMGainRange(int *low, int *high);
unsigned SetEMCCDGain(int gain);
unsigned GetEMCCDGain(int *gain);
unsigned SetEMAdvanced(int active);
unsigned GetEMAdvanced(int *active);

// Temperature: the status of the regulation is the result of the call
unsigned GetTemperature(int *celsius);
unsigned GetTemperatureF(float *celsius);
unsigned SetTemperature(int celsius);
unsigned GetTemperatureRange(int *lowest, int *highest);
unsigned CoolerON(void);
unsigned CoolerOFF(void);
unsigned IsCoolerOn(int *active);
unsigned SetCoolerMode(int keep);
unsigned SetFanMode(int mode);
unsigned GetTECStatus(int *tripped);
unsigned GetTemperaturePrecision(int *digits);
unsigned GetTemperatureStatus(float *sensor, float *target, float *ambient, float *volts);

// Shutter
unsigned SetShutter(int type, int mode, int closing, int opening);
unsigned SetShutterEx(int type, int mode, int closing, int opening, int external);
unsigned GetShutterMinTimes(int *closing, int *opening);
unsigned IsInternalMechanicalShutter(int *internal);

// Running
unsigned PrepareAcquisition(void);
unsigned StartAcquisition(void);
unsigned AbortAcquisition(void);
unsigned GetStatus(int *status);
unsigned SendSoftwareTrigger(void);
unsigned WaitForAcquisition(void);
unsigned WaitForAcquisitionTimeOut(int milliseconds);
unsigned WaitForAcquisitionByHandle(int handle);
unsigned WaitForAcquisitionByHandleTimeOut(long handle, int milliseconds);
unsigned CancelWait(void);

// Data
unsigned GetNumberNewImages(int *first, int *last);
unsigned GetNumberAvailableImages(int *first, int *last);
unsigned GetOldestImage(int32_t *pixels, unsigned size);
unsigned GetOldestImage16(uint16_t *pixels, unsigned size);
unsigned GetMostRecentImage(int32_t *pixels, unsigned size);
unsigned GetMostRecentImage16(uint16_t *pixels, unsigned size);
unsigned GetImages(int first, int last, int32_t *pixels, unsigned size, int *valid_first, int *valid_last);
unsigned GetImages16(int first, int last, uint16_t *pixels, unsigned size, int *valid_first, int *valid_last);
unsigned GetAcquiredData(int32_t *pixels, unsigned size);
unsigned GetAcquiredData16(uint16_t *pixels, unsigned size);
unsigned GetAcquisitionProgress(int *accumulations, int *series);
unsigned GetTotalNumberImagesAcquired(int *number);
unsigned GetSizeOfCircularBuffer(int *images);
unsigned FreeInternalMemory(void);

// Time
unsigned SetMetaData(int active);
unsigned GetMetaDataInfo(AndorSystemTime *start, float *milliseconds, unsigned index);
unsigned GetRelativeImageTimes(unsigned first, unsigned last, uint64_t *nanoseconds, unsigned size);

// Processing
unsigned SetCountConvertMode(int mode);
unsigned SetCountConvertWavelength(float nanometres);
unsigned GetCountConvertWavelengthRange(float *lowest, float *highest);
unsigned IsCountConvertModeAvailable(int mode);

unsigned GetQE(char *sensor, float nanometres, unsigned mode, float *percent);

// Lines
unsigned InAuxPort(int port, int *state);
unsigned OutAuxPort(int port, int state);
unsigned GetNumberIO(int *number);
unsigned SetDACOutput(int output, int resolution, int value);
unsigned SetIODirection(int index, int direction);
unsigned SetIOLevel(int index, int level);
unsigned GetIOLevel(int index, int *level);

#ifdef __cplusplus
}
#endif

#endif
