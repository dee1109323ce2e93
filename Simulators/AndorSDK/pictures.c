// Part of daqd
// SPDX-License-Identifier: MIT
//
// What an image shows. Every picture depends on serial number, acquisition and index alone, so that a test can repeat it.

#include "simulator.h"
#include <math.h>
#include <string.h>

static uint64_t mix(uint64_t x) {
    x += 0x9e3779b97f4a7c15ull;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ x >> 27) * 0x94d049bb133111ebull;
    return x ^ x >> 31;
}

static double uniform(uint64_t *state) {
    *state = mix(*state);
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

/// Electrons that fall into one pixel of the sensor in one exposure; rows and columns from 1.
static double light(const Camera *c, int x, int y) {
    static const double ions[][2] = {{0.25, 0.3}, {0.4, 0.3}, {0.55, 0.3}, {0.7, 0.3}};
    double total = 0;
    for (int i = 0; i < 4; i++) {
        double dx = x - ions[i][0] * c->model->width, dy = y - ions[i][1] * c->model->height;
        double distance = dx * dx + dy * dy;
        if (distance < 100) total += 200 * exp(-distance / 8);
    }
    return total * (double)c->run.exposure * 1e-9 / 0.1;
}

static double dark(const Camera *c) {
    return 0.001 * exp2((c->cooling.sensor + 80) / 7) * (double)c->run.exposure * 1e-9;
}

/// Multiplication in the EM register: each electron gives an exponentially distributed number.
static double multiply(uint64_t *state, int electrons, int gain) {
    if (gain <= 1 || electrons == 0) return electrons;
    if (electrons > 30) return electrons * (double)gain + sqrt((double)electrons) * gain * normal(state);
    double sum = 0;
    for (int i = 0; i < electrons; i++) sum -= log(uniform(state)) * gain;
    return sum;
}

static int real_pixel(Camera *c, uint64_t *state, int x, int y, int hbin, int vbin) {
    const Setup *s = &c->setup;
    double mean = dark(c) * hbin * vbin;
    if (sim.pattern == PATTERN_SPOTS)
        for (int j = 0; j < vbin; j++)
            for (int i = 0; i < hbin; i++) mean += light(c, x + i, y + j);
    int em = s->amplifier == 0 && s->em_mode >= 2 ? s->em_gain : 1;
    double sensitivity = 16 / c->model->gain[s->gain];
    double counts = multiply(state, poisson(state, mean), em) / sensitivity + 2 * normal(state);
    if (s->count_mode > 0) return (int)fmax(0, counts * sensitivity / em + 0.5);
    return (int)fmax(0, counts + (s->clamp ? 200 : 500) + s->baseline_offset + 0.5);
}

static void draw_real(Camera *c, int64_t index, int32_t *pixels) {
    const Setup *s = &c->setup;
    bool image = s->read_mode == 4 && !s->crop;
    int hbin = image ? s->hbin : 1, vbin = image ? s->vbin : 1, x0 = image ? s->h1 : 1, y0 = image ? s->v1 : 1;
    uint64_t state = mix((uint64_t)c->serial << 40 ^ (uint64_t)c->run.number << 24 ^ (uint64_t)index);
    sim_cool(c);
    for (int y = 0; y < c->run.ny; y++)
        for (int x = 0; x < c->run.nx; x++) {
            int32_t sum = 0;
            for (int64_t n = 0; n < c->run.accumulations; n++) sum += real_pixel(c, &state, x0 + x * hbin, y0 + y * vbin, hbin, vbin);
            pixels[y * c->run.nx + x] = sum;
        }
}

/// The counter: order, place and loss can be read from the pixels.
static void draw_counter(const Camera *c, int64_t index, uint16_t *restrict pixels) {
    int nx = c->run.nx, ny = c->run.ny;
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

/// A ramp over the sensor's own coordinates, each physical pixel (column + row) mod 1000; binning sums it.
static void draw_ramp(const Camera *c, int32_t *pixels) {
    const Setup *s = &c->setup;
    bool image = s->read_mode == 4 && !s->crop;
    int hbin = image ? s->hbin : 1, vbin = image ? s->vbin : 1, x0 = image ? s->h1 : 1, y0 = image ? s->v1 : 1;
    for (int y = 0; y < c->run.ny; y++)
        for (int x = 0; x < c->run.nx; x++) {
            int32_t sum = 0;
            for (int j = 0; j < vbin; j++)
                for (int i = 0; i < hbin; i++) sum += (x0 + x * hbin + i + y0 + y * vbin + j) % 1000;
            pixels[y * c->run.nx + x] = sum * (int32_t)c->run.accumulations;
        }
}

// MARK: - Orientation

static void flip16(const Camera *c, uint16_t *pixels) {
    int nx = c->run.nx, ny = c->run.ny;
    for (int y = 0; c->setup.flip_h && y < ny; y++)
        for (int x = 0; x < nx / 2; x++) {
            uint16_t *row = pixels + y * nx, t = row[x];
            row[x] = row[nx - 1 - x];
            row[nx - 1 - x] = t;
        }
    for (int y = 0; c->setup.flip_v && y < ny / 2; y++)
        for (int x = 0; x < nx; x++) {
            uint16_t t = pixels[y * nx + x];
            pixels[y * nx + x] = pixels[(ny - 1 - y) * nx + x];
            pixels[(ny - 1 - y) * nx + x] = t;
        }
}

void sim_draw32(Camera *c, int64_t index, int32_t *pixels) {
    int count = c->run.nx * c->run.ny;
    switch (sim.pattern) {
    case PATTERN_COUNTER:
        draw_counter(c, index, (uint16_t *)pixels);
        for (int i = count - 1; i >= 0; i--) {
            uint16_t value = ((uint16_t *)pixels)[i];
            pixels[i] = (i > 2 ? value * (int32_t)c->run.accumulations : value);
        }
        break;
    case PATTERN_RAMP: draw_ramp(c, pixels); break;
    default: draw_real(c, index, pixels);
    }
}

void sim_draw16(Camera *c, int64_t index, uint16_t *pixels) {
    int count = c->run.nx * c->run.ny;
    if (sim.pattern == PATTERN_COUNTER && c->run.accumulations == 1) {
        draw_counter(c, index, pixels);
    } else {
        int32_t wide[4096];
        int32_t *all = count <= 4096 ? wide : NULL;
        all = all ? all : __builtin_malloc(sizeof *all * (size_t)count);
        if (!all) return;
        sim_draw32(c, index, all);
        for (int i = 0; i < count; i++) pixels[i] = all[i] > 65535 ? 65535 : (uint16_t)all[i];
        if (all != wide) __builtin_free(all);
    }
    flip16(c, pixels);
}
