// Part of daqd
// SPDX-License-Identifier: MIT

#include <daqd_plugin_stamp.h>

DAQD_PLUGIN(.name = "EigerSimulator", .plugin_id = "eiger-simulator", .plugin_version = "0.1.0", .kinds = "simulator",
            .licence = "MIT")
