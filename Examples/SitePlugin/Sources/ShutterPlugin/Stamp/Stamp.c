// Part of daqd
// SPDX-License-Identifier: MIT

#include <daqd_plugin_stamp.h>

DAQD_PLUGIN(
    .name = "ShutterPlugin",
    .plugin_id = "shutter",
    .plugin_version = "1.0.0",
    .kinds = "device",
    .vendor = "A beamline",
    .licence = "MIT")
