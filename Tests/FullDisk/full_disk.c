// Part of daqd
// SPDX-License-Identifier: MIT
// A disk that fills up, for a program that is started with this library in LD_PRELOAD: of what it writes into files below the
// folder $FULL_DISK_FOLDER only so many bytes fit as the file $FULL_DISK_ROOM says; the rest is refused as a full file system
// does it, with a short write and then ENOSPC. Without that file there is room for everything.
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "full_disk.h"

static atomic_llong written;

// Whether a descriptor is that of a file below the folder.
static int is_below(int descriptor) {
    const char *folder = getenv("FULL_DISK_FOLDER");
    char link[64], path[4096];
    if (!folder) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    size_t size = strlen(folder);
    return strncmp(path, folder, size) == 0 && path[size] == '/';
}

// How many bytes still fit; negative: no limit.
static long long room(void) {
    const char *name = getenv("FULL_DISK_ROOM");
    FILE *file = name ? fopen(name, "r") : NULL;
    long long bytes = -1;
    if (!file) {
        written = 0;
        return -1;
    }
    if (fscanf(file, "%lld", &bytes) != 1) bytes = -1;
    fclose(file);
    if (bytes < 0) return -1;
    long long left = bytes - written;
    return left > 0 ? left : 0;
}

ssize_t full_disk_write(int descriptor, const void *bytes, size_t count) {
    static ssize_t (*real)(int, const void *, size_t);
    if (!real) real = (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    if (count == 0 || !is_below(descriptor)) return real(descriptor, bytes, count);
    long long left = room();
    if (left == 0) {
        errno = ENOSPC;
        return -1;
    }
    if (left > 0 && (long long)count > left) count = (size_t)left;
    ssize_t result = real(descriptor, bytes, count);
    if (result > 0) written += result;
    return result;
}

ssize_t write(int descriptor, const void *bytes, size_t count) { return full_disk_write(descriptor, bytes, count); }
