// Part of daqd
// SPDX-License-Identifier: MIT
//
// The models, and a camera's settings when it is switched on.

#include "simulator.h"

#define EMCCD_CAPABILITIES \
    {52, 0x1 | 0x2 | 0x4 | 0x8 | 0x20, 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x20, 1 | 2 | 8 | 16 | 32 | 0x40, 21, 4 | 8, \
     1 | 2 | 4 | 0x10 | 0x20 | 0x40 | 0x100 | 0x200 | 0x400 | 0x1000 | 0x8000 | 0x10000000, 1 | 2 | 4 | 8 | 0x20 | 0x8000, \
     1 | 2 | 8 | 0x10 | 0x80 | 0x100 | 0x200 | 0x8000 | 0x10000 | 0x40000, 0, 1 | 2 | 4 | 8, 1 | 2 | 4 | 8, 0}

const Model models[] = {
    {.name = "888", .head = "DU888_BV", .width = 1024, .height = 1024, .pixel_um = 13, .em_speeds = 4, .conventional_speeds = 2,
     .em_mhz = {30, 20, 10, 1}, .conventional_mhz = {1, 0.1f}, .vs_speeds = 4, .vs_us = {0.6f, 1.13f, 2.2f, 4.33f}, .gains = 2,
     .gain = {1, 2}, .em_max = 300, .metadata = true, .count_convert = true, .fan = true, .shutter = true,
     .temperature_while_acquiring = true, .recommends_vs = true, .mechanical_shutter = true,
     .capabilities = EMCCD_CAPABILITIES},
    {.name = "897", .head = "DU897_BV", .width = 512, .height = 512, .pixel_um = 16, .em_speeds = 4, .conventional_speeds = 3,
     .em_mhz = {17, 10, 5, 1}, .conventional_mhz = {3, 1, 0.08f}, .vs_speeds = 5, .vs_us = {0.3f, 0.5f, 0.9f, 1.7f, 3.3f}, .gains = 3,
     .gain = {1, 2.4f, 5.1f}, .em_max = 300, .metadata = true, .count_convert = true, .fan = true, .shutter = true,
     .temperature_while_acquiring = true, .recommends_vs = true, .mechanical_shutter = true,
     .capabilities = EMCCD_CAPABILITIES},
    {.name = "934", .head = "DU934P_BEX2-DD", .width = 1024, .height = 1024, .pixel_um = 13, .conventional_speeds = 4,
     .conventional_mhz = {5, 3, 1, 0.05f}, .vs_speeds = 3, .vs_us = {2.25f, 11.3f, 45}, .gains = 3, .gain = {1, 2, 4}, .fan = true,
     .shutter = true, .recommends_vs = true, .mechanical_shutter = true,
     .capabilities = {52, 0x1 | 0x2 | 0x4 | 0x8, 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x20, 1 | 2 | 8 | 16 | 32, 13, 4 | 8,
                      1 | 2 | 4 | 0x20 | 0x40 | 0x100 | 0x200 | 0x1000, 1 | 2 | 4 | 8 | 0x8000, 1 | 2 | 8 | 0x80 | 0x10000, 0, 0, 0, 0}},
    {.name = "420", .head = "DU420A_BEX2-DD", .width = 1024, .height = 255, .pixel_um = 26, .conventional_speeds = 3,
     .conventional_mhz = {0.1f, 0.05f, 0.03f}, .vs_speeds = 2, .vs_us = {8.25f, 16.25f}, .gains = 2, .gain = {1, 1.7f}, .shutter = true,
     .capabilities = {52, 0x1 | 0x2 | 0x4 | 0x8, 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x20, 1 | 2 | 8 | 16, 7, 4 | 8, 1 | 2 | 4 | 0x200 | 0x1000,
                      1 | 2 | 4 | 8, 1 | 2 | 8, 0, 0, 0, 0}},
};
const int model_count = sizeof models / sizeof *models;

void sim_reset_setup(Camera *c) {
    const Model *m = &c->model;
    c->setup = (Setup){
        .acquisition_mode = 1, .read_mode = 0, .accumulations = 1, .kinetics = 1, .hbin = 1, .vbin = 1, .h1 = 1, .h2 = m->width, .v1 = 1,
        .v2 = m->height, .track_centre = 1, .track_height = 1, .track_bin = 1, .crop_hbin = 1, .crop_vbin = 1, .crop_left = 1, .crop_bottom = 1, .clamp = true,
        .amplifier = m->em_speeds ? 0 : 1, .em_gain = 1, .wavelength = 500, .vs_speed = 0, .shutter_mode = 2};
}
