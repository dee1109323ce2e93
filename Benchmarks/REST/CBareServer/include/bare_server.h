// Part of daqd
// SPDX-License-Identifier: MIT
#pragma once

/// Serves one JSON body of `length` bytes at every path with nothing but libmicrohttpd, one epoll thread; its port, or 0.
int bare_server_start(const char *body, unsigned long length);
