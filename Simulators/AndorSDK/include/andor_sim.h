// Part of daqd
// SPDX-License-Identifier: MIT
//
// What tests and the plugin's simulation may ask of the stand-in beyond the SDK's own functions.

#ifndef DAQD_ANDOR_SIM_H
#define DAQD_ANDOR_SIM_H

#include <stdint.h>

/// Makes the cameras anew: words `key=value` separated by spaces or newlines; 0 on success, else the number of the wrong word.
///
/// cameras=888:12859,897:7342  speed=100 (of the clock)  manual=1 (see AndorSim_Advance)  pattern=counter|ramp|dark|spots
/// buffer=50331648 (bytes of the circular buffer)  start=20 (°C of the sensors)  init_ms=0  trigger_hz=0  classic=0
int AndorSim_Configure(const char *words);
/// Moves the manual clock on.
void AndorSim_Advance(int64_t nanoseconds);
/// The simulated clock, nanoseconds.
int64_t AndorSim_Now(void);
/// A rising (1) or falling (0) edge at a camera's trigger input.
void AndorSim_Trigger(int handle, int edge);
/// The next `count` calls of a function return a status instead; a count below 0: until it is told otherwise.
void AndorSim_Fail(const char *function, unsigned status, int count);
/// The next call of a function takes so long.
void AndorSim_Hang(const char *function, int milliseconds);
/// Takes a camera's cable out, or puts it in again.
void AndorSim_Unplug(int handle, int unplugged);
/// The next `count` images of a camera are overwritten before anybody can fetch them.
void AndorSim_DropFrames(int handle, int count);
/// A number of a camera: acquired, retrieved, lost, triggers_ignored, thermal_abuse, initialized, sensor_millicelsius, shutter_mode,
/// cooler, starts, aborts; a negative handle: calls, violations, of the library.
int64_t AndorSim_Counter(int handle, const char *name);
/// Writes every call to a file, or stops with a null path.
void AndorSim_Trace(const char *path);

#endif
