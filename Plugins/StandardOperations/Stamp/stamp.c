// Part of daqd
// SPDX-License-Identifier: MIT

#include <daqd_plugin_stamp.h>

DAQD_PLUGIN(
    .name = "StandardOperations", .plugin_id = "standard-operations", .plugin_version = "0.1.0", .kinds = "postop",
    .licence = "MIT")
