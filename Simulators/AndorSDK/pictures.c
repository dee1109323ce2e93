// Part of daqd
// SPDX-License-Identifier: MIT
//
// What an image shows. Every picture depends on serial number, acquisition and index alone, so that a test can repeat it.

#include "simulator.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

uint64_t sim_mix(uint64_t x) {
    x += 0x9e3779b97f4a7c15ull;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ x >> 27) * 0x94d049bb133111ebull;
    return x ^ x >> 31;
}

static double uniform(uint64_t *state) {
    *state = sim_mix(*state);
    return ((double)(*state >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(uint64_t *state) {
    double radius = sqrt(-2 * log(uniform(state)));
    return radius * cos(6.283185307179586 * uniform(state));
}

static int poisson(uint64_t *state, double mean) {
    if (mean > 50) return (int)fmax(0, mean + sqrt(mean) * normal(state) + 0.5);
    double limit = exp(-mean), product = uniform(state);
    int count = 0;
    while (product > limit && count < 1000) { product *= uniform(state); count++; }
    return count;
}

/// What becomes one pixel of an image: columns and rows of the sensor, counted from 1.
typedef struct { int x, y, width, height; } Area;

static Area area(const Camera *c, int column, int row) {
    const Setup *s = &c->run.setup;
    int bin = s->track_bin, x = 1 + column * bin;
    switch (s->read_mode) {
    case 0: return (Area){x, 1, bin, c->model.height};
    case 1: case 2: return (Area){x, s->pairs[2 * row], bin, s->pairs[2 * row + 1] - s->pairs[2 * row] + 1};
    case 3: return (Area){x, s->track_centre - s->track_height / 2, bin, s->track_height};
    default: break;
    }
    if (s->crop)
        return (Area){s->crop_left + column * s->crop_hbin, s->crop_bottom + row * s->crop_vbin, s->crop_hbin, s->crop_vbin};
    return (Area){s->h1 + column * s->hbin, s->v1 + row * s->vbin, s->hbin, s->vbin};
}

/// The exposure of an image, s: with a ring of exposures every image has its own.
static double exposure_of(const Camera *c, int64_t index) {
    const Setup *s = &c->run.setup;
    return s->ring_size > 0 ? s->ring[(index - 1) % s->ring_size] : (double)c->run.exposure * 1e-9;
}

/// Electrons that fall into one pixel of the sensor in one exposure.
static double light(const Camera *c, int x, int y, double seconds) {
    static const double ions[][2] = {{0.25, 0.3}, {0.4, 0.3}, {0.55, 0.3}, {0.7, 0.3}};
    double total = 0;
    for (int i = 0; i < 4; i++) {
        double dx = x - ions[i][0] * c->model.width, dy = y - ions[i][1] * c->model.height;
        double distance = dx * dx + dy * dy;
        if (distance < 100) total += 200 * exp(-distance / 8);
    }
    return total * seconds / 0.1;
}

/// Electrons that come without light; seven degrees double them.
static double dark(const Camera *c, double seconds) {
    return 0.001 * exp2((c->cooling.sensor + 80) / 7) * seconds;
}

/// Multiplication in the EM register: each electron gives an exponentially distributed number.
static double multiply(uint64_t *state, int electrons, double gain) {
    if (gain <= 1 || electrons == 0) return electrons;
    if (electrons > 30) return electrons * gain + sqrt((double)electrons) * gain * normal(state);
    double sum = 0;
    for (int i = 0; i < electrons; i++) sum -= log(uniform(state)) * gain;
    return sum;
}

static int real_pixel(const Camera *c, uint64_t *state, Area a, double seconds) {
    const Setup *s = &c->run.setup;
    double mean = dark(c, seconds) * a.width * a.height;
    for (int j = 0; sim.options.pattern == PATTERN_SPOTS && j < a.height; j++)
        for (int i = 0; i < a.width; i++) mean += light(c, a.x + i, a.y + j, seconds);
    double em = sim_em_factor(s), sensitivity = 16 / c->model.gain[s->gain];
    double counts = multiply(state, poisson(state, mean), em) / sensitivity + 2 * normal(state);
    if (s->count_mode == 1) return (int)fmax(0, counts * sensitivity / em + 0.5);
    if (s->count_mode == 2) return (int)fmax(0, counts * sensitivity / em / sim_efficiency(s->wavelength) + 0.5);
    return (int)fmax(0, counts + (s->clamp ? 200 : 500) + s->baseline_offset + 0.5);
}

static void draw_real(Camera *c, int64_t index, int32_t *pixels) {
    uint64_t state = sim_mix((uint64_t)c->serial << 40 ^ (uint64_t)c->run.number << 24 ^ (uint64_t)index);
    double seconds = exposure_of(c, index);
    sim_cool(c);
    for (int y = 0; y < c->run.rows; y++)
        for (int x = 0; x < c->run.columns; x++) {
            int32_t sum = 0;
            for (int64_t n = 0; n < c->run.accumulations; n++) sum += real_pixel(c, &state, area(c, x, y), seconds);
            *pixels++ = sum;
        }
}

/// The counter: order, place and loss can be read from the pixels.
static void draw_counter(const Camera *c, int64_t index, uint16_t *restrict pixels) {
    int nx = c->run.columns, ny = c->run.rows;
    for (int y = 0; y < ny; y++) {
        uint16_t *restrict row = pixels + (size_t)y * (size_t)nx;
        uint16_t base = (uint16_t)(y * 3 + index);
        for (int x = 0; x < nx; x++) row[x] = (uint16_t)(((uint16_t)(x + base) & 4095) + 500);
    }
    size_t count = (size_t)nx * (size_t)ny;
    pixels[0] = (uint16_t)index;
    if (count > 1) pixels[1] = (uint16_t)(index >> 16);
    if (count > 2) pixels[2] = (uint16_t)c->serial;
}

/// One pixel of the sensor in the patterns that have no noise; rows and columns from 1.
static int32_t plain(int x, int y, int64_t index) {
    const Stack *s = &sim.options.stack;
    if (!s->pixels) return (x + y) % 1000;
    if (x > s->width || y > s->height) return 0;
    int64_t frame = (index - 1) % s->frames;
    return s->pixels[(frame * s->height + y - 1) * s->width + x - 1];
}

/// The ramp, (column + row) mod 1000, or the frames of a file one after the other; binning and tracks sum pixels.
static void draw_plain(const Camera *c, int64_t index, int32_t *pixels) {
    for (int y = 0; y < c->run.rows; y++)
        for (int x = 0; x < c->run.columns; x++) {
            Area a = area(c, x, y);
            int64_t sum = 0;
            for (int j = 0; j < a.height; j++)
                for (int i = 0; i < a.width; i++) sum += plain(a.x + i, a.y + j, index);
            sum *= c->run.accumulations;
            *pixels++ = (int32_t)(sum > INT32_MAX ? INT32_MAX : sum < INT32_MIN ? INT32_MIN : sum);
        }
}

// MARK: - Orientation

/// Where a pixel comes from: the image is turned, as arrays are shown with their first row at the top, and then mirrored.
static size_t source(const Run *r, int x, int y) {
    const Setup *s = &r->setup;
    int columns = s->rotation ? r->rows : r->columns, rows = s->rotation ? r->columns : r->rows;
    if (s->flip_h) x = columns - 1 - x;
    if (s->flip_v) y = rows - 1 - y;
    int from_x = s->rotation == 1 ? y : s->rotation == 2 ? rows - 1 - y : x;
    int from_y = s->rotation == 1 ? columns - 1 - x : s->rotation == 2 ? x : y;
    return (size_t)from_y * (size_t)r->columns + (size_t)from_x;
}

/// Turns and mirrors an image in place; `width` is that of a pixel in bytes, 2 or 4. `false` without memory.
static bool orient(const Run *r, void *pixels, size_t width) {
    const Setup *s = &r->setup;
    if (!s->rotation && !s->flip_h && !s->flip_v) return true;
    size_t count = (size_t)r->columns * (size_t)r->rows;
    char *before = malloc(count * width);
    if (!before) return false;
    memcpy(before, pixels, count * width);
    int columns = s->rotation ? r->rows : r->columns;
    for (size_t i = 0; i < count; i++) {
        size_t from = source(r, (int)(i % (size_t)columns), (int)(i / (size_t)columns));
        memcpy((char *)pixels + i * width, before + from * width, width);
    }
    free(before);
    return true;
}

// MARK: - Both widths

static size_t pixels_of(const Camera *c) { return (size_t)c->run.columns * (size_t)c->run.rows; }

/// The counter with several scans: all but the three marks are sums.
static void draw_wide_counter(const Camera *c, int64_t index, int32_t *pixels) {
    draw_counter(c, index, (uint16_t *)pixels);
    for (size_t i = pixels_of(c); i-- > 0;) {
        uint16_t value = ((uint16_t *)pixels)[i];
        pixels[i] = i > 2 ? value * (int32_t)c->run.accumulations : value;
    }
}

static void draw_wide(Camera *c, int64_t index, int32_t *pixels) {
    switch (sim.options.pattern) {
    case PATTERN_COUNTER: draw_wide_counter(c, index, pixels); break;
    case PATTERN_RAMP: case PATTERN_FILE: draw_plain(c, index, pixels); break;
    default: draw_real(c, index, pixels);
    }
}

static bool draw_narrow(Camera *c, int64_t index, uint16_t *pixels) {
    size_t count = pixels_of(c);
    int32_t few[4096], *wide = count <= 4096 ? few : malloc(sizeof *wide * count);
    if (!wide) return false;
    draw_wide(c, index, wide);
    for (size_t i = 0; i < count; i++) pixels[i] = wide[i] > 65535 ? 65535 : wide[i] < 0 ? 0 : (uint16_t)wide[i];
    if (wide != few) free(wide);
    return true;
}

bool sim_draw32(Camera *c, int64_t index, int32_t *pixels) {
    draw_wide(c, index, pixels);
    return orient(&c->run, pixels, sizeof *pixels);
}

bool sim_draw16(Camera *c, int64_t index, uint16_t *pixels) {
    bool is_plain = sim.options.pattern == PATTERN_COUNTER && c->run.accumulations == 1;
    if (is_plain) draw_counter(c, index, pixels);
    return (is_plain || draw_narrow(c, index, pixels)) && orient(&c->run, pixels, sizeof *pixels);
}
