// Part of daqd
// SPDX-License-Identifier: MIT
//
// One program at a time has a camera: a locked file for each serial number, in a folder that the programs share. The lock goes
// with the program that held it, however that ends.

#include "simulator.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/// `false` when another program, or another copy of this library, has the camera.
bool sim_claim(Camera *c) {
    if (!*sim.options.lock || c->lock_file >= 0) return true;
    char path[200];
    snprintf(path, sizeof path, "%s/andor-%d.lock", sim.options.lock, c->serial);
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) return false;
    if (flock(file, LOCK_EX | LOCK_NB) != 0) {
        close(file);
        return false;
    }
    c->lock_file = file;
    return true;
}

void sim_release(Camera *c) {
    if (c->lock_file < 0) return;
    close(c->lock_file);
    c->lock_file = -1;
}
