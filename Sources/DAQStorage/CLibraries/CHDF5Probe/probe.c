// Part of daqd
// SPDX-License-Identifier: MIT
// In C because between fork and exit only what survives a fork of a threaded process may be used: the C library's memory and
// libhdf5, which no other thread was using. The Swift runtime is not among them.
#include "daqd_h5_probe.h"

#include <fcntl.h>
#include <hdf5/serial/hdf5.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

static herr_t look_at_attribute(hid_t object, const char *name, const H5A_info_t *info, void *unused) {
    (void)info;
    (void)unused;
    hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
    if (attribute < 0) return 0;
    hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
    if (type >= 0) H5Tclose(type);
    if (space >= 0) H5Sclose(space);
    H5Aclose(attribute);
    return 0;
}

static void look_at_dataset(hid_t dataset) {
    hid_t type = H5Dget_type(dataset), space = H5Dget_space(dataset), list = H5Dget_create_plist(dataset);
    if (list >= 0 && space >= 0 && H5Pget_layout(list) == H5D_CHUNKED) {
        hsize_t chunks = 0;
        H5Dget_num_chunks(dataset, space, &chunks);
    }
    if (list >= 0) H5Pclose(list);
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
}

static herr_t look_at_link(hid_t group, const char *name, const H5L_info_t *info, void *unused) {
    (void)unused;
    if (info->type == H5L_TYPE_SOFT || info->type == H5L_TYPE_EXTERNAL) {
        char value[4096];
        H5Lget_val(group, name, value, sizeof value, H5P_DEFAULT);
    }
    return 0;
}

static herr_t look_at_object(hid_t root, const char *name, const H5O_info_t *info, void *unused) {
    (void)unused;
    hid_t object = H5Oopen(root, name, H5P_DEFAULT);
    if (object < 0) return 0;
    hsize_t position = 0;
    H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, &position, look_at_attribute, NULL);
    if (info->type == H5O_TYPE_DATASET) look_at_dataset(object);
    if (info->type == H5O_TYPE_GROUP) H5Literate(object, H5_INDEX_NAME, H5_ITER_INC, NULL, look_at_link, NULL);
    H5Oclose(object);
    return 0;
}

static int look_at_file(const char *path) {
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_file_locking(access, 0, 1);
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, access);
    if (file < 0) return 1;
    return H5Ovisit2(file, H5_INDEX_NAME, H5_ITER_INC, look_at_object, NULL, H5O_INFO_BASIC) < 0 || H5Fclose(file) < 0;
}

pid_t daqd_h5_probe_start(const char *path, unsigned seconds) {
    pid_t child = fork();
    if (child != 0) return child;
    // A crash is the answer that is asked for: no handler, no core file, no words of the C library on the daemon's output.
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGALRM, SIGTERM, SIGINT};
    sigset_t none;
    sigemptyset(&none);
    for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) signal(signals[i], SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    struct rlimit nothing = {0, 0}, memory = {(rlim_t)8 << 30, (rlim_t)8 << 30};
    setrlimit(RLIMIT_CORE, &nothing);
    setrlimit(RLIMIT_DATA, &memory);
    int quiet = open("/dev/null", O_WRONLY);
    if (quiet >= 0) {
        dup2(quiet, STDOUT_FILENO);
        dup2(quiet, STDERR_FILENO);
    }
    alarm(seconds);
    _exit(look_at_file(path));
}
