// Part of daqd
// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>

// write(2) as the full disk has it; the library's own write is this.
ssize_t full_disk_write(int descriptor, const void *bytes, size_t count);
