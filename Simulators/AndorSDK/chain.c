// Part of daqd
// SPDX-License-Identifier: MIT
//
// The way from the sensor to the number: converters, amplifiers, speeds, gains.

#include "simulator.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static int speeds(const Camera *c, int type) { return type == 0 ? c->model.em_speeds : c->model.conventional_speeds; }
static int amplifiers(const Camera *c) { return c->model.em_speeds ? 2 : 1; }
/// A camera without an EM register has its one amplifier as type 0.
static int type_of(const Camera *c, int type) { return c->model.em_speeds ? type : type + 1; }

// MARK: - Converters and amplifiers

unsigned GetNumberADChannels(int *number) {
    BEGIN(FOR_CAMERA, "");
    END(sim_tell(number, 1));
}

unsigned SetADChannel(int channel) {
    BEGIN(WHEN_IDLE, "%d", channel);
    END(sim_choose(channel, 1, &c->setup.channel));
}

unsigned GetBitDepth(int channel, int *bits) {
    BEGIN(FOR_CAMERA, "%d", channel);
    REQUIRE(channel == 0, P1INVALID);
    REQUIRE(bits, P2INVALID);
    *bits = 16;
    END(SUCCESS);
}

unsigned GetNumberAmp(int *number) {
    BEGIN(FOR_CAMERA, "");
    END(sim_tell(number, amplifiers(c)));
}

/// Changing the amplifier selects its fastest speed.
unsigned SetOutputAmplifier(int type) {
    BEGIN(WHEN_IDLE, "%d", type);
    REQUIRE(is_index(type, amplifiers(c)), P1INVALID);
    int amplifier = type_of(c, type);
    if (amplifier != c->setup.amplifier) c->setup.em_speed = c->setup.conventional_speed = 0;
    c->setup.amplifier = amplifier;
    END(SUCCESS);
}

unsigned GetAmpDesc(int index, char *text, int length) {
    BEGIN(FOR_CAMERA, "%d", index);
    REQUIRE(is_index(index, amplifiers(c)), P1INVALID);
    REQUIRE(text, P2INVALID);
    REQUIRE(length > 0, P3INVALID);
    snprintf(text, (size_t)length, "%s", type_of(c, index) == 0 ? "Electron Multiplying" : "Conventional");
    END(SUCCESS);
}

unsigned IsAmplifierAvailable(int index) {
    BEGIN(FOR_CAMERA, "%d", index);
    END(is_index(index, amplifiers(c)) ? SUCCESS : INVALID_AMPLIFIER);
}

unsigned GetNumberHSSpeeds(int channel, int type, int *number) {
    BEGIN(FOR_CAMERA, "%d,%d", channel, type);
    REQUIRE(channel == 0, P1INVALID);
    REQUIRE(is_index(type, amplifiers(c)), P2INVALID);
    REQUIRE(number, P3INVALID);
    *number = speeds(c, type_of(c, type));
    END(SUCCESS);
}

unsigned GetHSSpeed(int channel, int type, int index, float *megahertz) {
    BEGIN(FOR_CAMERA, "%d,%d,%d", channel, type, index);
    REQUIRE(channel == 0, P1INVALID);
    REQUIRE(is_index(type, amplifiers(c)), P2INVALID);
    int amplifier = type_of(c, type);
    REQUIRE(is_index(index, speeds(c, amplifier)), P3INVALID);
    REQUIRE(megahertz, P4INVALID);
    *megahertz = amplifier == 0 ? c->model.em_mhz[index] : c->model.conventional_mhz[index];
    END(SUCCESS);
}

unsigned SetHSSpeed(int type, int index) {
    BEGIN(WHEN_IDLE, "%d,%d", type, index);
    REQUIRE(is_index(type, amplifiers(c)), P1INVALID);
    int amplifier = type_of(c, type);
    REQUIRE(is_index(index, speeds(c, amplifier)), P2INVALID);
    if (amplifier == 0) c->setup.em_speed = index; else c->setup.conventional_speed = index;
    END(SUCCESS);
}

unsigned GetNumberVSSpeeds(int *number) {
    BEGIN(FOR_CAMERA, "");
    END(sim_tell(number, c->model.vs_speeds));
}

unsigned GetVSSpeed(int index, float *microseconds) {
    BEGIN(FOR_CAMERA, "%d", index);
    END(sim_tell_entry(index, c->model.vs_us, c->model.vs_speeds, microseconds));
}

unsigned SetVSSpeed(int index) {
    BEGIN(WHEN_IDLE, "%d", index);
    END(sim_choose(index, c->model.vs_speeds, &c->setup.vs_speed));
}

unsigned GetFastestRecommendedVSSpeed(int *index, float *microseconds) {
    BEGIN(FOR_CAMERA, "");
    REQUIRE(c->model.recommends_vs, NOT_SUPPORTED);
    REQUIRE(index, P1INVALID);
    REQUIRE(microseconds, P2INVALID);
    *index = c->model.vs_speeds > 1 ? 1 : 0;
    *microseconds = c->model.vs_us[*index];
    END(SUCCESS);
}

static bool has_amplitude(const Camera *c) { return c->model.capabilities.set_functions & 0x40; }

unsigned GetNumberVSAmplitudes(int *number) {
    BEGIN(FOR_CAMERA, "");
    REQUIRE(has_amplitude(c), NOT_AVAILABLE);
    END(sim_tell(number, 5));
}

unsigned SetVSAmplitude(int index) {
    BEGIN(WHEN_IDLE, "%d", index);
    REQUIRE(has_amplitude(c), NOT_AVAILABLE);
    END(sim_choose(index, 5, &c->setup.vs_amplitude));
}

unsigned GetVSAmplitudeString(int index, char *text) {
    BEGIN(FOR_CAMERA, "%d", index);
    REQUIRE(has_amplitude(c), NOT_AVAILABLE);
    REQUIRE(is_index(index, 5), P1INVALID);
    REQUIRE(text, P2INVALID);
    if (index == 0) strcpy(text, "Normal"); else sprintf(text, "+%d", index);
    END(SUCCESS);
}

unsigned GetNumberPreAmpGains(int *number) {
    BEGIN(FOR_CAMERA, "");
    END(sim_tell(number, c->model.gains));
}

unsigned GetPreAmpGain(int index, float *factor) {
    BEGIN(FOR_CAMERA, "%d", index);
    END(sim_tell_entry(index, c->model.gain, c->model.gains, factor));
}

unsigned SetPreAmpGain(int index) {
    BEGIN(WHEN_IDLE, "%d", index);
    END(sim_choose(index, c->model.gains, &c->setup.gain));
}

/// The highest gain is not there at the fastest speed of a camera with three or more.
unsigned IsPreAmpGainAvailable(int channel, int amplifier, int speed, int gain, int *available) {
    BEGIN(FOR_CAMERA, "%d,%d,%d,%d", channel, amplifier, speed, gain);
    REQUIRE(channel == 0, P1INVALID);
    REQUIRE(is_index(amplifier, amplifiers(c)), P2INVALID);
    REQUIRE(is_index(speed, speeds(c, type_of(c, amplifier))), P3INVALID);
    REQUIRE(is_index(gain, c->model.gains), P4INVALID);
    REQUIRE(available, P5INVALID);
    *available = !(speed == 0 && gain >= 2);
    END(SUCCESS);
}

unsigned GetPreAmpGainText(int index, char *text, int length) {
    BEGIN(FOR_CAMERA, "%d", index);
    REQUIRE(is_index(index, c->model.gains), P1INVALID);
    REQUIRE(text, P2INVALID);
    REQUIRE(length > 0, P3INVALID);
    snprintf(text, (size_t)length, "%.1fx", (double)c->model.gain[index]);
    END(SUCCESS);
}

unsigned GetSensitivity(int channel, int speed, int amplifier, int gain, float *sensitivity) {
    BEGIN(FOR_CAMERA, "%d,%d,%d,%d", channel, speed, amplifier, gain);
    REQUIRE(channel == 0, P1INVALID);
    // Which speeds there are depends on the amplifier; where that is wrong as well, a speed that no amplifier has comes first.
    bool known = is_index(amplifier, amplifiers(c));
    int most = c->model.em_speeds > c->model.conventional_speeds ? c->model.em_speeds : c->model.conventional_speeds;
    REQUIRE(is_index(speed, known ? speeds(c, type_of(c, amplifier)) : most), P2INVALID);
    REQUIRE(known, P3INVALID);
    REQUIRE(is_index(gain, c->model.gains), P4INVALID);
    REQUIRE(sensitivity, P5INVALID);
    *sensitivity = 16 / c->model.gain[gain];
    END(SUCCESS);
}

unsigned SetBaselineClamp(int active) {
    BEGIN(WHEN_IDLE, "%d", active);
    REQUIRE(c->model.capabilities.set_functions & 0x20, NOT_SUPPORTED);
    END(sim_turn(active, &c->setup.clamp));
}

unsigned GetBaselineClamp(int *active) {
    BEGIN(FOR_CAMERA, "");
    END(sim_tell(active, c->setup.clamp));
}

unsigned SetBaselineOffset(int offset) {
    BEGIN(WHEN_IDLE, "%d", offset);
    REQUIRE(c->model.capabilities.set_functions & 0x100, NOT_AVAILABLE);
    REQUIRE(offset >= -1000 && offset <= 1000 && offset % 100 == 0, P1INVALID);
    c->setup.baseline_offset = offset;
    END(SUCCESS);
}

unsigned SetHighCapacity(int active) {
    BEGIN(WHEN_IDLE, "%d", active);
    REQUIRE(active == 0 || active == 1, P1INVALID);
    END(active == 0 ? SUCCESS : NOT_AVAILABLE);
}

unsigned SetCameraLinkMode(int mode) {
    BEGIN(WHEN_IDLE, "%d", mode);
    REQUIRE(c->model.capabilities.features & 0x8000000, NOT_SUPPORTED);
    END(mode == 0 || mode == 1 ? SUCCESS : P1INVALID);
}

/// The stand-in has no DMA: every image is announced when it is complete.
unsigned SetDMAParameters(int most, float seconds) {
    BEGIN(WHEN_IDLE, "%d,%g", most, (double)seconds);
    REQUIRE(most >= 0, P1INVALID);
    REQUIRE(seconds >= 0, P2INVALID);
    END(SUCCESS);
}

unsigned SetImageFlip(int horizontal, int vertical) {
    BEGIN(WHEN_IDLE, "%d,%d", horizontal, vertical);
    REQUIRE(horizontal == 0 || horizontal == 1, P1INVALID);
    REQUIRE(vertical == 0 || vertical == 1, P2INVALID);
    c->setup.flip_h = horizontal;
    c->setup.flip_v = vertical;
    END(SUCCESS);
}

unsigned SetImageRotate(int rotation) {
    BEGIN(WHEN_IDLE, "%d", rotation);
    END(sim_choose(rotation, 3, &c->setup.rotation));
}

// MARK: - EM gain

/// The register multiplies less well when it is warm.
int sim_em_max(Camera *c) {
    if (c->setup.em_mode == 0) return 255;
    if (c->setup.em_mode == 1) return 4095;
    sim_cool(c);
    int most = c->setup.em_advanced ? 1000 : c->model.em_max;
    return c->cooling.sensor > 0 ? most / 3 : most;
}

/// How much the register multiplies: of the DAC's numbers the greatest is about 300.
double sim_em_factor(const Setup *s) {
    if (s->amplifier != 0) return 1;
    if (s->em_mode <= 1) return pow(300, s->em_gain / (s->em_mode == 0 ? 255.0 : 4095.0));
    return s->em_gain > 1 ? s->em_gain : 1;
}

unsigned SetEMGainMode(int mode) {
    BEGIN(WHEN_IDLE, "%d", mode);
    REQUIRE(c->model.em_speeds, NOT_AVAILABLE);
    END(sim_choose(mode, 4, &c->setup.em_mode));
}

unsigned GetEMGainRange(int *low, int *high) {
    BEGIN(FOR_CAMERA, "");
    REQUIRE(c->model.em_speeds, NOT_AVAILABLE);
    REQUIRE(low, P1INVALID);
    REQUIRE(high, P2INVALID);
    *low = c->setup.em_mode <= 1 ? 0 : 1;
    *high = sim_em_max(c);
    END(SUCCESS);
}

unsigned SetEMCCDGain(int gain) {
    BEGIN(WHEN_IDLE, "%d", gain);
    REQUIRE(c->model.em_speeds, NOT_AVAILABLE);
    REQUIRE(gain >= 0 && gain <= sim_em_max(c), P1INVALID);
    c->setup.em_gain = gain;
    END(SUCCESS);
}

unsigned GetEMCCDGain(int *gain) {
    BEGIN(FOR_CAMERA, "");
    REQUIRE(c->model.em_speeds, NOT_AVAILABLE);
    END(sim_tell(gain, c->setup.em_gain));
}

unsigned SetEMAdvanced(int active) {
    BEGIN(WHEN_IDLE, "%d", active);
    REQUIRE(c->model.capabilities.set_functions & 0x8000, NOT_AVAILABLE);
    END(sim_turn(active, &c->setup.em_advanced));
}

unsigned GetEMAdvanced(int *active) {
    BEGIN(FOR_CAMERA, "");
    REQUIRE(c->model.capabilities.set_functions & 0x8000, NOT_AVAILABLE);
    END(sim_tell(active, c->setup.em_advanced));
}

// MARK: - Count convert

/// The quantum efficiency of a back-illuminated sensor, highest in the green.
double sim_efficiency(double nanometres) {
    double distance = (nanometres - 580) / 380;
    return fmax(0.05, 0.95 - 0.9 * distance * distance);
}

unsigned GetQE(char *sensor, float nanometres, unsigned mode, float *percent) {
    BEGIN(FOR_LIBRARY, "%s,%g,%u", sensor ? sensor : "", (double)nanometres, mode);
    REQUIRE(sensor && *sensor, P1INVALID);
    REQUIRE(nanometres >= 200 && nanometres <= 1100, P2INVALID);
    REQUIRE(mode <= 1, P3INVALID);
    REQUIRE(percent, P4INVALID);
    *percent = (float)(100 * sim_efficiency(nanometres));
    END(SUCCESS);
}

/// Counts can be converted with the clamp on, no crop, a pre-amplifier above the lowest, and an EM gain of ten or the other amplifier.
static bool converts(const Camera *c) {
    const Setup *s = &c->setup;
    return s->clamp && !s->crop && s->gain > 0 && (s->amplifier != 0 || s->em_gain >= 10);
}

unsigned SetCountConvertMode(int mode) {
    BEGIN(WHEN_IDLE, "%d", mode);
    REQUIRE(c->model.count_convert, NOT_SUPPORTED);
    REQUIRE(mode >= 0 && mode <= 2, P1INVALID);
    REQUIRE(mode == 0 || converts(c), NOT_AVAILABLE);
    c->setup.count_mode = mode;
    END(SUCCESS);
}

unsigned SetCountConvertWavelength(float nanometres) {
    BEGIN(WHEN_IDLE, "%g", (double)nanometres);
    REQUIRE(c->model.count_convert, NOT_SUPPORTED);
    REQUIRE(nanometres >= 200 && nanometres <= 1100, P1INVALID);
    c->setup.wavelength = nanometres;
    END(SUCCESS);
}

unsigned GetCountConvertWavelengthRange(float *lowest, float *highest) {
    BEGIN(FOR_CAMERA, "");
    REQUIRE(c->model.count_convert, NOT_SUPPORTED);
    REQUIRE(lowest, P1INVALID);
    REQUIRE(highest, P2INVALID);
    *lowest = 200;
    *highest = 1100;
    END(SUCCESS);
}

unsigned IsCountConvertModeAvailable(int mode) {
    BEGIN(FOR_CAMERA, "%d", mode);
    REQUIRE(c->model.count_convert, NOT_SUPPORTED);
    REQUIRE(mode >= 0 && mode <= 2, P1INVALID);
    END(mode == 0 || converts(c) ? SUCCESS : INVALID_COUNTCONVERT);
}

// MARK: - Lines

unsigned InAuxPort(int port, int *state) {
    BEGIN(FOR_CAMERA, "%d", port);
    REQUIRE(port >= 1 && port <= 4, P1INVALID);
    REQUIRE(state, P2INVALID);
    *state = c->setup.aux_out >> port & 1;
    END(SUCCESS);
}

unsigned OutAuxPort(int port, int state) {
    BEGIN(FOR_CAMERA, "%d,%d", port, state);
    REQUIRE(port >= 1 && port <= 4, P1INVALID);
    c->setup.aux_out = with_bit(c->setup.aux_out, port, state);
    END(SUCCESS);
}

unsigned GetNumberIO(int *number) {
    BEGIN(FOR_CAMERA, "");
    END(sim_tell(number, c->model.capabilities.features & 0x10000 ? 4 : 0));
}

unsigned SetDACOutput(int output, int resolution, int value) {
    BEGIN(WHEN_IDLE, "%d,%d,%d", output, resolution, value);
    REQUIRE(c->model.capabilities.features & 0x4000, NOT_AVAILABLE);
    REQUIRE(output >= 1 && output <= 8, P1INVALID);
    REQUIRE(resolution >= 8 && resolution <= 16, P2INVALID);
    END(is_index(value, 1 << resolution) ? SUCCESS : P3INVALID);
}

unsigned SetIODirection(int index, int direction) {
    BEGIN(WHEN_IDLE, "%d,%d", index, direction);
    REQUIRE(is_index(index, 4), P1INVALID);
    REQUIRE(direction == 0 || direction == 1, P2INVALID);
    c->setup.io_direction = with_bit(c->setup.io_direction, index, direction);
    END(SUCCESS);
}

unsigned SetIOLevel(int index, int level) {
    BEGIN(FOR_CAMERA, "%d,%d", index, level);
    REQUIRE(is_index(index, 4), P1INVALID);
    REQUIRE(level == 0 || level == 1, P2INVALID);
    c->setup.io_level = with_bit(c->setup.io_level, index, level);
    END(SUCCESS);
}

unsigned GetIOLevel(int index, int *level) {
    BEGIN(FOR_CAMERA, "%d", index);
    REQUIRE(is_index(index, 4), P1INVALID);
    REQUIRE(level, P2INVALID);
    *level = c->setup.io_level >> index & 1;
    END(SUCCESS);
}
