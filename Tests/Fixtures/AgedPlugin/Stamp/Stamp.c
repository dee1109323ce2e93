// Part of daqd
// SPDX-License-Identifier: MIT

#include <daqd_plugin_stamp.h>

DAQD_PLUGIN(.name = "AgedPlugin", .plugin_id = "aged", .plugin_version = "1.0.0", .kinds = "device")
