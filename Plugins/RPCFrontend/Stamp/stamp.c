// Part of daqd
// SPDX-License-Identifier: MIT

#include <daqd_plugin_stamp.h>

DAQD_PLUGIN(.name = "RPCFrontend", .plugin_id = "pc-rpc", .plugin_version = "0.1.0", .kinds = "frontend", .licence = "MIT")
