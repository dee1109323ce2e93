# Part of daqd
# SPDX-License-Identifier: MIT
"""Images of the simulated Andor camera with ophyd's own class for areaDetector's driver, and by plain names."""
import threading

from checks import await_that, check, equal, expect, run_client

from ophyd import EpicsSignalRO
from ophyd.areadetector.cam import AndorDetectorCam
from ophyd.signal import EpicsSignalBase

PREFIX = "ANDOR1:cam1:"
EpicsSignalBase.set_defaults(timeout=60, connection_timeout=60)  # a busy machine may need more than a second or two


def connected():
    camera = AndorDetectorCam(PREFIX, name="camera")
    camera.wait_for_connection(all_signals=True, timeout=60)
    return camera


def settle(camera, **settings):
    for name, value in settings.items():
        getattr(camera, name).set(value).wait(60)


@check
def AndorDetectorCam_connects_with_every_signal():
    camera = connected()
    expect(len(camera.read()) >= 0 and len(camera.describe()) >= 0, "read")
    expect(len(camera.read_configuration()) > 0 and len(camera.describe_configuration()) > 0, "configuration")
    equal(camera.manufacturer.get(), "Andor", "manufacturer")
    equal(camera.model.get(), "DU888_BV", "model")
    equal((camera.max_size.max_size_x.get(), camera.max_size.max_size_y.get()), (1024, 1024), "sensor")


@check
def a_series_of_three_is_seen_to_begin_and_to_end():
    camera = connected()
    settle(camera, image_mode="Multiple", num_images=3, num_exposures=1, acquire_time=0.05, trigger_mode="Internal")
    expect(abs(camera.acquire_time.get() - 0.05) < 1e-6, "exposure", camera.acquire_time.get())
    seen, ended = [], threading.Event()

    def updated(value, **_):
        seen.append(value)
        if value == 0 and 1 in seen:
            ended.set()
    camera.acquire.subscribe(updated, run=False)
    camera.acquire.put(1)
    expect(ended.wait(60), "Acquire_RBV", seen)
    # The first update of a subscription is the value of before.
    equal(seen[seen.index(1):], [1, 0], "Acquire_RBV")
    await_that("the count", lambda: camera.num_images_counter.get() == 3)
    camera.acquire.put(1, use_complete=True, wait=True, timeout=60)
    equal(camera.num_images_counter.get(), 3, "images when the put ended")
    await_that("Idle", lambda: camera.detector_state.get(as_string=True) == "Idle")


@check
def region_and_binning_follow_the_camera():
    camera = connected()
    for signal, value in [(camera.bin_x, 1), (camera.bin_y, 1), (camera.min_x, 100), (camera.min_y, 50), (camera.size.size_x, 40),
                          (camera.size.size_y, 20), (camera.bin_x, 2)]:
        signal.set(value).wait(60)
    equal((camera.array_size.array_size_x.get(), camera.array_size.array_size_y.get()), (20, 20), "array size")
    camera.bin_x.set(1).wait(60)


@check
def a_continuous_acquisition_runs_until_0_is_written():
    camera = connected()
    settle(camera, image_mode="Continuous", acquire_time=0.01)
    camera.acquire.put(1)
    await_that("images", lambda: camera.num_images_counter.get() > 3)
    camera.acquire.put(0)
    await_that("the end", lambda: camera.acquire.get() == 0)


@check
def temperature_and_image_by_plain_names():
    temperature = EpicsSignalRO("emccd:cooling:temperature", name="temperature")
    temperature.wait_for_connection(timeout=60)
    expect(-100 < temperature.get() < 30, "temperature", temperature.get())
    camera = connected()
    settle(camera, image_mode="Single", acquire_time=0.01)
    camera.acquire.put(1, use_complete=True, wait=True, timeout=60)
    image = EpicsSignalRO(PREFIX + "ArrayData", name="image")
    image.wait_for_connection(timeout=60)
    pixels = image.get()
    columns, rows = camera.array_size.array_size_x.get(), camera.array_size.array_size_y.get()
    expect(len(pixels) >= columns * rows, "pixels", len(pixels))
    equal(int(pixels[0]), 1, "the first pixel is the image's index")
    equal(int(pixels[2]), 12859, "the third pixel is the camera's serial number")
    equal(int(pixels[columns + 5]), 5 + 3 + 1 + 500, "a pixel of the second row")


run_client()
