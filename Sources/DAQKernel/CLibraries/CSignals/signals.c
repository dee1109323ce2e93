// Part of daqd
// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "daqd_signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static int ends[2] = {-1, -1};

static void caught(int number) {
    int saved = errno;
    unsigned char byte = (unsigned char)number;
    ssize_t ignored = write(ends[1], &byte, 1);
    (void)ignored;
    errno = saved;
}

int daqd_catch_signals(void) {
    if (ends[0] >= 0) return ends[0];
    if (pipe2(ends, O_CLOEXEC) != 0) return -1;
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    struct sigaction action = {.sa_handler = caught, .sa_flags = SA_RESTART};
    sigfillset(&action.sa_mask);
    sigaction(SIGTERM, &action, 0);
    sigaction(SIGINT, &action, 0);
    sigaction(SIGHUP, &action, 0);
    signal(SIGPIPE, SIG_IGN);
    return ends[0];
}
