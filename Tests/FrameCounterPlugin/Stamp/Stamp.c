// Part of daqd
// SPDX-License-Identifier: MIT

#include <daqd_plugin_stamp.h>

DAQD_PLUGIN(.name = "FrameCounterPlugin", .plugin_id = "frame-counter", .plugin_version = "0.1.0", .kinds = "frontend", .licence = "MIT")
