// Part of daqd
// SPDX-License-Identifier: MIT
//
// The circular buffer: which images are new, which are gone, and copies of them.

#include "simulator.h"
#include <stddef.h>
#include <string.h>

/// The oldest image that is still stored.
int64_t sim_oldest(const Camera *c) {
    const Run *r = &c->run;
    int64_t oldest = r->acquired - r->capacity + 1;
    if (r->overwritten + 1 > oldest) oldest = r->overwritten + 1;
    return oldest < 1 ? 1 : oldest;
}

/// The first image that nobody retrieved; those that were overwritten count as retrieved.
static int64_t first_new(Camera *c) {
    int64_t oldest = sim_oldest(c), next = c->run.retrieved + 1;
    return next > oldest ? next : oldest;
}

static void retrieved(Camera *c, int64_t first, int64_t last) {
    Run *r = &c->run;
    if (first > r->retrieved + 1) c->lost += first - r->retrieved - 1;
    if (last > r->retrieved) r->retrieved = last;
}

static unsigned pixels_of(const Camera *c) { return (unsigned)c->run.columns * (unsigned)c->run.rows; }

unsigned GetNumberNewImages(int *first, int *last) {
    BEGIN(FOR_CAMERA, "");
    REQUIRE(first, P1INVALID);
    REQUIRE(last, P2INVALID);
    int64_t oldest = first_new(c), newest = c->run.acquired;
    *last = (int)newest;
    *first = (int)(oldest > newest ? newest : oldest);
    END(oldest > newest ? NO_NEW_DATA : SUCCESS);
}

unsigned GetNumberAvailableImages(int *first, int *last) {
    BEGIN(FOR_CAMERA, "");
    REQUIRE(first, P1INVALID);
    REQUIRE(last, P2INVALID);
    *first = *last = 0;
    REQUIRE(c->run.acquired > 0, NO_NEW_DATA);
    *first = (int)sim_oldest(c);
    *last = (int)c->run.acquired;
    END(SUCCESS);
}

static unsigned fetch(Camera *c, int64_t index, uint16_t *short_pixels, int32_t *pixels) {
    bool is_drawn = short_pixels ? sim_draw16(c, index, short_pixels) : sim_draw32(c, index, pixels);
    return is_drawn ? SUCCESS : ERROR_PAGELOCK;
}

static unsigned oldest(Camera *c, uint16_t *short_pixels, int32_t *pixels, unsigned size) {
    if (!short_pixels && !pixels) return P1INVALID;
    if (size != pixels_of(c)) return P2INVALID;
    int64_t index = first_new(c);
    if (index > c->run.acquired) return NO_NEW_DATA;
    unsigned status = fetch(c, index, short_pixels, pixels);
    if (status == SUCCESS) retrieved(c, index, index);
    return status;
}

unsigned GetOldestImage(int32_t *pixels, unsigned size) {
    BEGIN(FOR_CAMERA, "%u", size);
    END(oldest(c, NULL, pixels, size));
}

unsigned GetOldestImage16(uint16_t *pixels, unsigned size) {
    BEGIN(FOR_CAMERA, "%u", size);
    END(oldest(c, pixels, NULL, size));
}

static unsigned newest(Camera *c, uint16_t *short_pixels, int32_t *pixels, unsigned size) {
    if (!short_pixels && !pixels) return P1INVALID;
    if (size != pixels_of(c)) return P2INVALID;
    if (c->run.acquired == 0) return NO_NEW_DATA;
    unsigned status = fetch(c, c->run.acquired, short_pixels, pixels);
    if (status == SUCCESS) c->run.retrieved = c->run.acquired;
    return status;
}

unsigned GetMostRecentImage(int32_t *pixels, unsigned size) {
    BEGIN(FOR_CAMERA, "%u", size);
    END(newest(c, NULL, pixels, size));
}

unsigned GetMostRecentImage16(uint16_t *pixels, unsigned size) {
    BEGIN(FOR_CAMERA, "%u", size);
    END(newest(c, pixels, NULL, size));
}

static unsigned images(
    Camera *c, int first, int last, uint16_t *short_pixels, int32_t *pixels, unsigned size, int *valid_first, int *valid_last) {
    if (!short_pixels && !pixels) return P3INVALID;
    if (!valid_first || !valid_last) return P5INVALID;
    Run *r = &c->run;
    if (r->acquired == 0) return NO_NEW_DATA;
    int64_t old = sim_oldest(c), one = pixels_of(c);
    if (last < first || first < 1 || last > r->acquired || first < old) {
        *valid_first = (int)(first > old ? first : old);
        *valid_last = (int)(last < r->acquired ? last : r->acquired);
        return GENERAL_ERRORS;
    }
    if ((int64_t)size != (last - first + 1) * one) return P4INVALID;
    for (int64_t i = first; i <= last; i++) {
        int64_t offset = (i - first) * one;
        unsigned status = fetch(c, i, short_pixels ? short_pixels + offset : NULL, pixels ? pixels + offset : NULL);
        if (status != SUCCESS) return status;
    }
    retrieved(c, first, last);
    *valid_first = first;
    *valid_last = last;
    return SUCCESS;
}

unsigned GetImages(int first, int last, int32_t *pixels, unsigned size, int *valid_first, int *valid_last) {
    BEGIN(FOR_CAMERA, "%d,%d,%u", first, last, size);
    END(images(c, first, last, NULL, pixels, size, valid_first, valid_last));
}

unsigned GetImages16(int first, int last, uint16_t *pixels, unsigned size, int *valid_first, int *valid_last) {
    BEGIN(FOR_CAMERA, "%d,%d,%u", first, last, size);
    END(images(c, first, last, pixels, NULL, size, valid_first, valid_last));
}

static unsigned whole(Camera *c, uint16_t *short_pixels, int32_t *pixels, unsigned size) {
    Run *r = &c->run;
    if (r->running) return ACQUIRING;
    if (!short_pixels && !pixels) return P1INVALID;
    if (r->acquired == 0 || r->target == 0) return NO_NEW_DATA;
    if ((int64_t)size != r->acquired * pixels_of(c)) return P2INVALID;
    for (int64_t i = 1; i <= r->acquired; i++) {
        int64_t offset = (i - 1) * pixels_of(c);
        unsigned status = fetch(c, i, short_pixels ? short_pixels + offset : NULL, pixels ? pixels + offset : NULL);
        if (status != SUCCESS) return status;
    }
    r->retrieved = r->acquired;
    return SUCCESS;
}

unsigned GetAcquiredData(int32_t *pixels, unsigned size) {
    BEGIN(FOR_CAMERA, "%u", size);
    END(whole(c, NULL, pixels, size));
}

unsigned GetAcquiredData16(uint16_t *pixels, unsigned size) {
    BEGIN(FOR_CAMERA, "%u", size);
    END(whole(c, pixels, NULL, size));
}

unsigned GetAcquisitionProgress(int *accumulations, int *series) {
    BEGIN(FOR_CAMERA, "");
    REQUIRE(accumulations, P1INVALID);
    REQUIRE(series, P2INVALID);
    const Run *r = &c->run;
    *accumulations = *series = 0;
    if (r->running) {
        *series = (int)r->acquired;
        int64_t since = sim_now() - r->start - r->acquired * r->cycle;
        int64_t scans = r->clocked && r->scan_cycle > 0 ? since / r->scan_cycle : r->scans;
        *accumulations = (int)(scans < 0 ? 0 : scans < r->accumulations ? scans : r->accumulations);
    }
    END(SUCCESS);
}

unsigned GetTotalNumberImagesAcquired(int *number) {
    BEGIN(FOR_CAMERA, "");
    END(sim_tell(number, (int)c->run.acquired));
}

unsigned GetSizeOfCircularBuffer(int *images) {
    BEGIN(FOR_CAMERA, "");
    REQUIRE(images, P1INVALID);
    int nx, ny;
    sim_shape(c, &nx, &ny);
    int64_t size = sim.options.buffer_bytes / (2ll * nx * ny);
    *images = (int)(size < 1 ? 1 : size);
    END(SUCCESS);
}

unsigned FreeInternalMemory(void) {
    BEGIN(WHEN_IDLE, "");
    c->run.retrieved = c->run.acquired = c->run.seen = 0;
    END(SUCCESS);
}

// MARK: - Time

unsigned SetMetaData(int active) {
    BEGIN(WHEN_IDLE, "%d", active);
    REQUIRE(c->model.metadata, NOT_AVAILABLE);
    REQUIRE(active == 0 || active == 1, P1INVALID);
    c->setup.metadata = active;
    END(SUCCESS);
}

unsigned GetMetaDataInfo(AndorSystemTime *start, float *milliseconds, unsigned index) {
    BEGIN(FOR_CAMERA, "%u", index);
    REQUIRE(c->model.metadata, NOT_AVAILABLE);
    REQUIRE(start, P1INVALID);
    REQUIRE(milliseconds, P2INVALID);
    REQUIRE(c->setup.metadata && index >= 1 && index <= (unsigned)c->run.acquired, MSTIMINGS_ERROR);
    memset(start, 0, sizeof *start);
    start->year = 2026;
    start->month = start->day = 1;
    *milliseconds = (float)((double)(sim_image_time(c, index) - c->run.start) * 1e-6);
    END(SUCCESS);
}

unsigned GetRelativeImageTimes(unsigned first, unsigned last, uint64_t *nanoseconds, unsigned size) {
    BEGIN(FOR_CAMERA, "%u,%u", first, last);
    REQUIRE(c->model.metadata && c->setup.metadata, NOT_AVAILABLE);
    REQUIRE(first >= 1 && first <= last, P1INVALID);
    REQUIRE(last <= (unsigned)c->run.acquired, P2INVALID);
    REQUIRE(nanoseconds, P3INVALID);
    REQUIRE(size == last - first + 1, P4INVALID);
    for (unsigned i = first; i <= last; i++) nanoseconds[i - first] = (uint64_t)(sim_image_time(c, i) - c->run.start);
    END(SUCCESS);
}
