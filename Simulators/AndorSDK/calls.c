// Part of daqd
// SPDX-License-Identifier: MIT
//
// The frame around every function: the lock, injected faults, the trace, and the count of calls that overlapped.

#define _GNU_SOURCE
#include "simulator.h"
#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

Simulator sim = {.lock = PTHREAD_MUTEX_INITIALIZER};

typedef struct { char function[48]; unsigned status; int count, hang_ms; } Fault;
enum { MAX_FAULTS = 32 };
static Fault faults[MAX_FAULTS];
static atomic_int inside;
static atomic_llong violations;
static FILE *trace;
static _Thread_local char line[256];
static pthread_once_t started = PTHREAD_ONCE_INIT;

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
    if (sim.options.manual) return sim.manual_now + 1;
    if (sim.epoch == 0) sim.epoch = sim_real_now();
    return (int64_t)((double)(sim_real_now() - sim.epoch) * sim.options.speed) + 1;
}

Camera *sim_camera(int handle) {
    for (int i = 0; i < sim.options.count; i++)
        if (sim.options.cameras[i].handle == handle) return &sim.options.cameras[i];
    return NULL;
}

/// The condition is made before anything waits on it; the environment is asked once, by the first call.
__attribute__((constructor)) static void make_condition(void) {
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&sim.changed, &attributes);
}

static void start(void) {
    if (getenv("ANDOR_SIM_TRACE") && AndorSim_Trace(getenv("ANDOR_SIM_TRACE")) != 0)
        fprintf(stderr, "andor_sim: %s\n", AndorSim_Error());
    if (!sim.ready) sim_configure_from_environment();
}

static void lock(void) {
    pthread_once(&started, start);
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
    const Camera *c = sim.current >= 0 && sim.current < sim.options.count ? &sim.options.cameras[sim.current] : NULL;
    for (char *byte = line; *byte; byte++)
        if ((unsigned char)*byte < ' ') *byte = '?';
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
    lock();
    sim.calls++;
    unsigned status = injected(function);
    if (sim.current >= 0 && sim.current < sim.options.count) *camera = &sim.options.cameras[sim.current];
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

// MARK: - What most functions do

/// A number as the only result.
unsigned sim_tell(int *place, int value) {
    if (!place) return P1INVALID;
    *place = value;
    return SUCCESS;
}

unsigned sim_tell_float(float *place, double value) {
    if (!place) return P1INVALID;
    *place = (float)value;
    return SUCCESS;
}

/// An entry of a table, asked for by its index.
unsigned sim_tell_entry(int index, const float *values, int count, float *place) {
    if (!is_index(index, count)) return P1INVALID;
    if (!place) return P2INVALID;
    *place = values[index];
    return SUCCESS;
}

/// A choice from a table, or of a switch.
unsigned sim_choose(int index, int count, int *place) {
    if (!is_index(index, count)) return P1INVALID;
    *place = index;
    return SUCCESS;
}

unsigned sim_turn(int active, bool *place) {
    int value = 0;
    unsigned status = sim_choose(active, 2, &value);
    if (status == SUCCESS) *place = value;
    return status;
}

// MARK: - What tests ask

/// Whether the SDK has a function of that name; the stand-in's own are none.
bool sim_has_function(const char *name) {
    Dl_info here;
    if (strncmp(name, "AndorSim", 8) == 0 || strncmp(name, "sim", 3) == 0 || !dladdr(&sim, &here)) return false;
    void *self = dlopen(here.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
    if (!self) self = dlopen(NULL, RTLD_LAZY);
    void *address = self ? dlsym(self, name) : NULL;
    Dl_info there;
    bool found = address && dladdr(address, &there) && there.dli_fbase == here.dli_fbase;
    if (self) dlclose(self);
    return found;
}

static Fault *place_of(const char *function) {
    if (!sim_has_function(function)) {
        sim_fail("the SDK has no function “%.40s”", function);
        return NULL;
    }
    Fault *fault = fault_of(function, true);
    if (!fault) sim_fail("faults of more than %d functions", MAX_FAULTS);
    return fault;
}

bool sim_set_fault(const char *function, unsigned status, int count) {
    Fault *fault = place_of(function);
    if (!fault) return false;
    fault->status = status;
    fault->count = count;
    return true;
}

bool sim_set_hang(const char *function, int milliseconds) {
    Fault *fault = place_of(function);
    if (!fault) return false;
    fault->hang_ms = milliseconds;
    return true;
}

void sim_set_cable(Camera *c, bool unplugged) {
    sim_advance(c);
    c->unplugged = unplugged;
    if (unplugged) c->run.running = false;
    else c->initialized = false;
    sim_release(c);
}

/// Ends a function of a test: whoever waits looks again.
static int done(bool good) {
    pthread_cond_broadcast(&sim.changed);
    pthread_mutex_unlock(&sim.lock);
    return good ? 0 : -1;
}

int AndorSim_Fail(const char *function, unsigned status, int count) {
    lock();
    return done(sim_set_fault(function, status, count));
}

int AndorSim_Hang(const char *function, int milliseconds) {
    lock();
    return done(sim_set_hang(function, milliseconds));
}

int AndorSim_Trace(const char *path) {
    pthread_mutex_lock(&sim.lock);
    if (trace) fclose(trace);
    trace = path ? fopen(path, "ae") : NULL;
    return done(!path || trace || sim_fail("the trace %.200s cannot be written", path));
}

void AndorSim_Advance(int64_t nanoseconds) {
    lock();
    sim.manual_now += nanoseconds;
    done(true);
}

int64_t AndorSim_Now(void) {
    lock();
    int64_t now = sim_now();
    pthread_mutex_unlock(&sim.lock);
    return now;
}

static Camera *known(int handle) {
    Camera *c = sim_camera(handle);
    if (c) sim_advance(c);
    else sim_fail("no camera has the handle %d", handle);
    return c;
}

int AndorSim_Trigger(int handle, int edge) {
    lock();
    Camera *c = known(handle);
    if (c) sim_edge(c, sim_now(), edge);
    return done(c);
}

int AndorSim_Unplug(int handle, int unplugged) {
    lock();
    Camera *c = known(handle);
    if (c) sim_set_cable(c, unplugged);
    return done(c);
}

int AndorSim_DropFrames(int handle, int count) {
    lock();
    Camera *c = known(handle);
    if (c) c->run.overwritten = c->run.acquired + count;
    return done(c);
}

int64_t sim_counter(int handle, const char *name) {
    if (strcmp(name, "calls") == 0) return sim.calls;
    if (strcmp(name, "violations") == 0) return atomic_load(&violations);
    if (strcmp(name, "datagrams") == 0) return sim.datagrams;
    if (strcmp(name, "datagrams_refused") == 0) return sim.datagrams_refused;
    Camera *c = sim_camera(handle);
    if (!c) return -1;
    sim_advance(c);
    sim_cool(c);
    const struct { const char *name; int64_t value; } numbers[] = {
        {"acquired", c->run.acquired}, {"retrieved", c->run.retrieved}, {"lost", c->lost}, {"triggers", c->run.triggered},
        {"triggers_ignored", c->triggers_ignored}, {"thermal_abuse", c->thermal_abuse}, {"initialized", c->initialized},
        {"sensor_millicelsius", (int64_t)(c->cooling.sensor * 1000)}, {"shutter_mode", c->setup.shutter_mode},
        {"cooler", c->cooling.cooler}, {"fan", c->cooling.fan}, {"keep_cold", c->cooling.keep_cold}, {"starts", c->starts},
        {"aborts", c->aborts},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (strcmp(name, numbers[i].name) == 0) return numbers[i].value;
    return -1;
}

int64_t AndorSim_Counter(int handle, const char *name) {
    lock();
    int64_t value = sim_counter(handle, name);
    pthread_mutex_unlock(&sim.lock);
    return value;
}
