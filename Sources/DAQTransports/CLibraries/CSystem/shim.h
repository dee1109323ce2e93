// Part of daqd
// SPDX-License-Identifier: MIT
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

// `environ` is a variable that Swift's concurrency checks refuse; posix_spawn takes it as it is.
static inline char **daqd_environment(void) { extern char **environ; return environ; }
// Readable when the process has ended; -1 on kernels without it.
static inline int daqd_process_descriptor(int pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }
static inline int daqd_event_descriptor(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

// GNU functions that the C library hides from modules; declared here as its manual does.
extern int pipe2(int descriptors[2], int flags);
extern int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int first);

static inline int daqd_pipe(int descriptors[2]) { return pipe2(descriptors, O_CLOEXEC); }
static inline int daqd_spawn_directory(posix_spawn_file_actions_t *actions, const char *path) {
    return posix_spawn_file_actions_addchdir_np(actions, path);
}
static inline int daqd_spawn_close_from(posix_spawn_file_actions_t *actions, int first) {
    return posix_spawn_file_actions_addclosefrom_np(actions, first);
}
