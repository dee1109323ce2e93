// Part of daqd
// SPDX-License-Identifier: MIT
// epoll, accept4 and their like: Linux's own calls, which the Glibc module does not show.
#pragma once
#include <stdint.h>
#include <sys/socket.h>

enum { DAQD_READABLE = 1, DAQD_WRITABLE = 2, DAQD_BROKEN = 4 };

/// One descriptor that is ready.
struct daqd_ready {
    uint64_t id;
    uint32_t events;
};

/// A new instance; -1 with errno.
int daqd_epoll_new(void);
/// Begins to watch.
int daqd_epoll_add(int instance, int descriptor, uint64_t id, uint32_t events);
/// Watches for something else.
int daqd_epoll_change(int instance, int descriptor, uint64_t id, uint32_t events);
/// Watches no more.
int daqd_epoll_remove(int instance, int descriptor);
/// Waits; the number of `ready` filled, at most `capacity` and 128.
int daqd_epoll_wait(int instance, struct daqd_ready *ready, int capacity, int milliseconds);
/// A descriptor that becomes readable when its time has come; -1 with errno.
int daqd_timer_new(void);
/// Sets its time, in nanoseconds of the monotonic clock, and clears what was due; 0 for never.
int daqd_timer_set(int timer, int64_t nanoseconds);
/// A pipe whose ends never block.
int daqd_pipe(int *ends);
/// Accepts; the new descriptor never blocks.
int daqd_accept(int listener, struct sockaddr *address, socklen_t *length);
/// Whether calls for a socket wait that do not say otherwise; those that wait for bytes do so for so long at most.
void daqd_set_waiting(int descriptor, int waits, int milliseconds);
/// Gives the calling thread a name of at most 15 bytes.
void daqd_rpc_name_thread(const char *name);
