// Part of daqd
// SPDX-License-Identifier: MIT
//
// Starting, triggers, the clock that makes images, and waiting for them.

#include "simulator.h"
#include <stdlib.h>
#include <time.h>

// MARK: - The clock makes images

static void complete(Camera *c, int64_t time) {
    Run *r = &c->run;
    r->acquired++;
    if (r->times) r->times[r->acquired % r->capacity] = time;
}

static bool is_over(const Run *r) { return r->target > 0 && r->acquired >= r->target; }

/// An edge at the trigger input; one that comes while an image is exposed or read out is counted and ignored.
void sim_edge(Camera *c, int64_t time, int edge, bool generated) {
    Run *r = &c->run;
    if (!r->running || r->clocked || is_over(r)) return;
    int mode = c->setup.trigger_mode;
    if (mode == 6 && edge) {
        r->clocked = true;
        r->start = time;
        return;
    }
    if (mode == 7) {
        if (edge && time >= r->busy_until) r->gate_opened = time;
        else if (!edge && r->gate_opened) {
            r->pending = r->busy_until = time + r->readout;
            r->gate_opened = 0;
        }
        return;
    }
    if (mode != 1 || !edge) return;
    if (time < r->busy_until) {
        c->triggers_ignored++;
        return;
    }
    (void)generated;
    r->pending = time + r->exposure + r->readout;
    r->busy_until = c->setup.frame_transfer ? time + r->exposure : r->pending;
}

static void advance_triggered(Camera *c, int64_t now) {
    Run *r = &c->run;
    double period = sim.trigger_hz > 0 ? 1e9 / sim.trigger_hz : 0;
    while (!is_over(r) && !r->clocked) {
        bool generates = period > 0 && (c->setup.trigger_mode == 1 || c->setup.trigger_mode == 6);
        int64_t edge = generates ? r->next_generated : INT64_MAX;
        int64_t done = r->pending ? r->pending : INT64_MAX;
        if (done <= edge && done <= now) {
            r->pending = 0;
            complete(c, done);
        } else if (edge <= now) {
            r->next_generated = edge + (int64_t)period;
            sim_edge(c, edge, 1, true);
        } else {
            return;
        }
    }
}

static void advance_clocked(Run *r, int64_t now) {
    int64_t first = r->start + r->exposure + r->readout * (r->cycle > r->exposure + r->readout ? 1 : 0);
    if (r->cycle > 0 && first > r->start + r->cycle) first = r->start + r->cycle;
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

/// When the next image is complete, in simulated time; the far future when only a trigger from outside can say.
int64_t sim_next_event(Camera *c) {
    const Run *r = &c->run;
    if (!r->running) return INT64_MAX;
    if (r->clocked) return sim_image_time(c, r->acquired + 1);
    int64_t next = r->pending ? r->pending : INT64_MAX;
    if (sim.trigger_hz > 0 && r->next_generated + r->exposure + r->readout < next && !r->pending)
        next = r->next_generated + (c->setup.trigger_mode == 1 ? r->exposure + r->readout : 0);
    return next;
}

int64_t sim_image_time(const Camera *c, int64_t index) {
    const Run *r = &c->run;
    if (!r->clocked && r->times) return r->times[index % r->capacity];
    int64_t first = r->start + r->exposure + r->readout * (r->cycle > r->exposure + r->readout ? 1 : 0);
    if (r->cycle > 0 && first > r->start + r->cycle) first = r->start + r->cycle;
    return first + (index - 1) * r->cycle;
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
    int64_t capacity = sim.buffer_bytes / (2ll * nx * ny), number = r->number + 1;
    free(r->times);
    *r = (Run){.running = true, .start = sim_now(), .number = number, .nx = nx, .ny = ny};
    r->capacity = capacity < 1 ? 1 : capacity;
    r->exposure = (int64_t)(exposure * 1e9);
    r->readout = (int64_t)(sim_readout(c) * 1e9);
    r->cycle = (int64_t)((c->setup.acquisition_mode == 2 ? accumulate * c->setup.accumulations : kinetic) * 1e9);
    r->accumulations = c->setup.acquisition_mode == 2 || c->setup.acquisition_mode == 3 ? c->setup.accumulations : 1;
    r->target = images_of(&c->setup);
    r->clocked = c->setup.trigger_mode == 0;
    if (!r->clocked) r->times = calloc((size_t)r->capacity, sizeof *r->times);
    if (sim.trigger_hz > 0) r->next_generated = r->start + (int64_t)(1e9 / sim.trigger_hz);
    c->starts++;
    pthread_cond_broadcast(&sim.changed);
    END(SUCCESS);
}

unsigned AbortAcquisition(void) {
    BEGIN(FOR_CAMERA, "");
    REQUIRE(c->run.running, IDLE);
    c->run.running = false;
    c->run.pending = 0;
    c->aborts++;
    pthread_cond_broadcast(&sim.changed);
    END(SUCCESS);
}

unsigned GetStatus(int *status) {
    BEGIN(FOR_CAMERA, "");
    REQUIRE(status, P1INVALID);
    *status = c->run.running ? ACQUIRING : IDLE;
    END(SUCCESS);
}

unsigned SendSoftwareTrigger(void) {
    BEGIN(FOR_CAMERA, "");
    REQUIRE(c->setup.trigger_mode == 10, INVALID_MODE);
    Run *r = &c->run;
    REQUIRE(r->running, IDLE);
    int64_t now = sim_now();
    REQUIRE(now >= r->busy_until, ERROR_ACK);
    r->pending = r->busy_until = now + r->exposure + r->readout;
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
        if (next != INT64_MAX && !sim.manual) {
            int64_t real = sim.epoch + (int64_t)((double)next / sim.speed) + 20000;
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
    c = sim_camera((int)handle);
    REQUIRE(c, P1INVALID);
    END(wait_for(c, milliseconds < 0 ? 0 : milliseconds));
}

unsigned CancelWait(void) {
    BEGIN(FOR_LIBRARY, "");
    sim.cancels++;
    pthread_cond_broadcast(&sim.changed);
    END(SUCCESS);
}
