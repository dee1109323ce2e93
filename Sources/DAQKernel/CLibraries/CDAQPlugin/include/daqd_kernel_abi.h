// Part of daqd
// SPDX-License-Identifier: MIT

// The numbers that decide whether a plugin and a kernel fit together. They live here and nowhere else: a plugin's stamp and
// the kernel's own identity are both compiled from this file. scripts/kernel-interface prints what a change of the kernel asks for.

#ifndef DAQD_KERNEL_ABI_H
#define DAQD_KERNEL_ABI_H

// The kernel's Swift interface. MINOR grows with every addition; MAJOR grows, and MINOR returns to 0, when something that a
// plugin may use is removed, renamed or means something else. Plugins of another MAJOR are refused.
#define DAQD_KERNEL_ABI_MAJOR 1
#define DAQD_KERNEL_ABI_MINOR 0

// The stamp's own layout.
#define DAQD_STAMP_VERSION 1
#define DAQD_STAMP_SIZE 512

// How a plugin is entered (bits of the stamp's `doors`).
#define DAQD_DOOR_C 1
#define DAQD_DOOR_SWIFT 2
#define DAQD_DOOR_PROCESS 4

// What a plugin says of itself (bits of the stamp's `flags`).
#define DAQD_FLAG_OWN_PROCESS 1
#define DAQD_FLAG_CONCURRENT 2
#define DAQD_FLAG_SIMULATOR 4
#define DAQD_FLAG_EXPERIMENTAL 8
#define DAQD_FLAG_DEBUG_BUILD 16

// Swift's compiler as major*10000 + minor*100 + patch. The Swift compiler says it itself when it reads this header; a C file is
// compiled by the clang of the same toolchain, which says only its commit. 0 means: judge by the commit.
#if defined(__swift__)
#define DAQD_SWIFT_COMPILER __swift__
#else
#define DAQD_SWIFT_COMPILER                                                                                          \
    (__builtin_strcmp(DAQD_COMPILER_IDENTITY, "21.0.0 (https://github.com/swiftlang/llvm-project.git "               \
                                              "11673e6660b2d0a5f9f99b1c7b773f4c2f6df1b0)") == 0                      \
         ? 60301                                                                                                     \
         : 0)
#endif

// Which build of the compiler: its version and commit.
#if defined(__clang_version__)
#define DAQD_COMPILER_IDENTITY __clang_version__
#else
#define DAQD_COMPILER_IDENTITY "GCC " __VERSION__
#endif

#endif
