// Part of daqd
// SPDX-License-Identifier: MIT
//
// Cameras as the computer sees them: how many, which is selected, who they are.

#include "simulator.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

unsigned GetAvailableCameras(int *count) {
    BEGIN(FOR_LIBRARY, "");
    END(sim_tell(count, sim.options.count));
}

unsigned GetCameraHandle(int index, int *handle) {
    BEGIN(FOR_LIBRARY, "%d", index);
    REQUIRE(is_index(index, sim.options.count), P1INVALID);
    REQUIRE(handle, P2INVALID);
    *handle = sim.options.cameras[index].handle;
    END(SUCCESS);
}

unsigned SetCurrentCamera(int handle) {
    BEGIN(FOR_LIBRARY, "%d", handle);
    REQUIRE(sim_camera(handle), P1INVALID);
    sim.current = (int)(sim_camera(handle) - sim.options.cameras);
    END(SUCCESS);
}

unsigned GetCurrentCamera(int *handle) {
    BEGIN(FOR_LIBRARY, "");
    REQUIRE(handle, P1INVALID);
    REQUIRE(c, NOT_INITIALIZED);
    *handle = c->handle;
    END(SUCCESS);
}

unsigned Initialize(char *directory) {
    BEGIN(FOR_LIBRARY, "%s", directory ? directory : "");
    REQUIRE(sim.options.count > 0 && c, NOCAMERA);
    REQUIRE(!c->unplugged, USBERROR);
    if (sim.options.init_ms > 0) {
        pthread_mutex_unlock(&sim.lock);
        usleep((useconds_t)sim.options.init_ms * 1000);
        pthread_mutex_lock(&sim.lock);
    }
    REQUIRE(sim_claim(c), NOT_AVAILABLE);
    if (!c->initialized) sim_reset_setup(c);
    sim_advance(c);
    c->run.running = false;
    c->initialized = true;
    END(SUCCESS);
}

unsigned ShutDown(void) {
    BEGIN(FOR_LIBRARY, "");
    REQUIRE(c && c->initialized, NOT_INITIALIZED);
    sim_cool(c);
    if (sim.options.classic && c->cooling.sensor < -20 && !c->cooling.keep_cold) c->thermal_abuse++;
    if (!c->cooling.keep_cold) c->cooling.cooler = false;
    c->run.running = false;
    c->initialized = false;
    sim_release(c);
    pthread_cond_broadcast(&sim.changed);
    END(SUCCESS);
}

unsigned GetVersionInfo(int id, char *text, unsigned length) {
    BEGIN(FOR_LIBRARY, "%#x", (unsigned)id);
    REQUIRE(id == 0x40000000 || id == 0x40000001, P1INVALID);
    REQUIRE(text, P2INVALID);
    REQUIRE(length > 0, P3INVALID);
    snprintf(text, length, "%s", id == 0x40000000 ? "2.104.0.0 (stand-in)" : "1.0 (stand-in)");
    END(SUCCESS);
}

unsigned GetSoftwareVersion(unsigned *eprom, unsigned *cof, unsigned *vxd_revision, unsigned *vxd, unsigned *dll_revision, unsigned *dll) {
    BEGIN(FOR_CAMERA, "");
    REQUIRE(eprom && cof && vxd_revision && vxd && dll_revision && dll, P1INVALID);
    *eprom = *cof = *vxd_revision = *vxd = 1;
    *dll_revision = 104;
    *dll = 2;
    END(SUCCESS);
}

unsigned GetHardwareVersion(unsigned *pcb, unsigned *decode, unsigned *dummy1, unsigned *dummy2, unsigned *firmware, unsigned *build) {
    BEGIN(FOR_CAMERA, "");
    REQUIRE(pcb && decode && dummy1 && dummy2 && firmware && build, P1INVALID);
    *pcb = 7; *decode = 2; *dummy1 = *dummy2 = 0; *firmware = 31; *build = 4;
    END(SUCCESS);
}

unsigned GetCameraSerialNumber(int *number) {
    BEGIN(FOR_CAMERA, "");
    END(sim_tell(number, c->serial));
}

unsigned GetHeadModel(char *name) {
    BEGIN(FOR_CAMERA, "");
    REQUIRE(name, P1INVALID);
    strcpy(name, c->model.head);
    END(SUCCESS);
}

unsigned GetControllerCardModel(char *name) {
    BEGIN(FOR_CAMERA, "");
    REQUIRE(name, P1INVALID);
    strcpy(name, "USB");
    END(SUCCESS);
}

unsigned GetDetector(int *x, int *y) {
    BEGIN(FOR_CAMERA, "");
    REQUIRE(x, P1INVALID);
    REQUIRE(y, P2INVALID);
    *x = c->model.width;
    *y = c->model.height;
    END(SUCCESS);
}

unsigned GetPixelSize(float *x, float *y) {
    BEGIN(FOR_CAMERA, "");
    REQUIRE(x, P1INVALID);
    REQUIRE(y, P2INVALID);
    *x = *y = c->model.pixel_um;
    END(SUCCESS);
}

unsigned GetCapabilities(AndorCapabilities *capabilities) {
    BEGIN(FOR_CAMERA, "");
    REQUIRE(capabilities && capabilities->size >= 48, P1INVALID);
    size_t size = capabilities->size < sizeof *capabilities ? capabilities->size : sizeof *capabilities;
    uint32_t asked = capabilities->size;
    memcpy(capabilities, &c->model.capabilities, size);
    capabilities->size = asked;
    END(SUCCESS);
}
