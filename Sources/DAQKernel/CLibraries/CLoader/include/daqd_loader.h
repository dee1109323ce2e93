// Part of daqd
// SPDX-License-Identifier: MIT

// The dynamic linker's functions that Swift's Glibc module does not show, because they want _GNU_SOURCE.

#ifndef DAQD_LOADER_H
#define DAQD_LOADER_H

#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

/// Loads a shared object for ever; NULL when the dynamic linker refuses, with `message` set to its words (for daqd_loader_free).
void *daqd_load_plugin(const char *path, char **message);

/// Loads one of daqd's own libraries from beside the kernel for ever; what is wrong with it shows when a plugin needs it.
void daqd_load_own_library(const char *name);

/// The address of `name` in a loaded object and what it needs; NULL if there is none.
void *daqd_find_symbol(void *handle, const char *name);

/// Calls `visit` with the path of each image of the process; the program itself has the path "".
void daqd_visit_images(void (*visit)(const char *path, void *context), void *context);

/// What an errno value means; NULL if nothing. Static memory.
const char *daqd_error_text(int number);

/// The account's name, for daqd_loader_free; NULL if there is none.
char *daqd_user_name(uint32_t identifier);

/// The readable form of a mangled Swift name, for daqd_loader_free; NULL if it is none.
char *daqd_demangle(const char *name);

/// Frees a text that one of these functions returned.
void daqd_loader_free(char *memory);

#pragma GCC visibility pop

#endif
