# Part of daqd
# SPDX-License-Identifier: MIT
"""Series with ophyd: the seed IOC's PVs (K4-1) and areaDetector's through the class EigerDetectorCam."""
import threading

from checks import await_that, check, equal, expect, run_client
from eiger_site import AREA_DETECTOR, SEED, new_files_are_the_detectors, stored

from ophyd import EpicsSignal, EpicsSignalRO
from ophyd.areadetector.cam import EigerDetectorCam
from ophyd.signal import EpicsSignalBase

EpicsSignalBase.set_defaults(timeout=60, connection_timeout=60)  # a busy machine may need more than a second or two


def signal(kind, name, **options):
    one = kind(SEED + name, name=name, **options)
    one.wait_for_connection(timeout=60)
    return one


def prepared(**options):
    for name, value in (("CountTime", 0.3), ("FrameTime", 0.1)):
        signal(EpicsSignal, name).set(value).wait(60)
    return signal(EpicsSignal, "Trigger", **options)


@check
def K4_1_set_with_completion():
    before = stored()
    prepared(put_complete=True).set(1).wait(60)
    new_files_are_the_detectors(before, 2)


@check
def K4_1_set_without_completion_sees_the_command_on():
    before = stored()
    trigger = prepared()
    trigger.set(1).wait(60)
    busy = signal(EpicsSignalRO, "Trigger_RBV")
    await_that("the end", lambda: busy.get() == 0, 60)
    new_files_are_the_detectors(before, 2)
    await_that("Off", lambda: trigger.get() == 0)
    trigger.set(1).wait(60)  # "Another set() call is still in progress" if the first never ended
    await_that("the end of the second", lambda: busy.get() == 0, 60)


@check
def EigerDetectorCam_connects_and_takes_images():
    camera = EigerDetectorCam(AREA_DETECTOR, name="camera")
    camera.wait_for_connection(all_signals=True, timeout=60)
    expect(len(camera.read_configuration()) > 0 and len(camera.describe_configuration()) > 0, "configuration")
    for signal, value in [(camera.trigger_mode, "Internal Series"), (camera.manual_trigger, 0), (camera.num_triggers, 1),
                          (camera.num_images, 3), (camera.acquire_time, 0.1), (camera.acquire_period, 0.2)]:
        signal.set(value).wait(60)
    for signal, value in [(camera.acquire_time, 0.1), (camera.acquire_period, 0.2), (camera.num_images, 3)]:
        equal(signal.get(), value, signal.name)
    before = stored()
    seen, ended = [], threading.Event()

    def updated(value, **_):
        seen.append(value)
        if value == 0 and 1 in seen:
            ended.set()
    camera.acquire.subscribe(updated, run=False)
    camera.acquire.put(1)
    expect(ended.wait(60), "Acquire_RBV", seen)
    await_that("the images", lambda: camera.num_images_counter.get() == 3)
    # The first update of a subscription is the value of before.
    equal(seen[seen.index(1):], [1, 0], "Acquire_RBV")
    await_that("the files", lambda: len(set(stored()) - set(before)) == 2, 60)
    new_files_are_the_detectors(before, 2)
    camera.acquire.put(1, use_complete=True, wait=True, timeout=60)
    equal(camera.detector_state.get(as_string=True), "Idle", "state after a put with completion")


run_client()
