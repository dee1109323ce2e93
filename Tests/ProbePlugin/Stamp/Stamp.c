// Part of daqd
// SPDX-License-Identifier: MIT

#include <daqd_plugin_stamp.h>

DAQD_PLUGIN(.name = "ProbePlugin", .plugin_id = "probe", .plugin_version = "0.1.0", .kinds = "device", .licence = "MIT")
