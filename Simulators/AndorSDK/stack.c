// Part of daqd
// SPDX-License-Identifier: MIT
//
// Frames from a file: a FITS image or cube, or raw 16-bit numbers behind a line that gives their shape.

#include "simulator.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CARD = 80, BLOCK = 2880, MOST_PIXELS = 1 << 28 };

typedef struct {
    int bits;
    int64_t axes[3];
    int axis_count;
    double zero;
    bool has_end;
} Header;

static bool read_card(const char *card, Header *h) {
    char text[CARD + 1];
    memcpy(text, card, CARD);
    text[CARD] = 0;
    int axis;
    long long number;
    double value;
    if (strncmp(text, "END     ", 8) == 0) h->has_end = true;
    else if (sscanf(text, "BITPIX  = %lld", &number) == 1) h->bits = number == 8 || number == 16 || number == 32 ? (int)number : 0;
    else if (sscanf(text, "BZERO   = %lf", &value) == 1) h->zero = value;
    else if (sscanf(text, "BSCALE  = %lf", &value) == 1 && value != 1) return sim_fail("file: BSCALE is not 1");
    else if (sscanf(text, "NAXIS%1d  = %lld", &axis, &number) == 2 && axis >= 1 && axis <= 3) h->axes[axis - 1] = number;
    else if (sscanf(text, "NAXIS   = %lld", &number) == 1) h->axis_count = number == 2 || number == 3 ? (int)number : 0;
    return true;
}

static bool set_shape(Stack *s, int64_t width, int64_t height, int64_t frames) {
    if (width < 1 || width > 65536 || height < 1 || height > 65536 || frames < 1 || frames > MOST_PIXELS)
        return sim_fail("file: %lld×%lld pixels, %lld frames are no pictures", (long long)width, (long long)height, (long long)frames);
    if (width * height > MOST_PIXELS / frames) return sim_fail("file: more than %d pixels", MOST_PIXELS);
    *s = (Stack){.width = (int)width, .height = (int)height, .frames = frames};
    return true;
}

static bool read_fits_header(FILE *file, Stack *s, Header *h) {
    char block[BLOCK];
    *h = (Header){.axes = {1, 1, 1}};
    for (int blocks = 0; !h->has_end; blocks++) {
        if (blocks == 64 || fread(block, 1, BLOCK, file) != BLOCK) return sim_fail("file: the FITS header has no END");
        for (int i = 0; i < BLOCK && !h->has_end; i += CARD)
            if (!read_card(block + i, h)) return false;
    }
    if (h->bits == 0) return sim_fail("file: BITPIX is none of 8, 16 and 32");
    if (h->axis_count == 0) return sim_fail("file: NAXIS is neither 2 nor 3");
    return set_shape(s, h->axes[0], h->axes[1], h->axis_count == 3 ? h->axes[2] : 1);
}

/// A raw file begins with the line `WIDTH HEIGHT FRAMES`; little-endian numbers of 16 bits follow.
static bool read_raw_header(FILE *file, Stack *s, Header *h) {
    long long width, height, frames;
    char line[80];
    if (!fgets(line, sizeof line, file) || sscanf(line, "%lld %lld %lld", &width, &height, &frames) != 3)
        return sim_fail("file: it is no FITS, and its first line is not WIDTH HEIGHT FRAMES");
    *h = (Header){.bits = -16};
    return set_shape(s, width, height, frames);
}

static int32_t decode(const uint8_t *b, const Header *h) {
    switch (h->bits) {
    case 8: return b[0];
    case 16: return (int16_t)(b[0] << 8 | b[1]) + (int32_t)h->zero;
    case 32: return (int32_t)((uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3]);
    default: return b[1] << 8 | b[0];
    }
}

static bool read_pixels(FILE *file, Stack *s, const Header *h) {
    size_t count = (size_t)s->width * (size_t)s->height * (size_t)s->frames, width = (size_t)abs(h->bits) / 8;
    s->pixels = malloc(count * sizeof *s->pixels);
    if (!s->pixels) return sim_fail("file: no memory for %zu pixels", count);
    uint8_t piece[4096];
    for (size_t done = 0; done < count;) {
        size_t wanted = count - done < sizeof piece / width ? count - done : sizeof piece / width;
        if (fread(piece, width, wanted, file) != wanted) {
            free(s->pixels);
            s->pixels = NULL;
            return sim_fail("file: it ends before its last pixel");
        }
        for (size_t i = 0; i < wanted; i++) s->pixels[done + i] = decode(piece + i * width, h);
        done += wanted;
    }
    return true;
}

bool sim_load_stack(const char *path, Stack *stack) {
    FILE *file = fopen(path, "rbe");
    if (!file) return sim_fail("file: %s cannot be opened", path);
    char magic[6];
    bool is_fits = fread(magic, 1, 6, file) == 6 && memcmp(magic, "SIMPLE", 6) == 0;
    rewind(file);
    Header h;
    bool good = is_fits ? read_fits_header(file, stack, &h) : read_raw_header(file, stack, &h);
    if (good && (h.zero < -1e6 || h.zero > 1e6)) good = sim_fail("file: BZERO is out of range");
    good = good && read_pixels(file, stack, &h);
    fclose(file);
    return good;
}
