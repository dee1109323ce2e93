// Part of daqd
// SPDX-License-Identifier: MIT

#include <daqd_plugin_stamp.h>

DAQD_PLUGIN(.name = "AndorPlugin", .plugin_id = "andor", .plugin_version = "0.1.0", .kinds = "device", .licence = "MIT")
