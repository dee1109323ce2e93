// Part of daqd
// SPDX-License-Identifier: MIT

// What the kernel asks of the same macros from which stamps are made; the Swift compiler's own clang evaluates them.

#ifndef DAQD_HOST_IDENTITY_H
#define DAQD_HOST_IDENTITY_H

#include <stdint.h>

#include "daqd_kernel_abi.h"
#include "daqd_kernel_interface.h"

static inline const char *daqd_compiler_identity(void) { return DAQD_COMPILER_IDENTITY; }

static inline uint32_t daqd_swift_compiler(void) { return DAQD_SWIFT_COMPILER; }

static inline uint8_t daqd_kernel_interface_byte(int index) {
    static const uint8_t digest[32] = {DAQD_KERNEL_INTERFACE_SHA256};
    return digest[index & 31];
}

#endif
