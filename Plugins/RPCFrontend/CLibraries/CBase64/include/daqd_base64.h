// Part of daqd
// SPDX-License-Identifier: MIT
// Base64 of whole groups of three bytes with the vector unit, which Swift cannot reach: its SIMD types have no byte
// shuffle and its functions no instruction set of their own.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// Writes 4 characters for each whole group of 3 bytes; returns how many bytes of `source` it took, a multiple of 3.
///
/// `target` has room for `count / 3 * 4` characters.
size_t daqd_base64_encode(const uint8_t *source, size_t count, char *target);
