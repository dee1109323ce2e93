// Part of daqd
// SPDX-License-Identifier: MIT
//
// The frame around every function: the lock, injected faults, the trace, and the count of calls that overlapped.

#include "simulator.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

Simulator sim = {.lock = PTHREAD_MUTEX_INITIALIZER, .speed = 1, .buffer_bytes = 48 << 20, .start_temperature = 20};

typedef struct { char function[48]; unsigned status; int count, hang_ms; } Fault;
enum { MAX_FAULTS = 32 };
static Fault faults[MAX_FAULTS];
static atomic_int inside;
static atomic_llong violations;
static FILE *trace;
static _Thread_local char line[256];

static Fault *fault_of(const char *function, bool make) {
    for (int i = 0; i < MAX_FAULTS; i++)
        if (strcmp(faults[i].function, function) == 0) return &faults[i];
    for (int i = 0; make && i < MAX_FAULTS; i++)
        if (faults[i].function[0] == 0) {
            snprintf(faults[i].function, sizeof faults[i].function, "%s", function);
            return &faults[i];
        }
    return NULL;
}

int64_t sim_real_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

int64_t sim_now(void) {
    if (sim.manual) return sim.manual_now + 1;
    if (sim.epoch == 0) sim.epoch = sim_real_now();
    return (int64_t)((double)(sim_real_now() - sim.epoch) * sim.speed) + 1;
}

Camera *sim_camera(int handle) {
    for (int i = 0; i < sim.count; i++)
        if (sim.cameras[i].handle == handle) return &sim.cameras[i];
    return NULL;
}

static void first_use(void) {
    if (sim.count != 0) return;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&sim.changed, &attributes);
    sim.count = -1;
    pthread_mutex_unlock(&sim.lock);
    const char *cameras = getenv("ANDOR_SIM_CAMERAS"), *words = getenv("ANDOR_SIM");
    char text[512];
    snprintf(text, sizeof text, "cameras=%s %s", cameras ? cameras : "888:12859,897:7342", words ? words : "");
    if (AndorSim_Configure(text) != 0) AndorSim_Configure("cameras=888:12859,897:7342");
    if (getenv("ANDOR_SIM_TRACE")) AndorSim_Trace(getenv("ANDOR_SIM_TRACE"));
    pthread_mutex_lock(&sim.lock);
}

static unsigned injected(const char *function) {
    Fault *fault = fault_of(function, false);
    if (!fault) return SUCCESS;
    int hang = fault->hang_ms;
    fault->hang_ms = 0;
    if (hang > 0) {
        pthread_mutex_unlock(&sim.lock);
        usleep((useconds_t)hang * 1000);
        pthread_mutex_lock(&sim.lock);
    }
    if (fault->count == 0) return SUCCESS;
    if (fault->count > 0) fault->count--;
    return fault->status;
}

static void write_trace(const char *function, unsigned status) {
    if (!trace) return;
    const Camera *c = sim.current >= 0 && sim.current < sim.count ? &sim.cameras[sim.current] : NULL;
    fprintf(trace, "%lx %d %s(%s) %u\n", (unsigned long)pthread_self(), c ? c->handle : 0, function, line, status);
    fflush(trace);
}

unsigned sim_enter(const char *function, int needs, Camera **camera, const char *arguments, ...) {
    bool waits = strncmp(function, "WaitFor", 7) == 0 || strcmp(function, "CancelWait") == 0;
    if (!waits && atomic_fetch_add(&inside, 1) != 0) atomic_fetch_add(&violations, 1);
    va_list list;
    va_start(list, arguments);
    vsnprintf(line, sizeof line, arguments, list);
    va_end(list);
    pthread_mutex_lock(&sim.lock);
    first_use();
    sim.calls++;
    unsigned status = injected(function);
    if (sim.current >= 0 && sim.current < sim.count) *camera = &sim.cameras[sim.current];
    if (status == SUCCESS && needs & FOR_CAMERA) {
        Camera *c = *camera;
        if (!c || !c->initialized) status = NOT_INITIALIZED;
        else if (c->unplugged) status = ERROR_ACK;
        else {
            sim_advance(c);
            if (needs == WHEN_IDLE && c->run.running) status = ACQUIRING;
        }
    }
    return status == SUCCESS ? SUCCESS : sim_leave(function, status);
}

unsigned sim_leave(const char *function, unsigned status) {
    write_trace(function, status);
    bool waits = strncmp(function, "WaitFor", 7) == 0 || strcmp(function, "CancelWait") == 0;
    if (!waits) atomic_fetch_sub(&inside, 1);
    pthread_mutex_unlock(&sim.lock);
    return status;
}

// MARK: - What tests ask

void AndorSim_Fail(const char *function, unsigned status, int count) {
    pthread_mutex_lock(&sim.lock);
    Fault *fault = fault_of(function, true);
    if (fault) { fault->status = status; fault->count = count; }
    pthread_mutex_unlock(&sim.lock);
}

void AndorSim_Hang(const char *function, int milliseconds) {
    pthread_mutex_lock(&sim.lock);
    Fault *fault = fault_of(function, true);
    if (fault) fault->hang_ms = milliseconds;
    pthread_mutex_unlock(&sim.lock);
}

void AndorSim_Trace(const char *path) {
    pthread_mutex_lock(&sim.lock);
    if (trace) fclose(trace);
    trace = path ? fopen(path, "a") : NULL;
    pthread_mutex_unlock(&sim.lock);
}

void AndorSim_Advance(int64_t nanoseconds) {
    pthread_mutex_lock(&sim.lock);
    first_use();
    sim.manual_now += nanoseconds;
    pthread_cond_broadcast(&sim.changed);
    pthread_mutex_unlock(&sim.lock);
}

int64_t AndorSim_Now(void) {
    pthread_mutex_lock(&sim.lock);
    int64_t now = sim_now();
    pthread_mutex_unlock(&sim.lock);
    return now;
}

void AndorSim_Trigger(int handle, int edge) {
    pthread_mutex_lock(&sim.lock);
    Camera *c = sim_camera(handle);
    if (c) { sim_advance(c); sim_edge(c, sim_now(), edge, false); }
    pthread_cond_broadcast(&sim.changed);
    pthread_mutex_unlock(&sim.lock);
}

void AndorSim_Unplug(int handle, int unplugged) {
    pthread_mutex_lock(&sim.lock);
    Camera *c = sim_camera(handle);
    if (c) {
        sim_advance(c);
        c->unplugged = unplugged != 0;
        if (unplugged) c->run.running = false;
        else c->initialized = false;
    }
    pthread_cond_broadcast(&sim.changed);
    pthread_mutex_unlock(&sim.lock);
}

void AndorSim_DropFrames(int handle, int count) {
    pthread_mutex_lock(&sim.lock);
    Camera *c = sim_camera(handle);
    if (c) { sim_advance(c); c->run.overwritten = c->run.acquired + count; }
    pthread_mutex_unlock(&sim.lock);
}

static int64_t counter(int handle, const char *name) {
    if (strcmp(name, "calls") == 0) return sim.calls;
    if (strcmp(name, "violations") == 0) return atomic_load(&violations);
    Camera *c = sim_camera(handle);
    if (!c) return -1;
    sim_advance(c);
    sim_cool(c);
    if (strcmp(name, "acquired") == 0) return c->run.acquired;
    if (strcmp(name, "retrieved") == 0) return c->run.retrieved;
    if (strcmp(name, "lost") == 0) return c->lost;
    if (strcmp(name, "triggers_ignored") == 0) return c->triggers_ignored;
    if (strcmp(name, "thermal_abuse") == 0) return c->thermal_abuse;
    if (strcmp(name, "initialized") == 0) return c->initialized;
    if (strcmp(name, "sensor_millicelsius") == 0) return (int64_t)(c->cooling.sensor * 1000);
    if (strcmp(name, "shutter_mode") == 0) return c->setup.shutter_mode;
    if (strcmp(name, "cooler") == 0) return c->cooling.cooler;
    if (strcmp(name, "keep_cold") == 0) return c->cooling.keep_cold;
    if (strcmp(name, "starts") == 0) return c->starts;
    if (strcmp(name, "aborts") == 0) return c->aborts;
    return -1;
}

int64_t AndorSim_Counter(int handle, const char *name) {
    pthread_mutex_lock(&sim.lock);
    first_use();
    int64_t value = counter(handle, name);
    pthread_mutex_unlock(&sim.lock);
    return value;
}
