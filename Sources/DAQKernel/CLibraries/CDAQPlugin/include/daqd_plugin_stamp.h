// Part of daqd
// SPDX-License-Identifier: MIT

// The stamp of a daqd plugin: 512 bytes in the ELF section `.daqd.plugin` that daqd reads from the file before it loads it.
//
// A plugin has one C file, in a C target of its own beside its Swift files, and says there once who it is:
//
//     #include <daqd_plugin_stamp.h>
//
//     DAQD_PLUGIN(
//         .name = "ShutterPlugin",      // its entry point is daqd_register_ShutterPlugin
//         .plugin_id = "shutter",       // [a-z][a-z0-9-]*, unique among the plugins that a site loads
//         .plugin_version = "1.0.0",    // its own, major.minor.patch
//         .kinds = "device")            // what it registers: device, transport, frontend, postop, simulator
//
// Optional: .vendor and .licence (SPDX). DAQD_PLUGIN_WITH_FLAGS(DAQD_FLAG_EXPERIMENTAL, …) also sets flags. Everything else (the kernel's
// ABI and interface, the compiler, whether it is a debug build) is filled in here.

#ifndef DAQD_PLUGIN_STAMP_H
#define DAQD_PLUGIN_STAMP_H

#include <stddef.h>
#include <stdint.h>

#include "daqd_kernel_abi.h"
#include "daqd_kernel_interface.h"

/// The stamp as it lies in the file; little-endian, which all supported machines are.
struct daqd_plugin_stamp {
    char magic[8];
    uint16_t record_version;
    uint16_t record_size;
    uint16_t doors;
    uint16_t flags;
    uint16_t c_abi_major;
    uint16_t c_abi_minor;
    uint16_t c_abi_minor_needed;
    uint16_t pointer_size;
    uint32_t c_plugin_size;
    uint32_t c_host_size;
    uint16_t kernel_abi_major;
    uint16_t kernel_abi_minor;
    uint32_t swift_compiler;
    uint8_t kernel_interface[32];
    uint8_t reserved[8];
    char plugin_id[64];
    char plugin_version[32];
    char kinds[96];
    char compiler[96];
    char vendor[64];
    char licence[48];
    char name[32];
};

_Static_assert(sizeof(struct daqd_plugin_stamp) == DAQD_STAMP_SIZE, "the stamp has 512 bytes");
_Static_assert(offsetof(struct daqd_plugin_stamp, kernel_interface) == 40, "the stamp's layout is fixed");
_Static_assert(offsetof(struct daqd_plugin_stamp, plugin_id) == 80, "the stamp's layout is fixed");
_Static_assert(offsetof(struct daqd_plugin_stamp, name) == 480, "the stamp's layout is fixed");

// SwiftPM defines DEBUG in debug builds.
#if defined(DEBUG)
#define DAQD_BUILD_FLAGS DAQD_FLAG_DEBUG_BUILD
#else
#define DAQD_BUILD_FLAGS 0
#endif

// The linker is told to keep what nothing refers to; static, so that two plugins can share one test program.
#if defined(__has_attribute)
#if __has_attribute(retain)
#define DAQD_STAMP_RETAIN retain,
#endif
#endif
#ifndef DAQD_STAMP_RETAIN
#define DAQD_STAMP_RETAIN
#endif

#define DAQD_PLUGIN_WITH_FLAGS(extra_flags, ...)                                                                     \
    __attribute__((used, DAQD_STAMP_RETAIN section(".daqd.plugin"), aligned(8)))                                     \
    static const struct daqd_plugin_stamp daqd_plugin_stamp_record = {                                               \
        .magic = {'D', 'A', 'Q', 'D', 'P', 'L', 'G', '1'},                                                           \
        .record_version = DAQD_STAMP_VERSION,                                                                        \
        .record_size = DAQD_STAMP_SIZE,                                                                              \
        .doors = DAQD_DOOR_SWIFT,                                                                                    \
        .flags = DAQD_BUILD_FLAGS | (extra_flags),                                                                   \
        .pointer_size = sizeof(void *),                                                                              \
        .kernel_abi_major = DAQD_KERNEL_ABI_MAJOR,                                                                   \
        .kernel_abi_minor = DAQD_KERNEL_ABI_MINOR,                                                                   \
        .swift_compiler = DAQD_SWIFT_COMPILER,                                                                       \
        .kernel_interface = {DAQD_KERNEL_INTERFACE_SHA256},                                                          \
        .compiler = DAQD_COMPILER_IDENTITY,                                                                          \
        __VA_ARGS__};

/// Defines the stamp of this plugin; see the top of this file.
#define DAQD_PLUGIN(...) DAQD_PLUGIN_WITH_FLAGS(0, __VA_ARGS__)

#endif
