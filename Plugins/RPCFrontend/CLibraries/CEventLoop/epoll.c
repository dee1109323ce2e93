// Part of daqd
// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "daqd_epoll.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <unistd.h>

static uint32_t wanted(uint32_t events) {
    return (events & DAQD_READABLE ? (uint32_t)EPOLLIN : 0) | (events & DAQD_WRITABLE ? (uint32_t)EPOLLOUT : 0);
}

static int control(int instance, int operation, int descriptor, uint64_t id, uint32_t events) {
    struct epoll_event event = {.events = wanted(events), .data.u64 = id};
    return epoll_ctl(instance, operation, descriptor, &event);
}

int daqd_epoll_new(void) { return epoll_create1(EPOLL_CLOEXEC); }

int daqd_epoll_add(int instance, int descriptor, uint64_t id, uint32_t events) {
    return control(instance, EPOLL_CTL_ADD, descriptor, id, events);
}

int daqd_epoll_change(int instance, int descriptor, uint64_t id, uint32_t events) {
    return control(instance, EPOLL_CTL_MOD, descriptor, id, events);
}

int daqd_epoll_remove(int instance, int descriptor) {
    return control(instance, EPOLL_CTL_DEL, descriptor, 0, 0);
}

int daqd_epoll_wait(int instance, struct daqd_ready *ready, int capacity, int milliseconds) {
    struct epoll_event events[128];
    int count = epoll_wait(instance, events, capacity < 128 ? capacity : 128, milliseconds);
    for (int index = 0; index < count; index++) {
        uint32_t happened = events[index].events;
        ready[index].id = events[index].data.u64;
        ready[index].events = (happened & EPOLLIN ? DAQD_READABLE : 0) | (happened & EPOLLOUT ? DAQD_WRITABLE : 0) |
                              (happened & (EPOLLERR | EPOLLHUP) ? DAQD_BROKEN : 0);
    }
    return count;
}

int daqd_timer_new(void) { return timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC); }

int daqd_timer_set(int timer, int64_t nanoseconds) {
    struct itimerspec time = {.it_value = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000}};
    return timerfd_settime(timer, TFD_TIMER_ABSTIME, &time, 0);
}

int daqd_pipe(int *ends) { return pipe2(ends, O_NONBLOCK | O_CLOEXEC); }

int daqd_accept(int listener, struct sockaddr *address, socklen_t *length) {
    return accept4(listener, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

void daqd_set_waiting(int descriptor, int waits, int milliseconds) {
    int flags = fcntl(descriptor, F_GETFL);
    struct timeval limit = {.tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000};
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    fcntl(descriptor, F_SETFL, waits ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
}

void daqd_rpc_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }
