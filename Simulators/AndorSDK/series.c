// Part of daqd
// SPDX-License-Identifier: MIT
//
// Series that are more than one exposure after the other: fast kinetics, and exposures that alternate.

#include "simulator.h"

// MARK: - Fast kinetics

unsigned SetFastKineticsEx(int rows, int number, float seconds, int mode, int hbin, int vbin, int offset) {
    BEGIN(WHEN_IDLE, "%d,%d,%g,%d,%d,%d,%d", rows, number, (double)seconds, mode, hbin, vbin, offset);
    REQUIRE(rows >= 1 && rows <= c->model.height, P1INVALID);
    REQUIRE(number >= 1 && number <= c->model.height / rows, P2INVALID);
    REQUIRE(seconds >= 0, P3INVALID);
    REQUIRE(mode == 0 || mode == 4, P4INVALID);
    REQUIRE(hbin >= 1 && c->model.width % hbin == 0, P5INVALID);
    REQUIRE(vbin >= 1 && rows % vbin == 0, P6INVALID);
    REQUIRE(offset >= 0 && offset <= c->model.height - rows, P7INVALID);
    Setup *s = &c->setup;
    s->fk_rows = rows;
    s->fk_images = number;
    s->exposure = seconds;
    s->read_mode = mode;
    if (mode == 4) { s->hbin = hbin; s->vbin = vbin; s->h1 = 1; s->h2 = c->model.width; s->v1 = offset + 1; s->v2 = offset + rows; }
    else s->track_bin = hbin;
    END(SUCCESS);
}

unsigned GetFKExposureTime(float *seconds) {
    BEGIN(FOR_CAMERA, "");
    END(sim_tell_float(seconds, c->setup.exposure));
}

unsigned SetFKVShiftSpeed(int index) {
    BEGIN(WHEN_IDLE, "%d", index);
    END(sim_choose(index, c->model.vs_speeds, &c->setup.fk_speed));
}

unsigned GetNumberFKVShiftSpeeds(int *number) {
    BEGIN(FOR_CAMERA, "");
    END(sim_tell(number, c->model.vs_speeds));
}

unsigned GetFKVShiftSpeedF(int index, float *microseconds) {
    BEGIN(FOR_CAMERA, "%d", index);
    END(sim_tell_entry(index, c->model.vs_us, c->model.vs_speeds, microseconds));
}

// MARK: - A ring of exposures

static const double shortest = 1e-5, longest = 10000;

/// Sixteen exposures at most, in the order of the triggers; one of them switches the ring off.
unsigned SetRingExposureTimes(int number, float *seconds) {
    BEGIN(WHEN_IDLE, "%d", number);
    REQUIRE(number >= 1 && number <= MAX_RING, P1INVALID);
    REQUIRE(seconds, P2INVALID);
    for (int i = 0; i < number; i++) REQUIRE(seconds[i] >= 0 && seconds[i] <= longest, P2INVALID);
    Setup *s = &c->setup;
    s->ring_size = number > 1 ? number : 0;
    for (int i = 0; i < number; i++) s->ring[i] = seconds[i] > shortest ? seconds[i] : shortest;
    if (number == 1) s->exposure = seconds[0];
    END(SUCCESS);
}

unsigned GetAdjustedRingExposureTimes(int number, float *seconds) {
    BEGIN(FOR_CAMERA, "%d", number);
    REQUIRE(number >= 1 && number <= c->setup.ring_size, P1INVALID);
    REQUIRE(seconds, P2INVALID);
    for (int i = 0; i < number; i++) seconds[i] = (float)c->setup.ring[i];
    END(SUCCESS);
}

unsigned GetNumberRingExposureTimes(int *number) {
    BEGIN(FOR_CAMERA, "");
    END(sim_tell(number, c->setup.ring_size));
}

unsigned GetMaximumNumberRingExposureTimes(int *number) {
    BEGIN(FOR_CAMERA, "");
    END(sim_tell(number, MAX_RING));
}

unsigned GetRingExposureRange(float *low, float *high) {
    BEGIN(FOR_CAMERA, "");
    REQUIRE(low, P1INVALID);
    REQUIRE(high, P2INVALID);
    *low = (float)shortest;
    *high = (float)longest;
    END(SUCCESS);
}
