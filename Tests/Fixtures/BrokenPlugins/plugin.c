// Part of daqd
// SPDX-License-Identifier: MIT

// A plugin in C that says through files whether any of its code ran. Flags of the test's compiler make it broken:
//   WITNESS            file that the constructor creates, "<WITNESS>.registered" is created by the entry point
//   NO_STAMP           no stamp at all
//   NO_ENTRY           the entry point has another name
//   DEFINES_KERNEL     it defines a symbol that only the kernel has
//   DEFINES_RUNTIME    it defines a symbol that only the Swift runtime has
//   WANTS_SYMBOL       it needs a symbol that nobody has
//   FOREIGN_KERNEL     its entry point does what Registry(host) of a second kernel does

#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#ifndef NO_STAMP
#include <daqd_plugin_stamp.h>

DAQD_PLUGIN(.name = "CorpusPlugin", .plugin_id = "corpus", .plugin_version = "1.2.3", .kinds = "device", .licence = "MIT")
#endif

#ifndef NO_ENTRY
#define ENTRY daqd_register_CorpusPlugin
#else
#define ENTRY daqd_register_SomethingElse
#endif

static void leave(const char *path) {
    int file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (file >= 0) close(file);
}

__attribute__((constructor)) static void constructed(void) { leave(WITNESS); }

#ifdef WANTS_SYMBOL
// The mangled name of DAQKernel.vanished() -> ().
extern void vanished(void) __asm__("$s9DAQKernel8vanishedyyF");
#endif

__attribute__((visibility("default"))) void ENTRY(void *host) {
#ifdef FOREIGN_KERNEL
    // HostRecord: magic, size, storage, owner, reader; a kernel writes the address of its own class to the last.
    ((uintptr_t *)host)[4] = (uintptr_t)&constructed;
#else
    (void)host;
#endif
    leave(WITNESS ".registered");
#ifdef WANTS_SYMBOL
    vanished();
#endif
}

#ifdef DEFINES_KERNEL
__attribute__((visibility("default"))) const int copy_of_the_kernel __asm__("$s9DAQKernel8RegistryVMn") = 1;
#endif

#ifdef DEFINES_RUNTIME
__attribute__((visibility("default"))) const int copy_of_the_runtime __asm__("$sSSMn") = 1;
#endif
