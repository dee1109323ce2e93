// Part of daqd
// SPDX-License-Identifier: MIT
// Only the simplified interface of libpng is used: the other one reports errors by longjmp, which Swift cannot bear.
#pragma once
#include <png.h>

static inline png_uint_32 daqd_png_failed(const png_image *image) { return PNG_IMAGE_FAILED(*image); }
static inline png_uint_32 daqd_png_version(void) { return PNG_IMAGE_VERSION; }
static inline png_uint_32 daqd_png_palette(void) { return PNG_FORMAT_RGB_COLORMAP; }
static inline png_uint_32 daqd_png_rgb(void) { return PNG_FORMAT_RGB; }
