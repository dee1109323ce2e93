// Part of daqd
// SPDX-License-Identifier: MIT
// What the Glibc module leaves out.
#include <sys/epoll.h>
#include <sys/eventfd.h>
