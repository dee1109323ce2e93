// Part of daqd
// SPDX-License-Identifier: MIT
//
// Setting an acquisition up, and the timing that follows from it.

#include "simulator.h"
#include <math.h>
#include <string.h>

// MARK: - Arithmetic

static double mhz(const Camera *c) {
    const Setup *s = &c->setup;
    double speed = s->amplifier == 0 ? c->model.em_mhz[s->em_speed] : c->model.conventional_mhz[s->conventional_speed];
    return speed * 1e6;
}

static double shift_seconds(const Camera *c) { return c->model.vs_us[c->setup.vs_speed] * 1e-6; }

/// The time to move the whole image under the mask.
double sim_shift(const Camera *c) {
    return c->model.height * shift_seconds(c);
}

/// Width and height of an image; `false` where the binning does not divide the region.
bool sim_shape(const Camera *c, int *nx, int *ny) {
    const Setup *s = &c->setup;
    *nx = c->model.width;
    *ny = 1;
    switch (s->read_mode) {
    case 0: *nx = c->model.width / s->track_bin; return c->model.width % s->track_bin == 0;
    case 1: case 2: *ny = s->tracks > 0 ? s->tracks : 1; *nx = c->model.width / s->track_bin; return true;
    case 3: *nx = c->model.width / s->track_bin; return c->model.width % s->track_bin == 0;
    default: break;
    }
    if (s->crop) {
        *nx = s->crop_width / s->crop_hbin;
        *ny = s->crop_height / s->crop_vbin;
        return s->crop_width % s->crop_hbin == 0 && s->crop_height % s->crop_vbin == 0;
    }
    int width = s->h2 - s->h1 + 1, height = s->v2 - s->v1 + 1;
    *nx = width / s->hbin;
    *ny = height / s->vbin;
    return width % s->hbin == 0 && height % s->vbin == 0;
}

/// Digitised pixels of a row, from the sensor's or the crop's whole width.
static double row_pixels(const Camera *c) {
    const Setup *s = &c->setup;
    if (s->read_mode != 4) return c->model.width / (double)s->track_bin;
    return s->crop ? s->crop_width / (double)s->crop_hbin : c->model.width / (double)s->hbin;
}

double sim_readout(const Camera *c) {
    const Setup *s = &c->setup;
    int nx, ny;
    sim_shape(c, &nx, &ny);
    double shift = shift_seconds(c), digitise = (row_pixels(c) + 66) / mhz(c);
    int sensor = s->crop ? s->crop_height : c->model.height;
    return sim_shift(c) + ny * digitise + sensor * shift;
}

static double shutter_seconds(const Setup *s) {
    return s->shutter_mode == 0 ? (s->shutter_opening + s->shutter_closing) * 1e-3 : 0;
}

/// What the camera makes of exposure, accumulation and kinetic cycle.
void sim_timings(const Camera *c, double *exposure, double *accumulate, double *kinetic) {
    const Setup *s = &c->setup;
    double readout = sim_readout(c), shift = sim_shift(c), least = 1e-5;
    if (s->shutter_mode == 0 && s->shutter_opening > 0) least = (s->shutter_opening + 1) * 1e-3;
    bool transfer = s->frame_transfer && s->acquisition_mode != 1 && s->acquisition_mode != 4;
    if (transfer && readout > least) least = readout;
    double asked = s->exposure > least ? s->exposure : least;
    *exposure = ceil(asked / 1e-5 - 1e-4) * 1e-5;
    double cycle = transfer ? *exposure + shift : *exposure + readout + shift + shutter_seconds(s);
    *accumulate = s->accumulate_cycle > cycle ? s->accumulate_cycle : cycle;
    double scan = s->acquisition_mode == 3 || s->acquisition_mode == 2 ? *accumulate * s->accumulations : cycle;
    *kinetic = s->kinetic_cycle > scan && s->acquisition_mode != 2 ? s->kinetic_cycle : scan;
    if (s->acquisition_mode == 1) *kinetic = *accumulate = cycle;
    if (s->acquisition_mode == 4) *kinetic = s->exposure + s->fk_rows * c->model.vs_us[s->fk_speed] * 1e-6;
}

// MARK: - Modes and times

static bool mode_available(const Camera *c, int mode) {
    uint32_t bits = c->model.capabilities.trigger_modes;
    switch (mode) {
    case 0: return bits & 1;
    case 1: return bits & 2;
    case 6: return bits & 16;
    case 7: return bits & 32;
    case 9: return bits & 4;
    case 10: return bits & 8 && c->setup.read_mode == 4 && c->setup.acquisition_mode == 5;
    case 12: return bits & 0x80;
    default: return false;
    }
}

unsigned SetAcquisitionMode(int mode) {
    BEGIN(WHEN_IDLE, "%d", mode);
    REQUIRE(mode >= 1 && mode <= 5, P1INVALID);
    c->setup.acquisition_mode = mode;
    END(SUCCESS);
}

unsigned SetReadMode(int mode) {
    BEGIN(WHEN_IDLE, "%d", mode);
    REQUIRE(mode >= 0 && mode <= 4, P1INVALID);
    c->setup.read_mode = mode;
    END(SUCCESS);
}

unsigned SetTriggerMode(int mode) {
    BEGIN(WHEN_IDLE, "%d", mode);
    REQUIRE(mode == 10 ? c->model.capabilities.trigger_modes & 8 : mode_available(c, mode), P1INVALID);
    c->setup.trigger_mode = mode;
    END(SUCCESS);
}

unsigned IsTriggerModeAvailable(int mode) {
    BEGIN(FOR_CAMERA, "%d", mode);
    END(mode_available(c, mode) ? SUCCESS : INVALID_MODE);
}

/// The one setter that a software-triggered run accepts in between.
unsigned SetExposureTime(float seconds) {
    BEGIN(FOR_CAMERA, "%g", (double)seconds);
    REQUIRE(!c->run.running || c->setup.trigger_mode == 10 || c->setup.trigger_mode == 1, ACQUIRING);
    REQUIRE(seconds >= 0 && seconds < 1e6f, P1INVALID);
    c->setup.exposure = seconds;
    if (c->run.running) {
        double exposure, accumulate, kinetic;
        sim_timings(c, &exposure, &accumulate, &kinetic);
        c->run.exposure = (int64_t)(exposure * 1e9);
    }
    END(SUCCESS);
}

unsigned SetAccumulationCycleTime(float seconds) {
    BEGIN(WHEN_IDLE, "%g", (double)seconds);
    REQUIRE(seconds >= 0 && seconds < 1e6f, P1INVALID);
    c->setup.accumulate_cycle = seconds;
    END(SUCCESS);
}

unsigned SetNumberAccumulations(int number) {
    BEGIN(WHEN_IDLE, "%d", number);
    REQUIRE(number >= 1, P1INVALID);
    c->setup.accumulations = number;
    END(SUCCESS);
}

unsigned SetNumberKinetics(int number) {
    BEGIN(WHEN_IDLE, "%d", number);
    REQUIRE(number >= 1, P1INVALID);
    c->setup.kinetics = number;
    END(SUCCESS);
}

unsigned SetKineticCycleTime(float seconds) {
    BEGIN(WHEN_IDLE, "%g", (double)seconds);
    REQUIRE(seconds >= 0 && seconds < 1e6f, P1INVALID);
    c->setup.kinetic_cycle = seconds;
    END(SUCCESS);
}

unsigned SetNumberPrescans(int number) {
    BEGIN(WHEN_IDLE, "%d", number);
    REQUIRE(number >= 0, P1INVALID);
    END(NOT_AVAILABLE);
}

unsigned GetAcquisitionTimings(float *exposure, float *accumulate, float *kinetic) {
    BEGIN(FOR_CAMERA, "");
    REQUIRE(exposure, P1INVALID);
    REQUIRE(accumulate, P2INVALID);
    REQUIRE(kinetic, P3INVALID);
    int nx, ny;
    REQUIRE(sim_shape(c, &nx, &ny), INVALID_MODE);
    double e, a, k;
    sim_timings(c, &e, &a, &k);
    *exposure = (float)e;
    *accumulate = (float)a;
    *kinetic = (float)k;
    END(SUCCESS);
}

unsigned GetReadOutTime(float *seconds) {
    BEGIN(FOR_CAMERA, "");
    END(sim_tell_float(seconds, sim_readout(c)));
}

unsigned GetKeepCleanTime(float *seconds) {
    BEGIN(FOR_CAMERA, "");
    END(sim_tell_float(seconds, sim_shift(c)));
}

unsigned GetMaximumExposure(float *seconds) {
    BEGIN(FOR_CAMERA, "");
    END(sim_tell_float(seconds, 10737.41797));
}

// MARK: - Regions

unsigned SetImage(int hbin, int vbin, int h1, int h2, int v1, int v2) {
    BEGIN(WHEN_IDLE, "%d,%d,%d,%d,%d,%d", hbin, vbin, h1, h2, v1, v2);
    REQUIRE(hbin >= 1 && hbin <= c->model.width, P1INVALID);
    REQUIRE(vbin >= 1 && vbin <= c->model.height, P2INVALID);
    REQUIRE(h1 >= 1 && h1 <= c->model.width, P3INVALID);
    REQUIRE(h2 >= h1 && h2 <= c->model.width, P4INVALID);
    REQUIRE(v1 >= 1 && v1 <= c->model.height, P5INVALID);
    REQUIRE(v2 >= v1 && v2 <= c->model.height, P6INVALID);
    Setup *s = &c->setup;
    s->hbin = hbin; s->vbin = vbin; s->h1 = h1; s->h2 = h2; s->v1 = v1; s->v2 = v2;
    END(SUCCESS);
}

unsigned GetMaximumBinning(int read_mode, int direction, int *binning) {
    BEGIN(FOR_CAMERA, "%d,%d", read_mode, direction);
    REQUIRE(read_mode >= 0 && read_mode <= 4, P1INVALID);
    REQUIRE(direction == 0 || direction == 1, P2INVALID);
    REQUIRE(binning, P3INVALID);
    *binning = direction == 0 ? c->model.width : c->model.height;
    END(SUCCESS);
}

unsigned GetMinimumImageLength(int *length) {
    BEGIN(FOR_CAMERA, "");
    END(sim_tell(length, 1));
}

unsigned SetSingleTrack(int centre, int height) {
    BEGIN(WHEN_IDLE, "%d,%d", centre, height);
    REQUIRE(centre >= 1 && centre <= c->model.height, P1INVALID);
    int64_t bottom = (int64_t)centre - height / 2;
    REQUIRE(height >= 1 && bottom >= 1 && bottom + height - 1 <= c->model.height, P2INVALID);
    c->setup.track_centre = centre;
    c->setup.track_height = height;
    END(SUCCESS);
}

unsigned SetMultiTrack(int number, int height, int offset, int *bottom, int *gap) {
    BEGIN(WHEN_IDLE, "%d,%d,%d", number, height, offset);
    REQUIRE(number >= 1 && number <= MAX_TRACKS, P1INVALID);
    REQUIRE(height >= 1 && height <= c->model.height / number, P2INVALID);
    int room = c->model.height / number - height;
    REQUIRE(offset >= -room / 2 && offset <= room / 2 + 1, P3INVALID);
    REQUIRE(bottom, P4INVALID);
    REQUIRE(gap, P5INVALID);
    *gap = room;
    *bottom = 1 + room / 2 + offset;
    Setup *s = &c->setup;
    s->tracks = number;
    s->track_height = height;
    for (int i = 0; i < number; i++) {
        s->pairs[2 * i] = *bottom + i * (height + room);
        s->pairs[2 * i + 1] = s->pairs[2 * i] + height - 1;
        if (s->pairs[2 * i + 1] > c->model.height) s->pairs[2 * i + 1] = c->model.height;
    }
    END(SUCCESS);
}

unsigned SetRandomTracks(int number, int *areas) {
    BEGIN(WHEN_IDLE, "%d", number);
    REQUIRE(number >= 1 && number <= MAX_TRACKS, P1INVALID);
    REQUIRE(areas, P2INVALID);
    for (int i = 0; i < 2 * number; i++) {
        bool ordered = i == 0 || (i % 2 ? areas[i] >= areas[i - 1] : areas[i] > areas[i - 1]);
        REQUIRE(areas[i] >= 1 && areas[i] <= c->model.height && ordered, RANDOM_TRACK_ERROR);
    }
    c->setup.tracks = number;
    memcpy(c->setup.pairs, areas, sizeof *areas * 2 * (size_t)number);
    END(SUCCESS);
}

/// One binning for all modes that read no image.
static unsigned bin_tracks(Camera *c, int bin) {
    if (bin < 1 || bin > c->model.width) return P1INVALID;
    c->setup.track_bin = bin;
    return SUCCESS;
}

unsigned SetFVBHBin(int bin) {
    BEGIN(WHEN_IDLE, "%d", bin);
    END(bin_tracks(c, bin));
}

unsigned SetSingleTrackHBin(int bin) {
    BEGIN(WHEN_IDLE, "%d", bin);
    END(bin_tracks(c, bin));
}

unsigned SetMultiTrackHBin(int bin) {
    BEGIN(WHEN_IDLE, "%d", bin);
    END(bin_tracks(c, bin));
}

unsigned SetCustomTrackHBin(int bin) {
    BEGIN(WHEN_IDLE, "%d", bin);
    END(bin_tracks(c, bin));
}

unsigned SetMultiTrackHRange(int first, int last) {
    BEGIN(WHEN_IDLE, "%d,%d", first, last);
    REQUIRE(c->model.capabilities.set_functions & 0x2000, NOT_AVAILABLE);
    REQUIRE(first >= 1 && first <= c->model.width, P1INVALID);
    END(last >= first && last <= c->model.width ? SUCCESS : P2INVALID);
}

/// Areas of different sizes are read by no camera that the stand-in plays.
unsigned SetComplexImage(int number, int *areas) {
    BEGIN(WHEN_IDLE, "%d", number);
    REQUIRE(number >= 1 && number <= MAX_TRACKS, P1INVALID);
    REQUIRE(areas, P2INVALID);
    END(NOT_AVAILABLE);
}

static unsigned crop(Camera *c, int active, int height, int width, int vbin, int hbin, int left, int bottom) {
    if (!(c->model.capabilities.set_functions & 0x400)) return NOT_AVAILABLE;
    if (active != 0 && active != 1) return P1INVALID;
    if (height < 1 || height > c->model.height - bottom + 1) return P2INVALID;
    if (width < 1 || width > c->model.width - left + 1) return P3INVALID;
    if (vbin < 1 || vbin > height) return P4INVALID;
    if (hbin < 1 || hbin > width) return P5INVALID;
    Setup *s = &c->setup;
    s->crop = active;
    s->crop_height = height; s->crop_width = width; s->crop_vbin = vbin; s->crop_hbin = hbin;
    s->crop_left = left; s->crop_bottom = bottom;
    return SUCCESS;
}

unsigned SetIsolatedCropMode(int active, int height, int width, int vbin, int hbin) {
    BEGIN(WHEN_IDLE, "%d,%d,%d,%d,%d", active, height, width, vbin, hbin);
    END(crop(c, active, height, width, vbin, hbin, 1, 1));
}

unsigned SetIsolatedCropModeEx(int active, int height, int width, int vbin, int hbin, int left, int bottom) {
    BEGIN(WHEN_IDLE, "%d,%d,%d,%d,%d,%d,%d", active, height, width, vbin, hbin, left, bottom);
    REQUIRE(left >= 1 && left <= c->model.width, P6INVALID);
    REQUIRE(bottom >= 1 && bottom <= c->model.height, P7INVALID);
    END(crop(c, active, height, width, vbin, hbin, left, bottom));
}

unsigned SetIsolatedCropModeType(int type) {
    BEGIN(WHEN_IDLE, "%d", type);
    REQUIRE(c->model.capabilities.set_functions & 0x80000000u, NOT_AVAILABLE);
    END(type == 0 || type == 1 ? SUCCESS : P1INVALID);
}

// MARK: - Triggers

unsigned SetFrameTransferMode(int mode) {
    BEGIN(WHEN_IDLE, "%d", mode);
    REQUIRE(c->model.capabilities.frame_transfer_read_modes, NOT_AVAILABLE);
    REQUIRE(mode == 0 || mode == 1, P1INVALID);
    c->setup.frame_transfer = mode;
    END(SUCCESS);
}

unsigned SetOverlapMode(int mode) {
    BEGIN(WHEN_IDLE, "%d", mode);
    REQUIRE(mode == 0 || mode == 1, P1INVALID);
    END(mode == 0 ? SUCCESS : NOT_AVAILABLE);
}

unsigned SetFastExtTrigger(int mode) {
    BEGIN(WHEN_IDLE, "%d", mode);
    END(mode == 0 || mode == 1 ? SUCCESS : P1INVALID);
}

unsigned SetAdvancedTriggerModeState(int mode) {
    BEGIN(WHEN_IDLE, "%d", mode);
    END(mode == 0 || mode == 1 ? SUCCESS : P1INVALID);
}

unsigned SetTriggerInvert(int mode) {
    BEGIN(WHEN_IDLE, "%d", mode);
    REQUIRE(mode == 0 || mode == 1, P1INVALID);
    END(mode == 0 || c->model.capabilities.trigger_modes & 0x40 ? SUCCESS : NOT_AVAILABLE);
}

unsigned SetTriggerLevel(float volts) {
    BEGIN(WHEN_IDLE, "%g", (double)volts);
    END(volts >= 0 && volts <= 5 ? SUCCESS : P1INVALID);
}

unsigned GetTriggerLevelRange(float *lowest, float *highest) {
    BEGIN(FOR_CAMERA, "");
    REQUIRE(lowest, P1INVALID);
    REQUIRE(highest, P2INVALID);
    *lowest = 0;
    *highest = 5;
    END(SUCCESS);
}

unsigned SetExternalTriggerTermination(unsigned termination) {
    BEGIN(WHEN_IDLE, "%u", termination);
    END(termination <= 1 ? NOT_SUPPORTED : P1INVALID);
}
