// Part of daqd
// SPDX-License-Identifier: MIT

#define _GNU_SOURCE
#include "daqd_loader.h"

#include <dlfcn.h>
#include <link.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

void *daqd_load_plugin(const char *path, char **message) {
    // RTLD_NOW so that a missing symbol refuses at start, RTLD_LOCAL so that two vendors' symbols do not meet, RTLD_NODELETE
    // because unmapping a Swift image makes the next dynamic cast crash.
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!handle) {
        const char *text = dlerror();
        *message = text ? strdup(text) : NULL;
    }
    return handle;
}

void daqd_load_own_library(const char *name) {
    // A name without a slash is searched in the RUNPATH of the caller, which is the kernel's: $ORIGIN.
    (void)dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
}

void *daqd_find_symbol(void *handle, const char *name) { return dlsym(handle, name); }

struct visit {
    void (*visit)(const char *, void *);
    void *context;
};

static int visit_image(struct dl_phdr_info *image, size_t size, void *context) {
    (void)size;
    const struct visit *visit = context;
    visit->visit(image->dlpi_name ? image->dlpi_name : "", visit->context);
    return 0;
}

void daqd_visit_images(void (*visit)(const char *, void *), void *context) {
    struct visit arguments = {visit, context};
    dl_iterate_phdr(visit_image, &arguments);
}

const char *daqd_error_text(int number) { return strerrordesc_np(number); }

char *daqd_user_name(uint32_t identifier) {
    struct passwd record, *found = NULL;
    char buffer[4096];
    if (getpwuid_r(identifier, &record, buffer, sizeof buffer, &found) != 0 || !found) return NULL;
    return strdup(found->pw_name);
}

// In libswiftCore.so, which has no header for it.
char *swift_demangle(const char *name, size_t length, char *buffer, size_t *buffer_size, uint32_t flags);

char *daqd_demangle(const char *name) { return swift_demangle(name, strlen(name), NULL, NULL, 0); }

void daqd_loader_free(char *memory) { free(memory); }
