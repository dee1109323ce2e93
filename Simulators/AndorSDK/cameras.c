// Part of daqd
// SPDX-License-Identifier: MIT
//
// The models, and how a list of words becomes cameras.

#include "simulator.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EMCCD_CAPABILITIES \
    {52, 0x1 | 0x2 | 0x4 | 0x8 | 0x20, 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x20, 1 | 2 | 8 | 16 | 32, 21, 4 | 8, \
     1 | 2 | 4 | 0x10 | 0x20 | 0x40 | 0x100 | 0x200 | 0x400 | 0x1000 | 0x8000 | 0x10000000, 1 | 2 | 4 | 8 | 0x20 | 0x8000, \
     1 | 2 | 8 | 0x10 | 0x80 | 0x100 | 0x200 | 0x8000 | 0x10000 | 0x40000, 0, 1 | 2 | 4 | 8, 1 | 2 | 4 | 8, 0}

const Model models[] = {
    {.name = "888", .head = "DU888_BV", .width = 1024, .height = 1024, .pixel_um = 13, .em_speeds = 4, .conventional_speeds = 2,
     .em_mhz = {30, 20, 10, 1}, .conventional_mhz = {1, 0.1f}, .vs_speeds = 4, .vs_us = {0.6f, 1.13f, 2.2f, 4.33f}, .gains = 2,
     .gain = {1, 2}, .em_max = 300, .metadata = true, .count_convert = true, .fan = true, .shutter = true,
     .temperature_while_acquiring = true, .recommends_vs = true, .capabilities = EMCCD_CAPABILITIES},
    {.name = "897", .head = "DU897_BV", .width = 512, .height = 512, .pixel_um = 16, .em_speeds = 4, .conventional_speeds = 3,
     .em_mhz = {17, 10, 5, 1}, .conventional_mhz = {3, 1, 0.08f}, .vs_speeds = 5, .vs_us = {0.3f, 0.5f, 0.9f, 1.7f, 3.3f}, .gains = 3,
     .gain = {1, 2.4f, 5.1f}, .em_max = 300, .metadata = true, .count_convert = true, .fan = true, .shutter = true,
     .temperature_while_acquiring = true, .recommends_vs = true, .capabilities = EMCCD_CAPABILITIES},
    {.name = "934", .head = "DU934P_BEX2-DD", .width = 1024, .height = 1024, .pixel_um = 13, .conventional_speeds = 4,
     .conventional_mhz = {5, 3, 1, 0.05f}, .vs_speeds = 3, .vs_us = {2.25f, 11.3f, 45}, .gains = 3, .gain = {1, 2, 4}, .fan = true,
     .shutter = true, .recommends_vs = true,
     .capabilities = {52, 0x1 | 0x2 | 0x4 | 0x8, 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x20, 1 | 2 | 8 | 16 | 32, 13, 4 | 8,
                      1 | 2 | 4 | 0x20 | 0x40 | 0x100 | 0x200 | 0x1000, 1 | 2 | 4 | 8 | 0x8000, 1 | 2 | 8 | 0x80 | 0x10000, 0, 0, 0, 0}},
    {.name = "420", .head = "DU420A_BEX2-DD", .width = 1024, .height = 255, .pixel_um = 26, .conventional_speeds = 3,
     .conventional_mhz = {0.1f, 0.05f, 0.03f}, .vs_speeds = 2, .vs_us = {8.25f, 16.25f}, .gains = 2, .gain = {1, 1.7f}, .shutter = true,
     .capabilities = {52, 0x1 | 0x2 | 0x4 | 0x8, 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x20, 1 | 2 | 8 | 16, 7, 4 | 8, 1 | 2 | 4 | 0x200 | 0x1000,
                      1 | 2 | 4 | 8, 1 | 2 | 8, 0, 0, 0, 0}},
};
const int model_count = sizeof models / sizeof *models;

void sim_reset_setup(Camera *c) {
    const Model *m = c->model;
    c->setup = (Setup){
        .acquisition_mode = 1, .read_mode = 0, .accumulations = 1, .kinetics = 1, .hbin = 1, .vbin = 1, .h1 = 1, .h2 = m->width, .v1 = 1,
        .v2 = m->height, .track_centre = 1, .track_height = 1, .track_bin = 1, .crop_hbin = 1, .crop_vbin = 1, .clamp = true,
        .amplifier = m->em_speeds ? 0 : 1, .em_gain = 1, .wavelength = 500, .vs_speed = 0, .shutter_mode = 2};
}

static bool add_camera(const char *word, size_t length) {
    char text[64];
    if (length >= sizeof text || sim.count == MAX_CAMERAS) return false;
    memcpy(text, word, length);
    text[length] = 0;
    char *colon = strchr(text, ':');
    if (!colon) return false;
    *colon = 0;
    for (int i = 0; i < model_count; i++) {
        if (strcmp(models[i].name, text) != 0) continue;
        Camera *c = &sim.cameras[sim.count];
        free(c->run.times);
        *c = (Camera){.model = &models[i], .handle = FIRST_HANDLE + sim.count, .serial = atoi(colon + 1)};
        c->cooling = (Cooling){.target = 0, .sensor = sim.start_temperature, .in_range_since = -1, .fan_off_since = -1};
        sim_reset_setup(c);
        sim.count++;
        return true;
    }
    return false;
}

static bool add_cameras(const char *list) {
    sim.count = 0;
    while (*list) {
        size_t length = strcspn(list, ",");
        if (length > 0 && !add_camera(list, length)) return false;
        list += length;
        if (*list == ',') list++;
    }
    if (sim.count == 0) sim.count = -1;
    return true;
}

static int pattern_of(const char *name) {
    static const char *names[] = {"counter", "ramp", "dark", "spots"};
    for (int i = 0; i < 4; i++)
        if (strcmp(names[i], name) == 0) return i;
    return -1;
}

/// `cameras` comes last, so that the other words hold for them.
static bool apply(const char *key, const char *value, char *cameras, size_t room) {
    if (strcmp(key, "cameras") == 0) return snprintf(cameras, room, "%s", value) < (int)room;
    if (strcmp(key, "speed") == 0) return (sim.speed = atof(value)) > 0;
    if (strcmp(key, "manual") == 0) sim.manual = atoi(value) != 0;
    else if (strcmp(key, "pattern") == 0) return (sim.pattern = pattern_of(value)) >= 0;
    else if (strcmp(key, "buffer") == 0) return (sim.buffer_bytes = atoll(value)) > 0;
    else if (strcmp(key, "start") == 0) sim.start_temperature = atoi(value);
    else if (strcmp(key, "init_ms") == 0) sim.init_ms = atoi(value);
    else if (strcmp(key, "trigger_hz") == 0) return (sim.trigger_hz = atof(value)) >= 0;
    else if (strcmp(key, "classic") == 0) sim.classic = atoi(value) != 0;
    else return false;
    return true;
}

int AndorSim_Configure(const char *words) {
    pthread_mutex_lock(&sim.lock);
    if (sim.count == 0) {
        pthread_condattr_t attributes;
        pthread_condattr_init(&attributes);
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        pthread_cond_init(&sim.changed, &attributes);
    }
    sim.speed = 1;
    sim.manual = sim.classic = false;
    sim.pattern = PATTERN_COUNTER;
    sim.buffer_bytes = 48 << 20;
    sim.start_temperature = 20;
    sim.init_ms = 0;
    sim.trigger_hz = 0;
    sim.epoch = sim.manual_now = 0;
    char cameras[256] = "888:12859,897:7342";
    int number = 0, wrong = 0;
    while (*words && !wrong) {
        size_t length = strcspn(words, " \n");
        char word[300];
        if (length > 0 && length < sizeof word) {
            number++;
            memcpy(word, words, length);
            word[length] = 0;
            char *equals = strchr(word, '=');
            if (equals) *equals = 0;
            if (!equals || !apply(word, equals + 1, cameras, sizeof cameras)) wrong = number;
        } else if (length > 0) {
            wrong = ++number;
        }
        words += length;
        if (*words) words++;
    }
    if (!wrong && !add_cameras(cameras)) wrong = number + 1;
    sim.current = 0;
    pthread_mutex_unlock(&sim.lock);
    return wrong;
}
