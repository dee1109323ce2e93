// Part of daqd
// SPDX-License-Identifier: MIT
//
// What tests and the plugin's simulation may ask of the stand-in beyond the SDK's own functions.

#ifndef DAQD_ANDOR_SIM_H
#define DAQD_ANDOR_SIM_H

#include <stdint.h>

/// Makes the cameras anew: words `key=value` separated by spaces or newlines; 0 on success, else the number of the wrong word,
/// and then nothing has changed and AndorSim_Error says why.
///
/// - cameras=888:12859,897:7342: models (888, 897, 934, 420) and serial numbers
/// - em_mhz=30,20 mhz=1,0.1 vs_us=0.6,1.13 gains=1,2: tables of all cameras, in place of their models' own
/// - speed=100: of the clock; manual=1: the clock goes by AndorSim_Advance alone
/// - pattern=counter|ramp|dark|spots|file, file=PATH: what images show
/// - buffer=50331648: bytes of the circular buffer; start=20: °C of the sensors; init_ms=0: how long Initialize takes
/// - trigger_hz=0: pulses of a generator at every trigger input; trigger_jitter=0.1: by how much of a period they wander
/// - socket=PATH: a UNIX datagram socket for triggers and faults from other programs
/// - lock=FOLDER: programs that name the same folder share their cameras; who comes second is refused
/// - fail=GetImages16:20013:2: the next calls of a function return a status; classic=1: the warm-up at ShutDown matters
int AndorSim_Configure(const char *words);
/// Why the last call of this thread was refused.
const char *AndorSim_Error(void);
/// Moves the manual clock on.
void AndorSim_Advance(int64_t nanoseconds);
/// The simulated clock, nanoseconds.
int64_t AndorSim_Now(void);
/// A rising (1) or falling (0) edge at a camera's trigger input. The calls that return int give 0, or -1 with an AndorSim_Error.
int AndorSim_Trigger(int handle, int edge);
/// The next `count` calls of a function return a status instead; a count below 0: until it is told otherwise.
int AndorSim_Fail(const char *function, unsigned status, int count);
/// The next call of a function takes so long.
int AndorSim_Hang(const char *function, int milliseconds);
/// Takes a camera's cable out, or puts it in again.
int AndorSim_Unplug(int handle, int unplugged);
/// The next `count` images of a camera are overwritten before anybody can fetch them.
int AndorSim_DropFrames(int handle, int count);
/// A number of a camera: acquired, retrieved, lost, triggers, triggers_ignored, thermal_abuse, initialized, sensor_millicelsius,
/// shutter_mode, cooler, keep_cold, starts, aborts; a negative handle: calls, violations, datagrams, datagrams_refused of the library.
int64_t AndorSim_Counter(int handle, const char *name);
/// Writes every call to a file, or stops with a null path.
int AndorSim_Trace(const char *path);

#endif
