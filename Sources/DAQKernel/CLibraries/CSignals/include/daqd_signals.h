// Part of daqd
// SPDX-License-Identifier: MIT
// Signals as bytes of a pipe: libdispatch unblocks every signal on the main thread, so blocking them is no use.
#pragma once

/// Catches SIGTERM, SIGINT and SIGHUP from now on and ignores SIGPIPE; each caught signal becomes one byte, its number.
/// Returns the descriptor to read them from, or -1 with errno.
int daqd_catch_signals(void);
