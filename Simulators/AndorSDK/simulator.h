// Part of daqd
// SPDX-License-Identifier: MIT
//
// The stand-in's state. One lock guards everything; what changes with time is computed from the clock when it is asked for.

#ifndef ANDOR_SIMULATOR_H
#define ANDOR_SIMULATOR_H

#include "andor_sdk2.h"
#include "include/andor_sim.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

enum {
    SUCCESS = 20002, ERROR_ACK = 20013, ACQUISITION_ERRORS = 20017, NO_NEW_DATA = 20024, TEMP_OFF = 20034,
    TEMP_NOT_STABILIZED = 20035, TEMP_STABILIZED = 20036, TEMP_NOT_REACHED = 20037, TEMP_DRIFT = 20040,
    GENERAL_ERRORS = 20049, P1INVALID = 20066, P2INVALID = 20067, P3INVALID = 20068, P4INVALID = 20069, ACQUIRING = 20072,
    IDLE = 20073, NOT_INITIALIZED = 20075, P5INVALID = 20076, P6INVALID = 20077, INVALID_MODE = 20078, P7INVALID = 20083,
    USBERROR = 20089, RANDOM_TRACK_ERROR = 20094, BINNING_ERROR = 20099, INVALID_AMPLIFIER = 20100,
    INVALID_COUNTCONVERT = 20101, MSTIMINGS_ERROR = 20156, NOCAMERA = 20990, NOT_SUPPORTED = 20991, NOT_AVAILABLE = 20992
};

enum { MAX_CAMERAS = 8, MAX_SPEEDS = 5, MAX_TRACKS = 64, FIRST_HANDLE = 100 };

/// What a model is, never changed.
typedef struct {
    const char *name, *head;
    int width, height;
    float pixel_um;
    int em_speeds, conventional_speeds;
    float em_mhz[MAX_SPEEDS], conventional_mhz[MAX_SPEEDS];
    int vs_speeds;
    float vs_us[MAX_SPEEDS];
    int gains;
    float gain[MAX_SPEEDS];
    int em_max;
    bool metadata, count_convert, fan, shutter, temperature_while_acquiring, recommends_vs;
    AndorCapabilities capabilities;
} Model;

/// What the caller has set.
typedef struct {
    int acquisition_mode, read_mode, trigger_mode, accumulations, kinetics;
    double exposure, accumulate_cycle, kinetic_cycle;
    int hbin, vbin, h1, h2, v1, v2;
    int track_centre, track_height, tracks, track_offset, track_bin, pairs[2 * MAX_TRACKS];
    bool crop;
    int crop_width, crop_height, crop_hbin, crop_vbin;
    bool frame_transfer, metadata, clamp, em_advanced, high_capacity;
    int baseline_offset, flip_h, flip_v, rotation;
    int channel, amplifier, em_speed, conventional_speed, vs_speed, vs_amplitude, gain;
    int em_mode, em_gain, count_mode;
    double wavelength;
    int shutter_type, shutter_mode, shutter_closing, shutter_opening;
    int fk_rows, fk_images;
    int io_direction, io_level, aux_out;
} Setup;

/// One acquisition.
typedef struct {
    bool running, cancelled;
    int64_t start, cycle, exposure, readout, target, acquired, retrieved, overwritten, seen, accumulations;
    int nx, ny;
    int64_t capacity, number;
    bool clocked;             ///< images come by the clock alone
    int64_t busy_until;       ///< a triggered image is being exposed or read out until then
    int64_t pending;          ///< when the triggered image is complete; 0: none
    int64_t next_generated;   ///< the built-in generator's next edge
    int64_t gate_opened;      ///< when the gate of external exposure went up; 0: it is down
    int64_t *times;           ///< ends of exposure of triggered images, a ring of `capacity`
} Run;

typedef struct {
    bool cooler, tripped, was_stable, keep_cold;
    int target, fan;
    double sensor;
    int64_t updated, in_range_since, fan_off_since;
} Cooling;

typedef struct {
    const Model *model;
    int handle, serial;
    bool initialized, unplugged;
    Setup setup;
    Run run;
    Cooling cooling;
    int64_t lost, triggers_ignored, thermal_abuse, starts, aborts;
} Camera;

/// The whole library.
typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    Camera cameras[MAX_CAMERAS];
    int count, current;
    double speed;
    bool manual, classic;
    int64_t manual_now, epoch, buffer_bytes;
    int init_ms, start_temperature, pattern;
    double trigger_hz;
    uint64_t cancels;
    int64_t calls;
} Simulator;

enum { PATTERN_COUNTER, PATTERN_RAMP, PATTERN_DARK, PATTERN_SPOTS };

extern Simulator sim;
extern const Model models[];
extern const int model_count;

// calls.c: the frame around every function
enum { FOR_LIBRARY = 0, FOR_CAMERA = 1, WHEN_IDLE = 3 };
unsigned sim_enter(const char *function, int needs, Camera **camera, const char *arguments, ...);
unsigned sim_leave(const char *function, unsigned status);
Camera *sim_camera(int handle);

/// Begins a function: `c` is the selected camera; returns at once what an injected fault or the camera's state demands.
#define BEGIN(needs, ...)                                                     \
    Camera *c = NULL;                                                         \
    unsigned refused = sim_enter(__func__, needs, &c, __VA_ARGS__);           \
    if (refused != SUCCESS) return refused;                                   \
    (void)c
#define END(status) return sim_leave(__func__, status)
/// Ends with a status unless a condition holds.
#define REQUIRE(condition, status) do { if (!(condition)) END(status); } while (0)

// clock
int64_t sim_now(void);
int64_t sim_real_now(void);

// The camera's arithmetic
void sim_reset_setup(Camera *c);
bool sim_shape(const Camera *c, int *nx, int *ny);
double sim_shift(const Camera *c);
double sim_readout(const Camera *c);
void sim_timings(const Camera *c, double *exposure, double *accumulate, double *kinetic);
void sim_cool(Camera *c);
unsigned sim_temperature_status(Camera *c);
int sim_em_max(Camera *c);
void sim_advance(Camera *c);
void sim_edge(Camera *c, int64_t time, int edge, bool generated);
int64_t sim_next_event(Camera *c);
int64_t sim_oldest(const Camera *c);
int64_t sim_image_time(const Camera *c, int64_t index);
void sim_draw16(Camera *c, int64_t index, uint16_t *pixels);
void sim_draw32(Camera *c, int64_t index, int32_t *pixels);

#endif
