// Part of daqd
// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>

// Starts a child that looks at every object of an HDF5 file and then ends: with 0 when libhdf5 read all of it, with 1 when it refused,
// by a signal when it crashed or took longer than `seconds`. Returns the child's id, or -1 with errno.
// To be called on the thread that makes all calls of libhdf5, so that the child finds the library between two calls.
pid_t daqd_h5_probe_start(const char *path, unsigned seconds);
