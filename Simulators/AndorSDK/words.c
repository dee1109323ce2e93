// Part of daqd
// SPDX-License-Identifier: MIT
//
// What the stand-in is told: words `key=value`, from a call or from the environment. A wrong word changes nothing.

#include "simulator.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char standard_cameras[] = "888:12859,897:7342";

/// What a call of AndorSim_Configure collects before anything of it holds.
typedef struct {
    Options options;
    char cameras[256], file[128];
    double em_mhz[MAX_SPEEDS], mhz[MAX_SPEEDS], vs_us[MAX_SPEEDS], gains[MAX_SPEEDS];
    int em_speeds, speeds, vs_speeds, gain_count;
    struct { char function[48]; unsigned status; int count; } faults[8];
    int fault_count;
} Draft;

static _Thread_local char reason[320];

bool sim_fail(const char *format, ...) {
    va_list list;
    va_start(list, format);
    vsnprintf(reason, sizeof reason, format, list);
    va_end(list);
    return false;
}

const char *AndorSim_Error(void) { return reason; }

/// A whole word that is a number in a range.
bool sim_number(const char *text, double low, double high, double *number) {
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || !isfinite(value)) return sim_fail("“%.60s” is not a number", text);
    if (value < low || value > high) return sim_fail("%.60s is not within %g and %g", text, low, high);
    *number = value;
    return true;
}

static bool whole(const char *text, int64_t low, int64_t high, int64_t *number) {
    double value;
    if (!sim_number(text, (double)low, (double)high, &value)) return false;
    if (value != floor(value)) return sim_fail("%.60s is not a whole number", text);
    *number = (int64_t)value;
    return true;
}

static bool small(const char *text, int low, int high, int *number) {
    int64_t value;
    if (!whole(text, low, high, &value)) return false;
    *number = (int)value;
    return true;
}

static bool flag(const char *text, bool *value) {
    int number;
    if (!small(text, 0, 1, &number)) return false;
    *value = number;
    return true;
}

static bool path(const char *text, char *place, size_t room) {
    if (strlen(text) >= room) return sim_fail("the path is longer than %zu characters", room - 1);
    strcpy(place, text);
    return true;
}

/// The next piece of a list; `false` at its end.
static bool next_piece(const char **list, char separator, char *piece, size_t room) {
    if (!**list) return false;
    const char *end = strchr(*list, separator);
    size_t length = end ? (size_t)(end - *list) : strlen(*list);
    snprintf(piece, room, "%.*s", (int)(length < room ? length : room - 1), *list);
    *list += length + (end != NULL);
    return true;
}

/// A table of a model, in place of its own: at most eight positive numbers.
static bool table(const char *text, double *values, int *count) {
    char piece[32];
    *count = 0;
    while (next_piece(&text, ',', piece, sizeof piece)) {
        if (*count == MAX_SPEEDS) return sim_fail("a table has at most %d numbers", MAX_SPEEDS);
        if (!sim_number(piece, 1e-3, 1e3, &values[(*count)++])) return false;
    }
    return *count > 0 || sim_fail("a table has at least one number");
}

static bool pattern(const char *text, int *number) {
    static const char *names[] = {"counter", "ramp", "dark", "spots", "file"};
    for (int i = 0; i < 5; i++)
        if (strcmp(names[i], text) == 0) { *number = i; return true; }
    return sim_fail("“%.60s” is none of the patterns counter, ramp, dark, spots and file", text);
}

/// `Function:status` or `Function:status:count`.
static bool fault(Draft *d, const char *text) {
    char name[48], status[16], count[16];
    double number, times = 1;
    if (d->fault_count == 8) return sim_fail("there are at most 8 faults");
    bool has_both = next_piece(&text, ':', name, sizeof name) && next_piece(&text, ':', status, sizeof status);
    if (!has_both) return sim_fail("a fault is written Function:status or Function:status:count");
    if (!sim_number(status, 20000, 21000, &number)) return false;
    if (next_piece(&text, ':', count, sizeof count) && !sim_number(count, -1, 1e6, &times)) return false;
    if (!sim_has_function(name)) return sim_fail("the SDK has no function “%s”", name);
    snprintf(d->faults[d->fault_count].function, sizeof name, "%s", name);
    d->faults[d->fault_count].status = (unsigned)number;
    d->faults[d->fault_count++].count = (int)times;
    return true;
}

static bool apply(Draft *d, const char *key, const char *value) {
    Options *o = &d->options;
    if (strcmp(key, "cameras") == 0) return path(value, d->cameras, sizeof d->cameras);
    if (strcmp(key, "speed") == 0) return sim_number(value, 1e-3, 1e6, &o->speed);
    if (strcmp(key, "manual") == 0) return flag(value, &o->manual);
    if (strcmp(key, "pattern") == 0) return pattern(value, &o->pattern);
    if (strcmp(key, "file") == 0) return path(value, d->file, sizeof d->file);
    if (strcmp(key, "buffer") == 0) return whole(value, 1, 1ll << 40, &o->buffer_bytes);
    if (strcmp(key, "start") == 0) return small(value, -120, 50, &o->start_temperature);
    if (strcmp(key, "init_ms") == 0) return small(value, 0, 600000, &o->init_ms);
    if (strcmp(key, "trigger_hz") == 0) return sim_number(value, 0, 1e6, &o->trigger_hz);
    if (strcmp(key, "trigger_jitter") == 0) return sim_number(value, 0, 0.9, &o->trigger_jitter);
    if (strcmp(key, "classic") == 0) return flag(value, &o->classic);
    if (strcmp(key, "lock") == 0) return path(value, o->lock, sizeof o->lock);
    if (strcmp(key, "socket") == 0) return path(value, o->socket, sizeof o->socket);
    if (strcmp(key, "fail") == 0) return fault(d, value);
    if (strcmp(key, "em_mhz") == 0) return table(value, d->em_mhz, &d->em_speeds);
    if (strcmp(key, "mhz") == 0) return table(value, d->mhz, &d->speeds);
    if (strcmp(key, "vs_us") == 0) return table(value, d->vs_us, &d->vs_speeds);
    if (strcmp(key, "gains") == 0) return table(value, d->gains, &d->gain_count);
    return sim_fail("there is no such word");
}

static void replace(float *place, int *count, const double *values, int number) {
    if (number == 0) return;
    for (int i = 0; i < number; i++) place[i] = (float)values[i];
    *count = number;
}

static bool add_camera(Draft *d, const char *text) {
    Options *o = &d->options;
    char model[16], serial[32];
    const char *rest = text;
    if (o->count == MAX_CAMERAS) return sim_fail("there are at most %d cameras", MAX_CAMERAS);
    if (!next_piece(&rest, ':', model, sizeof model) || !*rest) return sim_fail("“%.60s” is not MODEL:SERIAL", text);
    snprintf(serial, sizeof serial, "%s", rest);
    int number;
    if (!small(serial, 0, 99999999, &number)) return false;
    for (int i = 0; i < model_count; i++) {
        if (strcmp(models[i].name, model) != 0) continue;
        Camera *c = &o->cameras[o->count];
        *c = (Camera){.model = models[i], .handle = FIRST_HANDLE + o->count, .serial = number, .lock_file = -1};
        if (c->model.em_speeds) replace(c->model.em_mhz, &c->model.em_speeds, d->em_mhz, d->em_speeds);
        replace(c->model.conventional_mhz, &c->model.conventional_speeds, d->mhz, d->speeds);
        replace(c->model.vs_us, &c->model.vs_speeds, d->vs_us, d->vs_speeds);
        replace(c->model.gain, &c->model.gains, d->gains, d->gain_count);
        c->cooling = (Cooling){.sensor = o->start_temperature, .in_range_since = -1, .fan_off_since = -1};
        sim_reset_setup(c);
        o->count++;
        return true;
    }
    return sim_fail("there is no model “%s”; there are 888, 897, 934 and 420", model);
}

/// What only makes sense together.
static bool complete(Draft *d) {
    Options *o = &d->options;
    const char *list = d->cameras;
    char piece[64];
    while (next_piece(&list, ',', piece, sizeof piece))
        if (*piece && !add_camera(d, piece)) return false;
    struct stat facts;
    if (*o->lock && (stat(o->lock, &facts) != 0 || !S_ISDIR(facts.st_mode))) return sim_fail("lock: %s is no folder", o->lock);
    if ((o->pattern == PATTERN_FILE) != (*d->file != 0)) return sim_fail("pattern=file and file=PATH go together");
    if (*d->file && !sim_load_stack(d->file, &o->stack)) return false;
    return sim_listen(o->socket);
}

/// Reads the words into a draft; the number of the wrong one, 0 when all are good.
static int read_words(Draft *d, const char *words) {
    int number = 0;
    char word[300];
    while (*words) {
        size_t length = strcspn(words, " \n");
        if (length > 0) {
            number++;
            if (length >= sizeof word) { sim_fail("word %d is too long", number); return number; }
            snprintf(word, sizeof word, "%.*s", (int)length, words);
            char *equals = strchr(word, '=');
            if (equals) *equals = 0;
            if (!equals || !apply(d, word, equals + 1)) {
                char why[sizeof reason];
                snprintf(why, sizeof why, "%s", equals ? reason : "a word is written key=value");
                sim_fail("%.60s: %.200s", word, why);
                return number;
            }
        }
        words += length;
        if (*words) words++;
    }
    return complete(d) ? 0 : number + 1;
}

static void forget(Options *o) {
    for (int i = 0; i < o->count; i++) {
        free(o->cameras[i].run.times);
        sim_release(&o->cameras[i]);
    }
    free(o->stack.pixels);
}

static pthread_mutex_t configuring = PTHREAD_MUTEX_INITIALIZER;

int AndorSim_Configure(const char *words) {
    *reason = 0;
    Draft *d = calloc(1, sizeof *d);
    if (!d) return -1;
    d->options = (Options){.speed = 1, .buffer_bytes = 48 << 20, .start_temperature = 20};
    strcpy(d->cameras, standard_cameras);
    pthread_mutex_lock(&configuring);
    int wrong = read_words(d, words ? words : "");
    if (wrong) {
        free(d->options.stack.pixels);
    } else {
        pthread_mutex_lock(&sim.lock);
        if (sim.ready) forget(&sim.options);
        sim.options = d->options;
        sim.current = 0;
        sim.epoch = sim.manual_now = 0;
        for (int i = 0; i < d->fault_count; i++)
            sim_set_fault(d->faults[i].function, d->faults[i].status, d->faults[i].count);
        sim.ready = true;
        pthread_cond_broadcast(&sim.changed);
        pthread_mutex_unlock(&sim.lock);
    }
    pthread_mutex_unlock(&configuring);
    free(d);
    return wrong;
}

// MARK: - The environment

static void append(char *text, size_t room, const char *key, const char *variable) {
    const char *value = getenv(variable);
    size_t length = strlen(text);
    if (value) snprintf(text + length, room - length, " %s%s", key, value);
}

/// Makes the cameras that the environment asks for, the standard ones when it asks for something wrong.
void sim_configure_from_environment(void) {
    char text[2048] = "";
    append(text, sizeof text, "", "ANDOR_SIM");
    append(text, sizeof text, "cameras=", "ANDOR_SIM_CAMERAS");
    append(text, sizeof text, "speed=", "ANDOR_SIM_SPEED");
    append(text, sizeof text, "pattern=", "ANDOR_SIM_PATTERN");
    append(text, sizeof text, "socket=", "ANDOR_SIM_TRIGGER");
    if (AndorSim_Configure(text) != 0) {
        fprintf(stderr, "andor_sim: the environment is not understood: %s; the standard cameras are there instead\n", reason);
        AndorSim_Configure("");
    }
}
