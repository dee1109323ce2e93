// Part of daqd
// SPDX-License-Identifier: MIT
// An anonymous file in memory; the C library declares the call only with _GNU_SOURCE, which a module cannot ask for.
#pragma once
#include <sys/syscall.h>
#include <unistd.h>

static inline int daqd_memory_file(void) {
    const unsigned int close_on_exec = 1;
    return (int)syscall(SYS_memfd_create, "eiger-sim", close_on_exec);
}
