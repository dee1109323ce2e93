// Part of daqd
// SPDX-License-Identifier: MIT
//
// A plain C program as a user of SDK2 writes it: symbols, widths of arguments, statuses, and the circular buffer's table row by row.
//   abi FILE      with a library that is opened while running
//   abi           (compiled with -DLINKED) with the one that it is linked to
// What only the stand-in can show is left out with a camera's own library, which needs an iXon with software triggers.

#define _GNU_SOURCE
#include "andor_sdk2.h"
#include "functions.h"
#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// MARK: - The header says what the SDK is

#define SAME_TYPE(name, required, arguments) \
    _Static_assert(__builtin_types_compatible_p(__typeof__(name), unsigned arguments), #name);
FUNCTIONS(SAME_TYPE)
_Static_assert(sizeof(int) == 4 && sizeof(unsigned) == 4 && sizeof(long) == 8 && sizeof(float) == 4, "64-bit Linux");
_Static_assert(sizeof(AndorCapabilities) == 52, "13 words");
_Static_assert(offsetof(AndorCapabilities, camera_type) == 16 && offsetof(AndorCapabilities, features) == 32, "their order");
_Static_assert(offsetof(AndorCapabilities, features2) == 48, "the last came later");
_Static_assert(sizeof(AndorSystemTime) == 16 && offsetof(AndorSystemTime, milliseconds) == 14, "8 words of 16 bits");

#define MEMBER(name, required, arguments) unsigned(*name) arguments;
static struct { FUNCTIONS(MEMBER) } sdk;

typedef struct {
    int (*configure)(const char *);
    int (*fail)(const char *, unsigned, int);
    int (*unplug)(int, int);
} Extras;
static Extras sim;

// MARK: - Counting

static int passed, failed;

static void check(bool good, int line, const char *what, long got) {
    if (good) { passed++; return; }
    failed++;
    printf("FAILED line %d: %s (got %ld)\n", line, what, got);
}
#define CHECK(condition) check(condition, __LINE__, #condition, 0)
/// A call and the status that it must have.
#define CODE(status, call) do { unsigned got = (call); check(got == (status), __LINE__, #call " is " #status, got); } while (0)

// MARK: - Places for results, with guards on both sides

typedef struct {
    uint8_t before[8];
    union { int i; unsigned u; float f; uint8_t bytes[4]; } value;
    uint8_t after[8];
} Cell;
static Cell cells[8];
#define I(n) (&cells[n].value.i)
#define U(n) (&cells[n].value.u)
#define F(n) (&cells[n].value.f)

static bool is_all(const uint8_t *bytes, size_t count, uint8_t value) {
    for (size_t i = 0; i < count; i++)
        if (bytes[i] != value) return false;
    return true;
}

/// Whether the first `count` cells were written, each of them within its four bytes.
static bool wrote(int count) {
    for (int i = 0; i < 8; i++) {
        const Cell *c = &cells[i];
        if (!is_all(c->before, 8, 0xA5) || !is_all(c->after, 8, 0xA5)) return false;
        if (is_all(c->value.bytes, 4, 0xA5) == (i < count)) return false;
    }
    return true;
}
/// A call that succeeds and writes so many results.
#define OUT(count, call) do { memset(cells, 0xA5, sizeof cells); CODE(20002, call); CHECK(wrote(count)); } while (0)

// MARK: - Symbols

static void *place_of(void *library, const char *name, bool required) {
    void *address = dlsym(library, name);
    if (!address && (required || sim.configure)) check(false, __LINE__, name, 0);
    else if (!address) printf("not in this library: %s\n", name);
    else passed++;
    return address;
}

static void find_functions(void *library) {
    *(void **)&sim.configure = dlsym(library, "AndorSim_Configure");
    *(void **)&sim.fail = dlsym(library, "AndorSim_Fail");
    *(void **)&sim.unplug = dlsym(library, "AndorSim_Unplug");
#ifdef LINKED
#define FIND(name, required, arguments) sdk.name = name; CHECK((void *)sdk.name == place_of(library, #name, required));
#else
#define FIND(name, required, arguments) *(void **)&sdk.name = place_of(library, #name, required);
#endif
    FUNCTIONS(FIND)
}

// MARK: - Results

static void before_initialize(void) {
    int number = 0;
    OUT(1, sdk.GetAvailableCameras(I(0)));
    CHECK(*I(0) >= 1);
    OUT(1, sdk.GetCameraHandle(0, I(0)));
    int handle = *I(0);
    CODE(20066, sdk.GetCameraHandle(99, &number));
    CODE(20066, sdk.SetCurrentCamera(handle + 4711));
    CODE(20002, sdk.SetCurrentCamera(handle));
    CODE(20075, sdk.GetStatus(&number));
    CODE(20075, sdk.StartAcquisition());
    CODE(20075, sdk.SetReadMode(4));
}

static void results(void) {
    int handle;
    OUT(1, sdk.GetCurrentCamera(I(0)));
    handle = *I(0);
    CHECK(handle >= 100);
    OUT(2, sdk.GetDetector(I(0), I(1)));
    CHECK(*I(0) == 1024 && *I(1) == 1024);
    OUT(2, sdk.GetPixelSize(F(0), F(1)));
    CHECK(*F(0) == 13 && *F(1) == 13);
    OUT(1, sdk.GetCameraSerialNumber(I(0)));
    OUT(6, sdk.GetHardwareVersion(U(0), U(1), U(2), U(3), U(4), U(5)));
    OUT(6, sdk.GetSoftwareVersion(U(0), U(1), U(2), U(3), U(4), U(5)));
    OUT(1, sdk.GetNumberADChannels(I(0)));
    OUT(1, sdk.GetBitDepth(0, I(0)));
    OUT(1, sdk.GetNumberAmp(I(0)));
    OUT(1, sdk.GetNumberHSSpeeds(0, 0, I(0)));
    OUT(1, sdk.GetHSSpeed(0, 0, 0, F(0)));
    CHECK(*F(0) == 30);
    OUT(1, sdk.GetNumberVSSpeeds(I(0)));
    OUT(1, sdk.GetVSSpeed(0, F(0)));
    CHECK(*F(0) == 0.6f);
    OUT(2, sdk.GetFastestRecommendedVSSpeed(I(0), F(1)));
    OUT(1, sdk.GetNumberPreAmpGains(I(0)));
    OUT(1, sdk.GetPreAmpGain(1, F(0)));
    OUT(1, sdk.IsPreAmpGainAvailable(0, 0, 0, 0, I(0)));
    OUT(1, sdk.GetSensitivity(0, 0, 0, 0, F(0)));
    OUT(2, sdk.GetEMGainRange(I(0), I(1)));
    OUT(2, sdk.GetTemperatureRange(I(0), I(1)));
    CHECK(*I(0) < *I(1));
    OUT(1, sdk.IsCoolerOn(I(0)));
    OUT(1, sdk.GetStatus(I(0)));
    CHECK(*I(0) == 20073);
    OUT(3, sdk.GetAcquisitionTimings(F(0), F(1), F(2)));
    OUT(1, sdk.GetReadOutTime(F(0)));
    OUT(1, sdk.GetSizeOfCircularBuffer(I(0)));
    OUT(1, sdk.GetMaximumBinning(4, 0, I(0)));
    OUT(2, sdk.GetShutterMinTimes(I(0), I(1)));
    OUT(1, sdk.GetTotalNumberImagesAcquired(I(0)));
    OUT(2, sdk.GetAcquisitionProgress(I(0), I(1)));
    CHECK(*I(0) == 0 && *I(1) == 0);
    memset(cells, 0xA5, sizeof cells);
    CODE(20034, sdk.GetTemperatureF(F(0)));  // the cooler is off: the status is the result, and the value is good
    CHECK(wrote(1));
}

static void texts_and_structures(void) {
    char text[256];
    memset(text, 1, sizeof text);
    CODE(20002, sdk.GetHeadModel(text));
    CHECK(memchr(text, 0, 32) != NULL);
    CODE(20002, sdk.GetAmpDesc(0, text, 21));
    CHECK(strlen(text) <= 20);
    memset(text, 1, sizeof text);
    CODE(20002, sdk.GetPreAmpGainText(0, text, 3));  // never more than it was given room for
    CHECK(text[3] == 1);
    CODE(20002, sdk.GetVersionInfo(0x40000000, text, 80));
    uint32_t words[16];
    memset(words, 0xA5, sizeof words);
    words[0] = 48;  // a program of before the last word was added
    CODE(20002, sdk.GetCapabilities((AndorCapabilities *)words));
    CHECK(words[0] == 48 && words[4] == 21 && words[12] == 0xA5A5A5A5);
    words[0] = 52;
    CODE(20002, sdk.GetCapabilities((AndorCapabilities *)words));
    CHECK(words[12] != 0xA5A5A5A5 && words[13] == 0xA5A5A5A5);
    CHECK((words[1] & 3) == 3 && words[2] & 1 && (words[3] & 9) == 9);
}

/// Floats come as C floats, and one handle is a C long.
static void widths(void) {
    CODE(20002, sdk.SetExposureTime(0.01234f));
    OUT(3, sdk.GetAcquisitionTimings(F(0), F(1), F(2)));
    CHECK(*F(0) >= 0.01233f && *F(0) < 0.01236f);
    CODE(20002, sdk.SetKineticCycleTime(1.5f));
    CODE(20002, sdk.SetAcquisitionMode(5));
    OUT(3, sdk.GetAcquisitionTimings(F(0), F(1), F(2)));
    CHECK(*F(2) >= 1.4999f && *F(2) < 1.51f);
    CODE(20002, sdk.SetKineticCycleTime(0));
    int handle;
    CODE(20002, sdk.GetCurrentCamera(&handle));
    CODE(20024, sdk.WaitForAcquisitionByHandleTimeOut(handle, 1));
    if (sim.configure) CODE(20066, sdk.WaitForAcquisitionByHandleTimeOut(handle + (1l << 32), 1));
}

// MARK: - The circular buffer

enum { COLUMNS = 4, ROWS = 3, PIXELS = COLUMNS * ROWS, MOST = 8 };
static uint16_t pixels[MOST * PIXELS + 8];
static int32_t wide[MOST * PIXELS + 8];

static void fill(void) {
    memset(pixels, 0xA5, sizeof pixels);
    memset(wide, 0xA5, sizeof wide);
}
static bool untouched_after(int count) {
    return is_all((uint8_t *)(pixels + count), sizeof pixels - 2 * (size_t)count, 0xA5)
        && is_all((uint8_t *)(wide + count), sizeof wide - 4 * (size_t)count, 0xA5);
}

/// GetNumberNewImages: status, first, last.
static void new_images(int line, unsigned status, int first, int last) {
    memset(cells, 0xA5, sizeof cells);
    unsigned got = sdk.GetNumberNewImages(I(0), I(1));
    check(got == status, line, "status of GetNumberNewImages", got);
    check(*I(0) == first, line, "first new image", *I(0));
    check(*I(1) == last, line, "last new image", *I(1));
    check(wrote(2), line, "guards", 0);
}
#define NEW(status, first, last) new_images(__LINE__, status, first, last)

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/// Triggers an image and waits until it is there.
static void take(int number) {
    double end = now() + 30;
    int total = 0;
    unsigned status;
    while ((status = sdk.SendSoftwareTrigger()) == 20013 && now() < end) sdk.WaitForAcquisitionTimeOut(1);
    CHECK(status == 20002);
    while (sdk.GetTotalNumberImagesAcquired(&total) == 20002 && total < number && now() < end) sdk.WaitForAcquisitionTimeOut(10);
    check(total == number, __LINE__, "images taken", total);
}

static void set_up_software(void) {
    CODE(20002, sdk.SetReadMode(4));
    CODE(20002, sdk.SetAcquisitionMode(5));
    CODE(20002, sdk.SetTriggerMode(10));
    CODE(20002, sdk.SetExposureTime(0.001f));
    CODE(20002, sdk.SetImage(1, 1, 1, COLUMNS, 1, ROWS));
}

static void oldest(int index) {
    fill();
    CODE(20002, sdk.GetOldestImage16(pixels, PIXELS));
    CHECK(untouched_after(PIXELS));
    if (sim.configure) check(pixels[0] == index, __LINE__, "index in the oldest image", pixels[0]);
}

/// The rows that the users of an iXon Ultra 888 noted, then the rules of the other calls.
static void buffer_table(void) {
    set_up_software();
    CODE(20073, sdk.SendSoftwareTrigger());
    CODE(20002, sdk.StartAcquisition());
    NEW(20024, 0, 0);
    take(1); NEW(20002, 1, 1);
    take(2); NEW(20002, 1, 2);
    take(3); NEW(20002, 1, 3);
    oldest(1); NEW(20002, 2, 3);
    oldest(2); NEW(20002, 3, 3);
    oldest(3); NEW(20024, 3, 3);
    fill();
    CODE(20024, sdk.GetOldestImage16(pixels, PIXELS));
    CHECK(untouched_after(0));
    NEW(20024, 3, 3);
    take(4); NEW(20002, 4, 4);
    CODE(20072, sdk.SetReadMode(4));
    CODE(20002, sdk.AbortAcquisition());
    CODE(20073, sdk.AbortAcquisition());
    NEW(20002, 4, 4);
    CODE(20002, sdk.StartAcquisition());
    NEW(20024, 0, 0);
}

static void series_of_images(void) {
    int first = -1, last = -1;
    CODE(20024, sdk.GetImages16(1, 1, pixels, PIXELS, &first, &last));
    CODE(20024, sdk.GetNumberAvailableImages(&first, &last));
    CODE(20024, sdk.GetMostRecentImage16(pixels, PIXELS));
    for (int i = 1; i <= 5; i++) take(i);
    CODE(20066, sdk.GetOldestImage16(NULL, PIXELS));
    CODE(20067, sdk.GetOldestImage16(pixels, PIXELS - 1));
    CODE(20067, sdk.GetOldestImage(wide, PIXELS + 1));
    CODE(20068, sdk.GetImages16(1, 2, NULL, 2 * PIXELS, &first, &last));
    CODE(20069, sdk.GetImages16(1, 2, pixels, PIXELS, &first, &last));
    NEW(20002, 1, 5);
    fill();
    OUT(2, sdk.GetImages16(1, 3, pixels, 3 * PIXELS, I(0), I(1)));
    CHECK(*I(0) == 1 && *I(1) == 3 && untouched_after(3 * PIXELS));
    NEW(20002, 4, 5);
    fill();
    OUT(2, sdk.GetImages(2, 2, wide, PIXELS, I(0), I(1)));  // an image twice, of those already fetched
    CHECK(*I(0) == 2 && *I(1) == 2);
    CHECK(is_all((uint8_t *)(wide + PIXELS), sizeof wide - 4 * PIXELS, 0xA5));
    NEW(20002, 4, 5);
    fill();
    memset(cells, 0xA5, sizeof cells);
    CODE(20049, sdk.GetImages16(4, 7, pixels, 4 * PIXELS, I(0), I(1)));
    CHECK(*I(0) == 4 && *I(1) == 5 && untouched_after(0));
    CODE(20049, sdk.GetImages16(3, 2, pixels, PIXELS, &first, &last));
    CODE(20049, sdk.GetImages16(0, 2, pixels, 3 * PIXELS, &first, &last));
    OUT(2, sdk.GetNumberAvailableImages(I(0), I(1)));
    CHECK(*I(0) == 1 && *I(1) == 5);
    CODE(20002, sdk.GetMostRecentImage16(pixels, PIXELS));
    if (sim.configure) CHECK(pixels[0] == 5);
    NEW(20024, 5, 5);
    CODE(20072, sdk.GetAcquiredData16(pixels, PIXELS));
    CODE(20072, sdk.FreeInternalMemory());
    CODE(20002, sdk.AbortAcquisition());
    OUT(1, sdk.GetTotalNumberImagesAcquired(I(0)));
    CHECK(*I(0) == 5);
    CODE(20024, sdk.GetAcquiredData16(pixels, PIXELS));  // not of a run till abort
    CODE(20002, sdk.FreeInternalMemory());
    CODE(20024, sdk.GetNumberAvailableImages(&first, &last));
}

static void wait_until_idle(void) {
    double end = now() + 30;
    int status = 0;
    while (sdk.GetStatus(&status) == 20002 && status == 20072 && now() < end) sdk.WaitForAcquisitionTimeOut(10);
    check(status == 20073, __LINE__, "the series ends by itself", status);
}

static void finished_series(void) {
    CODE(20002, sdk.SetTriggerMode(0));
    CODE(20002, sdk.SetAcquisitionMode(3));
    CODE(20002, sdk.SetNumberAccumulations(1));
    CODE(20002, sdk.SetNumberKinetics(3));
    CODE(20002, sdk.StartAcquisition());
    wait_until_idle();
    NEW(20002, 1, 3);
    CODE(20067, sdk.GetAcquiredData16(pixels, PIXELS));
    fill();
    CODE(20002, sdk.GetAcquiredData16(pixels, 3 * PIXELS));
    CHECK(untouched_after(3 * PIXELS));
    if (sim.configure) CHECK(pixels[0] == 1 && pixels[PIXELS] == 2 && pixels[2 * PIXELS] == 3);
    CODE(20002, sdk.SetAcquisitionMode(1));
    CODE(20002, sdk.StartAcquisition());
    wait_until_idle();
    NEW(20002, 1, 1);
}

// MARK: - What only the stand-in can show

/// A buffer of four that nobody reads: the images that are gone count as retrieved.
static void overrun(void) {
    int first, last;
    CHECK(sim.configure("cameras=888:12859 buffer=96") == 0);
    CODE(20002, sdk.Initialize(""));
    set_up_software();
    OUT(1, sdk.GetSizeOfCircularBuffer(I(0)));
    CHECK(*I(0) == 4);
    CODE(20002, sdk.StartAcquisition());
    for (int i = 1; i <= 10; i++) take(i);
    NEW(20002, 7, 10);
    OUT(2, sdk.GetNumberAvailableImages(I(0), I(1)));
    CHECK(*I(0) == 7 && *I(1) == 10);
    CODE(20049, sdk.GetImages16(6, 10, pixels, 5 * PIXELS, &first, &last));
    CHECK(first == 7 && last == 10);
    oldest(7);
    NEW(20002, 8, 10);
    CODE(20002, sdk.GetImages16(9, 10, pixels, 2 * PIXELS, &first, &last));
    NEW(20024, 10, 10);
    CODE(20002, sdk.AbortAcquisition());
}

/// The first wrong argument decides, and its place is told.
static void places(void) {
    int number;
    float value;
    CODE(20066, sdk.SetImage(0, 1, 1, 4, 1, 3));
    CODE(20067, sdk.SetImage(1, 0, 1, 4, 1, 3));
    CODE(20068, sdk.SetImage(1, 1, 0, 4, 1, 3));
    CODE(20069, sdk.SetImage(1, 1, 1, 1025, 1, 3));
    CODE(20076, sdk.SetImage(1, 1, 1, 4, 0, 3));
    CODE(20077, sdk.SetImage(1, 1, 1, 4, 1, 1025));
    CODE(20066, sdk.SetImage(0, 0, 0, 0, 0, 0));
    CODE(20083, sdk.SetIsolatedCropModeEx(1, 4, 4, 1, 1, 1, 0));
    CODE(20066, sdk.SetAcquisitionMode(6));
    CODE(20066, sdk.SetReadMode(5));
    CODE(20066, sdk.SetTriggerMode(2));
    CODE(20078, sdk.IsTriggerModeAvailable(2));
    CODE(20066, sdk.SetExposureTime(-1));
    CODE(20066, sdk.SetNumberKinetics(0));
    CODE(20067, sdk.GetDetector(&number, NULL));
    CODE(20066, sdk.GetHSSpeed(1, 0, 0, &value));
    CODE(20067, sdk.GetHSSpeed(0, 2, 0, &value));
    CODE(20068, sdk.GetHSSpeed(0, 0, 9, &value));
    CODE(20069, sdk.GetHSSpeed(0, 0, 0, NULL));
    CODE(20066, sdk.SetVSSpeed(-1));
    CODE(20066, sdk.SetPreAmpGain(2));
    CODE(20100, sdk.IsAmplifierAvailable(2));
    CODE(20066, sdk.SetEMCCDGain(301));
    CODE(20066, sdk.SetTemperature(-121));
    CODE(20068, sdk.SetShutter(1, 1, -1, 0));
    CODE(20067, sdk.SetShutter(1, 3, 0, 0));
    CODE(20066, sdk.SetImageRotate(3));
    CODE(20094, sdk.SetRandomTracks(1, (int[]){9, 8}));
    CODE(20101, sdk.IsCountConvertModeAvailable(1));
    CODE(20992, sdk.SetCountConvertMode(1));
    CODE(20156, sdk.GetMetaDataInfo(&(AndorSystemTime){0}, &value, 9));
    CODE(20002, sdk.SetImage(3, 1, 1, 4, 1, 3));
    CODE(20099, sdk.StartAcquisition());
    CODE(20078, sdk.GetAcquisitionTimings(&value, &value, &value));
    CODE(20002, sdk.SetImage(1, 1, 1, 4, 1, 3));
    CODE(20002, sdk.SetReadMode(0));
    CODE(20017, sdk.StartAcquisition());  // software triggers want images
    CODE(20002, sdk.SetReadMode(4));
    CODE(20002, sdk.SetTriggerMode(0));
    CODE(20002, sdk.SetRingExposureTimes(2, (float[]){0.001f, 0.002f}));
    CODE(20098, sdk.StartAcquisition());
    CODE(20002, sdk.SetRingExposureTimes(1, (float[]){0.001f}));
    CODE(20078, sdk.SendSoftwareTrigger());
}

static void faults(void) {
    int status;
    CHECK(sim.fail("GetStatus", 20013, 2) == 0);
    CODE(20013, sdk.GetStatus(&status));
    CODE(20013, sdk.GetStatus(&status));
    CODE(20002, sdk.GetStatus(&status));
    CHECK(sim.fail("GetStatu", 20013, 1) != 0);
    CHECK(sim.unplug(100, 1) == 0);
    CODE(20013, sdk.GetStatus(&status));
    CODE(20089, sdk.Initialize(""));
    CHECK(sim.unplug(100, 0) == 0);
    CODE(20075, sdk.GetStatus(&status));
    CODE(20002, sdk.Initialize(""));
    CHECK(sim.configure("cameras=") == 0);
    CODE(20990, sdk.Initialize(""));
}

int main(int count, char *arguments[]) {
#ifdef LINKED
    void *library = RTLD_DEFAULT;
    (void)count;
    (void)arguments;
#else
    void *library = count > 1 ? dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    if (!library) {
        fprintf(stderr, "%s\n", count > 1 ? dlerror() : "usage: abi FILE");
        return 2;
    }
#endif
    find_functions(library);
    if (failed == 0) {
        before_initialize();
        CODE(20002, sdk.Initialize(getenv("ANDOR_DIRECTORY") ? getenv("ANDOR_DIRECTORY") : "/usr/local/etc/andor"));
        results();
        texts_and_structures();
        widths();
        buffer_table();
        series_of_images();
        finished_series();
        CODE(20002, sdk.ShutDown());
        CODE(20075, sdk.ShutDown());
        if (sim.configure) {
            overrun();
            places();
            faults();
        }
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed > 0;
}
