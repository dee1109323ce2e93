// Part of daqd
// SPDX-License-Identifier: MIT
// Linux calls whose glibc declarations Swift cannot see: they are declared for _GNU_SOURCE only.
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/prctl.h>
#include <unistd.h>

// rename(2) that fails with EEXIST instead of replacing; ENOSYS or EINVAL where the file system cannot do it.
static inline int daqd_rename_noreplace(const char *from, const char *to) {
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 1u);
}

// Names the calling thread; at most 15 bytes count.
static inline void daqd_name_thread(const char *name) { (void)prctl(PR_SET_NAME, name, 0, 0, 0); }

// Starts writing a range back without waiting, so that the fsync at the end has little left to do.
static inline void daqd_start_writeback(int fd, long long offset, long long count) {
    (void)syscall(SYS_sync_file_range, fd, offset, count, 2u);
}
