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
    SUCCESS = 20002, ERROR_PAGELOCK = 20010, ERROR_ACK = 20013, ACQUISITION_ERRORS = 20017, NO_NEW_DATA = 20024, TEMP_OFF = 20034,
    TEMP_NOT_STABILIZED = 20035, TEMP_STABILIZED = 20036, TEMP_NOT_REACHED = 20037, TEMP_DRIFT = 20040,
    GENERAL_ERRORS = 20049, P1INVALID = 20066, P2INVALID = 20067, P3INVALID = 20068, P4INVALID = 20069, ACQUIRING = 20072,
    IDLE = 20073, NOT_INITIALIZED = 20075, P5INVALID = 20076, P6INVALID = 20077, INVALID_MODE = 20078, P7INVALID = 20083,
    USBERROR = 20089, RANDOM_TRACK_ERROR = 20094, INVALID_RINGEXPOSURES = 20098, BINNING_ERROR = 20099,
    INVALID_AMPLIFIER = 20100, INVALID_COUNTCONVERT = 20101, MSTIMINGS_ERROR = 20156, NOCAMERA = 20990, NOT_SUPPORTED = 20991, NOT_AVAILABLE = 20992
};

enum { MAX_CAMERAS = 8, MAX_SPEEDS = 8, MAX_TRACKS = 64, MAX_RING = 16, FIRST_HANDLE = 100 };

/// What a model is.
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
    bool metadata, count_convert, fan, shutter, temperature_while_acquiring, recommends_vs, mechanical_shutter;
    AndorCapabilities capabilities;
} Model;

/// What the caller has set.
typedef struct {
    int acquisition_mode, read_mode, trigger_mode, accumulations, kinetics;
    double exposure, accumulate_cycle, kinetic_cycle;
    int hbin, vbin, h1, h2, v1, v2;
    int track_centre, track_height, tracks, track_offset, track_bin, pairs[2 * MAX_TRACKS];
    bool crop;
    int crop_width, crop_height, crop_hbin, crop_vbin, crop_left, crop_bottom;
    bool frame_transfer, metadata, clamp, em_advanced, high_capacity;
    int baseline_offset, flip_h, flip_v, rotation;
    int channel, amplifier, em_speed, conventional_speed, vs_speed, vs_amplitude, gain;
    int em_mode, em_gain, count_mode;
    double wavelength;
    int shutter_type, shutter_mode, shutter_closing, shutter_opening;
    int fk_rows, fk_images, fk_speed;
    int ring_size;            ///< exposures that alternate from trigger to trigger; 0: none
    double ring[MAX_RING];    ///< s
    int io_direction, io_level, aux_out;
} Setup;

/// One acquisition.
typedef struct {
    bool running;
    int64_t start, cycle, scan_cycle, exposure, readout, target, acquired, retrieved, overwritten, seen, accumulations;
    Setup setup;              ///< as it was at the start: what is set later changes no image that is already taken
    int rows, columns;        ///< as they come from the sensor; turning exchanges them, an image's pixels stay as many
    int64_t capacity, number;
    bool clocked;             ///< images come by the clock alone
    int64_t busy_until;       ///< triggers are ignored until then
    int64_t reading_until;    ///< the scan before is being read until then
    int64_t pending[2];       ///< when the triggered scans are complete; with frame transfer one is read while the next is exposed
    int pendings;
    int64_t triggered, scans; ///< scans that were triggered; scans of the image that is not complete yet
    int64_t edges, next_edge; ///< the built-in generator's: how many came, when the next one comes
    int64_t gate_opened;      ///< when the gate of external exposure went up; 0: it is down
    int64_t *times;           ///< when triggered images were complete, a ring of `capacity`
} Run;

typedef struct {
    bool cooler, tripped, was_stable, keep_cold;
    int target, fan;
    double sensor;
    int64_t updated, in_range_since, fan_off_since;
} Cooling;

typedef struct {
    Model model;
    int handle, serial;
    bool initialized, unplugged;
    int lock_file;            ///< says to other programs that the camera is taken; -1: not held
    Setup setup;
    Run run;
    Cooling cooling;
    int64_t lost, triggers_ignored, thermal_abuse, starts, aborts;
} Camera;

/// Frames from a file, each pixel as it is on the sensor.
typedef struct {
    int width, height;
    int64_t frames;
    int32_t *pixels;
} Stack;

/// What the words of a configuration say.
typedef struct {
    Camera cameras[MAX_CAMERAS];
    int count;
    double speed;
    bool manual, classic;
    int64_t buffer_bytes;
    int init_ms, start_temperature, pattern;
    double trigger_hz, trigger_jitter;
    char lock[128], socket[108];
    Stack stack;
} Options;

/// The whole library.
typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    atomic_bool ready;        ///< the cameras were made
    Options options;
    int current;
    int64_t manual_now, epoch;
    uint64_t cancels;
    int64_t calls, datagrams, datagrams_refused;
} Simulator;

enum { PATTERN_COUNTER, PATTERN_RAMP, PATTERN_DARK, PATTERN_SPOTS, PATTERN_FILE };

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

static inline bool is_index(int index, int count) { return index >= 0 && index < count; }
/// A word with one bit set or cleared.
static inline int with_bit(int word, int bit, bool is_set) { return (word & ~(1 << bit)) | (is_set ? 1 << bit : 0); }

// calls.c: what most functions do, with the status that they then end with
unsigned sim_tell(int *place, int value);
unsigned sim_tell_float(float *place, double value);
unsigned sim_tell_entry(int index, const float *values, int count, float *place);
unsigned sim_choose(int index, int count, int *place);
unsigned sim_turn(int active, bool *place);

// clock
int64_t sim_now(void);
int64_t sim_real_now(void);

// words.c: how a text becomes options
void sim_configure_from_environment(void);
bool sim_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool sim_number(const char *text, double low, double high, double *number);

// stack.c: frames from a file
bool sim_load_stack(const char *path, Stack *stack);

// claim.c: one program at a time has a camera
bool sim_claim(Camera *c);
void sim_release(Camera *c);

// wire.c: triggers and faults from other programs
bool sim_listen(const char *path);

// calls.c: what tests do to the cameras, with the lock held
bool sim_has_function(const char *name);
bool sim_set_fault(const char *function, unsigned status, int count);
bool sim_set_hang(const char *function, int milliseconds);
void sim_set_cable(Camera *c, bool unplugged);
int64_t sim_counter(int handle, const char *name);

// The camera's arithmetic
void sim_reset_setup(Camera *c);
bool sim_shape(const Camera *c, int *nx, int *ny);
double sim_shift(const Camera *c);
double sim_readout(const Camera *c);
void sim_timings(const Camera *c, double *exposure, double *accumulate, double *kinetic);
void sim_cool(Camera *c);
unsigned sim_temperature_status(Camera *c);
int sim_em_max(Camera *c);
double sim_em_factor(const Setup *s);
double sim_efficiency(double nanometres);
void sim_advance(Camera *c);
void sim_edge(Camera *c, int64_t time, int edge);
int64_t sim_next_event(Camera *c);
int64_t sim_oldest(const Camera *c);
int64_t sim_image_time(const Camera *c, int64_t index);

// pictures.c
uint64_t sim_mix(uint64_t x);
bool sim_draw16(Camera *c, int64_t index, uint16_t *pixels);
bool sim_draw32(Camera *c, int64_t index, int32_t *pixels);

#endif
