// Part of daqd
// SPDX-License-Identifier: MIT
//
// The sensor's temperature, the fan and the shutter.

#include "simulator.h"
#include <math.h>
#include <stddef.h>

static const double second = 1e9;

/// The coldest the sensor gets with the fan at full, low and off.
static double coldest(const Cooling *k) { return k->fan == 0 ? -100 : k->fan == 1 ? -80 : -60; }

static double step(double from, double to, double seconds, double tau) {
    double gap = to - from, rate = fmin(10.0 / 60, fabs(gap) / tau);
    double move = rate * seconds;
    return fabs(gap) <= move ? to : from + (gap > 0 ? move : -move);
}

static void note_range(Cooling *k, int64_t now) {
    bool near = k->cooler && fabs(k->sensor - k->target) <= 3;
    if (!near) k->in_range_since = -1;
    else if (k->in_range_since < 0) k->in_range_since = now;
    if (near && now - k->in_range_since >= 60 * second) k->was_stable = true;
}

/// Brings the sensor to the present time, second by second.
void sim_cool(Camera *c) {
    Cooling *k = &c->cooling;
    int64_t now = sim_now();
    if (k->updated == 0 || k->updated > now) k->updated = now;
    for (int steps = 0; k->updated < now && steps < 20000; steps++) {
        double seconds = fmin((double)(now - k->updated) / second, 1);
        if (steps == 19999) seconds = (double)(now - k->updated) / second;
        k->updated += (int64_t)(seconds * second + 0.5);
        if (k->cooler && k->fan_off_since >= 0 && k->updated - k->fan_off_since > 600 * second) {
            k->tripped = true;
            k->cooler = false;
        }
        double goal = k->cooler ? fmax(k->target, coldest(k)) : 20;
        double tau = k->cooler || k->sensor < 0 ? 60 : 300;
        k->sensor = step(k->sensor, goal, seconds, tau);
        note_range(k, k->updated);
    }
    k->updated = now;
    note_range(k, now);
}

unsigned sim_temperature_status(Camera *c) {
    Cooling *k = &c->cooling;
    sim_cool(c);
    if (!k->cooler) return TEMP_OFF;
    if (k->in_range_since < 0) return k->was_stable ? TEMP_DRIFT : TEMP_NOT_REACHED;
    return sim_now() - k->in_range_since < 60 * second ? TEMP_NOT_STABILIZED : TEMP_STABILIZED;
}

static bool hidden(const Camera *c) { return c->run.running && !c->model.temperature_while_acquiring; }

unsigned GetTemperature(int *celsius) {
    BEGIN(FOR_CAMERA, "");
    REQUIRE(celsius, P1INVALID);
    REQUIRE(!hidden(c), ACQUIRING);
    unsigned status = sim_temperature_status(c);
    *celsius = (int)lround(c->cooling.sensor);
    END(status);
}

unsigned GetTemperatureF(float *celsius) {
    BEGIN(FOR_CAMERA, "");
    REQUIRE(celsius, P1INVALID);
    REQUIRE(!hidden(c), ACQUIRING);
    unsigned status = sim_temperature_status(c);
    *celsius = (float)c->cooling.sensor;
    END(status);
}

unsigned SetTemperature(int celsius) {
    BEGIN(FOR_CAMERA, "%d", celsius);
    REQUIRE(celsius >= -120 && celsius <= 20, P1INVALID);
    sim_cool(c);
    c->cooling.target = celsius;
    c->cooling.was_stable = false;
    c->cooling.in_range_since = -1;
    note_range(&c->cooling, sim_now());
    END(SUCCESS);
}

unsigned GetTemperatureRange(int *lowest, int *highest) {
    BEGIN(FOR_CAMERA, "");
    REQUIRE(lowest, P1INVALID);
    REQUIRE(highest, P2INVALID);
    *lowest = -120;
    *highest = 20;
    END(SUCCESS);
}

unsigned CoolerON(void) {
    BEGIN(FOR_CAMERA, "");
    REQUIRE(!c->cooling.tripped, NOT_AVAILABLE);
    sim_cool(c);
    if (!c->cooling.cooler) c->cooling.was_stable = false;
    c->cooling.cooler = true;
    if (c->cooling.fan == 2) c->cooling.fan_off_since = sim_now();
    END(SUCCESS);
}

unsigned CoolerOFF(void) {
    BEGIN(WHEN_IDLE, "");
    sim_cool(c);
    c->cooling.cooler = false;
    END(SUCCESS);
}

unsigned IsCoolerOn(int *active) {
    BEGIN(FOR_CAMERA, "");
    REQUIRE(active, P1INVALID);
    sim_cool(c);
    *active = c->cooling.cooler;
    END(SUCCESS);
}

unsigned SetCoolerMode(int keep) {
    BEGIN(WHEN_IDLE, "%d", keep);
    REQUIRE(keep == 0 || keep == 1, P1INVALID);
    c->cooling.keep_cold = keep;
    END(SUCCESS);
}

unsigned SetFanMode(int mode) {
    BEGIN(FOR_CAMERA, "%d", mode);
    REQUIRE(c->model.fan, NOT_SUPPORTED);
    REQUIRE(mode >= 0 && mode <= 2, P1INVALID);
    sim_cool(c);
    c->cooling.fan_off_since = mode == 2 ? sim_now() : -1;
    c->cooling.fan = mode;
    END(SUCCESS);
}

unsigned GetTECStatus(int *tripped) {
    BEGIN(FOR_CAMERA, "");
    REQUIRE(tripped, P1INVALID);
    sim_cool(c);
    *tripped = c->cooling.tripped;
    END(SUCCESS);
}

unsigned GetTemperaturePrecision(int *digits) {
    BEGIN(FOR_CAMERA, "");
    END(sim_tell(digits, 2));
}

unsigned GetTemperatureStatus(float *sensor, float *target, float *ambient, float *volts) {
    BEGIN(FOR_CAMERA, "");
    REQUIRE(sensor && target && ambient && volts, P1INVALID);
    sim_cool(c);
    *sensor = (float)c->cooling.sensor;
    *target = (float)c->cooling.target;
    *ambient = 20;
    *volts = c->cooling.cooler ? 5 : 0;
    END(SUCCESS);
}

// MARK: - Shutter

static unsigned shutter(Camera *c, int type, int mode, int closing, int opening) {
    if (!(c->model.capabilities.features & 8)) return NOT_SUPPORTED;
    if (type != 0 && type != 1) return P1INVALID;
    if (mode != 0 && mode != 1 && mode != 2 && mode != 4 && mode != 5) return P2INVALID;
    if (closing < 0) return P3INVALID;
    if (opening < 0) return P4INVALID;
    Setup *s = &c->setup;
    s->shutter_type = type; s->shutter_mode = mode; s->shutter_closing = closing; s->shutter_opening = opening;
    return SUCCESS;
}

unsigned SetShutter(int type, int mode, int closing, int opening) {
    BEGIN(WHEN_IDLE, "%d,%d,%d,%d", type, mode, closing, opening);
    END(shutter(c, type, mode, closing, opening));
}

unsigned SetShutterEx(int type, int mode, int closing, int opening, int external) {
    BEGIN(WHEN_IDLE, "%d,%d,%d,%d,%d", type, mode, closing, opening, external);
    REQUIRE(c->model.capabilities.features & 0x10, NOT_SUPPORTED);
    unsigned status = shutter(c, type, mode, closing, opening);
    if (status == SUCCESS && external != 0 && external != 1 && external != 2 && external != 4 && external != 5) status = P5INVALID;
    END(status);
}

unsigned GetShutterMinTimes(int *closing, int *opening) {
    BEGIN(FOR_CAMERA, "");
    REQUIRE(closing, P1INVALID);
    REQUIRE(opening, P2INVALID);
    *closing = *opening = c->model.capabilities.features & 0x10 ? 27 : 0;
    END(SUCCESS);
}

unsigned IsInternalMechanicalShutter(int *internal) {
    BEGIN(FOR_CAMERA, "");
    END(sim_tell(internal, c->model.mechanical_shutter));
}
