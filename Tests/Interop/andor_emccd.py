# Part of daqd
# SPDX-License-Identifier: MIT
"""andorEmccd, a Python wrapper that opens /usr/local/lib/libandor.so by ctypes, with the stand-in in that library's place."""
import atexit
import ctypes
import os
import pathlib
import shutil
import sys
import tempfile

import numpy

FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="emccd-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
CABLE = FOLDER / "cable"
os.environ["ANDOR_SIM"] = f"cameras=897:7342,897:11 speed=10 start=20 socket={CABLE}"
os.environ["ANDOR_CABLE"] = str(CABLE)
load = ctypes.cdll.LoadLibrary
ctypes.cdll.LoadLibrary = lambda path: load(f"{os.environ['DAQD_BIN']}/libandor_sim.so" if path.endswith("libandor.so") else path)

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from andor_seed_shim import pulse  # noqa: E402
from andorEmccd.andorEmccd import TRIGGER_EXTERNAL, TRIGGER_INTERNAL, initialise_all_cameras  # noqa: E402
from checks import check, main, until  # noqa: E402

CAMERAS = initialise_all_cameras()


def counter(index, columns, rows, serial, conventional):
    """The stand-in's picture as the wrapper turns it: columns first, and mirrored for the amplifier on the other side."""
    y, x = numpy.indices((rows, columns))
    image = ((x + 3 * y + index) & 4095) + 500
    image[0, :3] = index, 0, serial
    return numpy.flipud(image.T) if conventional else image.T


@check
def cameras_are_found_by_their_serial_numbers():
    assert sorted(CAMERAS) == [11, 7342], CAMERAS
    camera = CAMERAS[7342]
    assert (camera.ccdWidth, camera.ccdHeight) == (512, 512)
    assert camera.preamp_gains == [1.0, 2.4, 5.1] and len(camera.vertical_shift_speeds) == 5
    assert (17.0, True, 16) in camera.get_horizontal_shift_parameters() and (3.0, False, 16) in camera.get_horizontal_shift_parameters()


@check
def every_image_of_both_cameras_comes_in_order():
    for serial, camera in CAMERAS.items():
        camera.set_image_region(10, 29, 5, 14)
        camera.set_exposure_time(0.02)
        assert abs(camera.get_acquisition_timings()[0] - 0.02) < 1e-4
        camera.flush_images()
    got = {serial: [] for serial in CAMERAS}
    for serial, camera in CAMERAS.items():
        camera.register_callback(got[serial].append)
        camera.start_acquisition()
    until(lambda: all(len(images) >= 50 for images in got.values()), "fifty images of each")
    for serial, camera in CAMERAS.items():
        camera.stop_acquisition()
        camera.deregister_callback(got[serial].append)
        for index, image in enumerate(got[serial], 1):
            assert (image == counter(index, 20, 10, serial, conventional=True)).all(), (serial, index)


@check
def triggers_from_outside_make_one_image_each():
    """The handle 100 is the first camera."""
    camera = CAMERAS[7342]
    camera.set_horizontal_shift_parameters(17, em_gain=True, adc_bit_depth=16)
    camera.set_image_region(0, 7, 0, 5)
    camera.set_exposure_time(0.001)
    camera.set_trigger_mode(TRIGGER_EXTERNAL)
    until(lambda: camera.get_all_images() is None, "nothing is left of before")
    camera.start_acquisition()
    pulse(4)
    images = []
    until(lambda: images.extend(camera.get_all_images() or []) or len(images) >= 4, "four images")
    camera.stop_acquisition()
    camera.set_trigger_mode(TRIGGER_INTERNAL)
    assert len(images) == 4
    for index, image in enumerate(images, 1):
        assert (image == counter(index, 8, 6, 7342, conventional=False)).all(), index


@check
def it_cools_and_closes():
    camera = CAMERAS[7342]
    assert camera.get_temperature() is None  # the cooler is off
    camera.set_temperature(0)
    until(lambda: camera.get_temperature() <= 10, "colder")
    camera.set_em_gain(50)
    for each in CAMERAS.values():
        each.close()
    try:
        camera.start_acquisition()
        raise AssertionError("it is closed")
    except AttributeError:
        pass


if __name__ == "__main__":
    main()
