// Part of daqd
// SPDX-License-Identifier: MIT
//
// Starting, triggers, the clock that makes images, and waiting for them.

#include "simulator.h"
#include <stdlib.h>
#include <time.h>

// MARK: - The clock makes images

/// A scan that was triggered is complete, and with the last of its scans an image.
static void complete(Run *r, int64_t time) {
    if (++r->scans < r->accumulations) return;
    r->scans = 0;
    r->acquired++;
    if (r->times) r->times[r->acquired % r->capacity] = time;
}

static bool is_over(const Run *r) { return r->target > 0 && r->acquired >= r->target; }

/// Whether the scans that were triggered are all that the run wants.
static bool has_enough(const Run *r) { return r->target > 0 && r->triggered >= r->target * r->accumulations; }

/// The exposure of the next triggered scan: the one that is set, or the next of the ring.
static int64_t next_exposure(const Run *r) {
    return r->setup.ring_size > 0 ? (int64_t)(r->setup.ring[r->triggered % r->setup.ring_size] * 1e9) : r->exposure;
}

/// A scan's exposure ends: with frame transfer it is read while the next one is exposed, but not before the last one is read.
static void read_out(Run *r, int64_t exposed) {
    bool transfer = r->setup.frame_transfer;
    if (transfer && exposed < r->reading_until) exposed = r->reading_until;
    r->reading_until = exposed + r->readout;
    r->busy_until = transfer ? exposed : r->reading_until;
    r->pending[r->pendings++] = r->reading_until;
    r->triggered++;
}

/// An edge at the trigger input; one that comes while a scan is exposed, or read out, is counted and ignored.
void sim_edge(Camera *c, int64_t time, int edge) {
    Run *r = &c->run;
    if (!r->running || r->clocked || has_enough(r)) return;
    int mode = r->setup.trigger_mode;
    if (mode == 6 && edge) {
        r->clocked = true;
        r->start = time;
    } else if ((mode == 1 || mode == 7) && edge && (time < r->busy_until || r->pendings == 2 || r->gate_opened)) {
        c->triggers_ignored++;
    } else if (mode == 1 && edge) {
        read_out(r, time + next_exposure(r));
    } else if (mode == 7 && edge) {
        r->gate_opened = time;
    } else if (mode == 7 && r->gate_opened) {
        read_out(r, time);
        r->gate_opened = 0;
    }
}

static bool is_generated(const Run *r) {
    int mode = r->setup.trigger_mode;
    return sim.options.trigger_hz > 0 && (mode == 1 || mode == 6 || mode == 7);
}

/// When the generator's edge comes: a pulse in each period, high for half of it, shifted by chance.
static int64_t edge_time(const Run *r, int64_t number) {
    double period = 1e9 / sim.options.trigger_hz;
    uint64_t chance = sim_mix((uint64_t)r->number << 32 ^ (uint64_t)(number / 2));
    double shift = sim.options.trigger_jitter * ((double)(chance >> 11) / 9007199254740992.0 - 0.5);
    return r->start + (int64_t)(period * ((double)(number / 2) + 1 + 0.5 * (double)(number % 2) + shift));
}

static void advance_triggered(Camera *c, int64_t now) {
    Run *r = &c->run;
    while (!is_over(r) && !r->clocked) {
        int64_t edge = is_generated(r) ? r->next_edge : INT64_MAX;
        int64_t done = r->pendings > 0 ? r->pending[0] : INT64_MAX;
        if (done <= edge && done <= now) {
            r->pending[0] = r->pending[1];
            r->pendings--;
            complete(r, done);
        } else if (edge <= now) {
            int level = r->edges++ % 2 == 0;
            r->next_edge = edge_time(r, r->edges);
            sim_edge(c, edge, level);
        } else {
            return;
        }
    }
}

/// When the first image of a clocked run is complete: after all of its scans.
static int64_t first_image(const Run *r) {
    bool reads_at_once = r->scan_cycle > r->exposure + r->readout;
    int64_t scan = r->exposure + (reads_at_once ? r->readout : 0);
    if (r->scan_cycle > 0 && scan > r->scan_cycle) scan = r->scan_cycle;
    return r->start + (r->accumulations - 1) * r->scan_cycle + scan;
}

static void advance_clocked(Run *r, int64_t now) {
    int64_t first = first_image(r);
    if (now < first) return;
    int64_t images = 1 + (now - first) / (r->cycle > 0 ? r->cycle : 1);
    r->acquired = r->target > 0 && images > r->target ? r->target : images;
}

/// Brings the number of images to the present time and ends a run that has all of them.
void sim_advance(Camera *c) {
    Run *r = &c->run;
    if (!r->running) return;
    int64_t now = sim_now();
    if (!r->clocked) advance_triggered(c, now);
    if (r->clocked) advance_clocked(r, now);
    if (is_over(r)) r->running = false;
}

/// When to look again for an image, in simulated time; the far future when only a trigger from outside can say.
int64_t sim_next_event(Camera *c) {
    const Run *r = &c->run;
    if (!r->running) return INT64_MAX;
    if (r->clocked) return sim_image_time(c, r->acquired + 1);
    if (r->pendings > 0) return r->pending[0];
    return is_generated(r) ? r->next_edge : INT64_MAX;
}

int64_t sim_image_time(const Camera *c, int64_t index) {
    const Run *r = &c->run;
    if (!r->clocked && r->times) return r->times[index % r->capacity];
    return first_image(r) + (index - 1) * r->cycle;
}

// MARK: - Starting and stopping

static int64_t images_of(const Setup *s) {
    switch (s->acquisition_mode) {
    case 1: case 2: return 1;
    case 3: return s->kinetics;
    case 4: return s->fk_images > 0 ? s->fk_images : 1;
    default: return 0;
    }
}

static unsigned check(const Camera *c, int *nx, int *ny) {
    const Setup *s = &c->setup;
    if (!sim_shape(c, nx, ny)) return BINNING_ERROR;
    if (s->trigger_mode == 10 && (s->read_mode != 4 || s->acquisition_mode != 5)) return ACQUISITION_ERRORS;
    if ((s->read_mode == 1 || s->read_mode == 2) && s->tracks == 0) return ACQUISITION_ERRORS;
    bool alternates = s->acquisition_mode == 5 && (s->trigger_mode == 10 || s->trigger_mode == 1);
    if (s->ring_size > 0 && !alternates) return INVALID_RINGEXPOSURES;
    return SUCCESS;
}

unsigned PrepareAcquisition(void) {
    BEGIN(WHEN_IDLE, "");
    int nx, ny;
    END(check(c, &nx, &ny));
}

unsigned StartAcquisition(void) {
    BEGIN(WHEN_IDLE, "");
    int nx, ny;
    unsigned status = check(c, &nx, &ny);
    REQUIRE(status == SUCCESS, status);
    double exposure, accumulate, kinetic;
    sim_timings(c, &exposure, &accumulate, &kinetic);
    Run *r = &c->run;
    int64_t capacity = sim.options.buffer_bytes / (2ll * nx * ny), number = r->number + 1;
    free(r->times);
    *r = (Run){.running = true, .start = sim_now(), .number = number, .columns = nx, .rows = ny, .setup = c->setup};
    bool adds = c->setup.acquisition_mode == 2 || c->setup.acquisition_mode == 3;
    r->capacity = capacity < 1 ? 1 : capacity;
    r->exposure = (int64_t)(exposure * 1e9);
    r->readout = (int64_t)(sim_readout(c) * 1e9);
    r->accumulations = adds ? c->setup.accumulations : 1;
    r->scan_cycle = (int64_t)((adds && c->setup.accumulations > 1 ? accumulate : kinetic) * 1e9);
    r->cycle = (int64_t)((c->setup.acquisition_mode == 2 ? accumulate * c->setup.accumulations : kinetic) * 1e9);
    r->target = images_of(&c->setup);
    r->clocked = c->setup.trigger_mode == 0;
    if (!r->clocked) r->times = calloc((size_t)r->capacity, sizeof *r->times);
    if (is_generated(r)) r->next_edge = edge_time(r, 0);
    c->starts++;
    pthread_cond_broadcast(&sim.changed);
    END(SUCCESS);
}

unsigned AbortAcquisition(void) {
    BEGIN(FOR_CAMERA, "");
    REQUIRE(c->run.running, IDLE);
    c->run.running = false;
    c->run.pendings = 0;
    c->aborts++;
    pthread_cond_broadcast(&sim.changed);
    END(SUCCESS);
}

unsigned GetStatus(int *status) {
    BEGIN(FOR_CAMERA, "");
    END(sim_tell(status, c->run.running ? ACQUIRING : IDLE));
}

unsigned SendSoftwareTrigger(void) {
    BEGIN(FOR_CAMERA, "");
    REQUIRE(c->setup.trigger_mode == 10, INVALID_MODE);
    Run *r = &c->run;
    REQUIRE(r->running, IDLE);
    int64_t now = sim_now();
    REQUIRE(now >= r->busy_until, ERROR_ACK);
    r->pending[r->pendings++] = r->busy_until = r->reading_until = now + next_exposure(r) + r->readout;
    r->triggered++;
    pthread_cond_broadcast(&sim.changed);
    END(SUCCESS);
}

// MARK: - Waiting

static void sleep_until(int64_t real) {
    if (real == INT64_MAX) {
        pthread_cond_wait(&sim.changed, &sim.lock);
        return;
    }
    struct timespec t = {.tv_sec = real / 1000000000, .tv_nsec = real % 1000000000};
    pthread_cond_timedwait(&sim.changed, &sim.lock, &t);
}

/// Waits for an event that nobody has taken; events do not queue.
static unsigned wait_for(Camera *c, int milliseconds) {
    int64_t end = milliseconds < 0 ? INT64_MAX : sim_real_now() + milliseconds * 1000000ll;
    uint64_t cancels = sim.cancels;
    while (true) {
        if (!c->initialized) return NOT_INITIALIZED;
        if (c->unplugged) return ERROR_ACK;
        sim_advance(c);
        if (c->run.acquired > c->run.seen) {
            c->run.seen = c->run.acquired;
            return SUCCESS;
        }
        if (sim.cancels != cancels || sim_real_now() >= end) return NO_NEW_DATA;
        int64_t next = sim_next_event(c), until = end;
        if (next != INT64_MAX && !sim.options.manual) {
            int64_t real = sim.epoch + (int64_t)((double)next / sim.options.speed) + 20000;
            if (real < until) until = real;
        }
        sleep_until(until);
    }
}

unsigned WaitForAcquisition(void) {
    BEGIN(FOR_CAMERA, "");
    END(wait_for(c, -1));
}

unsigned WaitForAcquisitionTimeOut(int milliseconds) {
    BEGIN(FOR_CAMERA, "%d", milliseconds);
    END(wait_for(c, milliseconds < 0 ? 0 : milliseconds));
}

unsigned WaitForAcquisitionByHandle(int handle) {
    BEGIN(FOR_LIBRARY, "%d", handle);
    c = sim_camera(handle);
    REQUIRE(c, P1INVALID);
    END(wait_for(c, -1));
}

unsigned WaitForAcquisitionByHandleTimeOut(long handle, int milliseconds) {
    BEGIN(FOR_LIBRARY, "%ld,%d", handle, milliseconds);
    c = handle == (int)handle ? sim_camera((int)handle) : NULL;
    REQUIRE(c, P1INVALID);
    END(wait_for(c, milliseconds < 0 ? 0 : milliseconds));
}

unsigned CancelWait(void) {
    BEGIN(FOR_LIBRARY, "");
    sim.cancels++;
    pthread_cond_broadcast(&sim.changed);
    END(SUCCESS);
}
