# Part of daqd
# SPDX-License-Identifier: MIT
"""The stand-in of Andor's SDK through ctypes, as other programs load it: pictures, triggers, locks, and everything wrong one can say."""
import ctypes
import os
import pathlib
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from checks import check, main, until  # noqa: E402

BUILT = pathlib.Path(sys.argv[1])
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="sdk-"))


class SDK:
    """A copy of the library, so that each check has cameras of its own."""

    def __init__(self, words="manual=1", is_open=True, path=None):
        copy = FOLDER / f"{random.getrandbits(64):x}.so"
        shutil.copy(BUILT, copy)
        self.library = ctypes.CDLL(str(path or copy))
        self.library.AndorSim_Error.restype = ctypes.c_char_p
        self.library.AndorSim_Counter.restype = ctypes.c_int64
        self.library.SetExposureTime.argtypes = self.library.SetKineticCycleTime.argtypes = [ctypes.c_float]
        self.library.SetAccumulationCycleTime.argtypes = [ctypes.c_float]
        self.library.AndorSim_Advance.argtypes = [ctypes.c_int64]
        if words is not None:
            assert self.configure(words) == 0, self.reason()
        if is_open:
            self.ok("Initialize", b"")
            self.ok("SetReadMode", 4)
            self.ok("SetAcquisitionMode", 5)
            self.exposure(0.001)

    def configure(self, words):
        return self.library.AndorSim_Configure(words.encode() if isinstance(words, str) else words)

    def reason(self):
        return self.library.AndorSim_Error().decode(errors="replace")

    def __call__(self, name, *arguments):
        return getattr(self.library, name)(*arguments)

    def ok(self, name, *arguments):
        status = self(name, *arguments)
        assert status == 20002, (name, arguments, status)

    def exposure(self, seconds):
        self.ok("SetExposureTime", seconds)

    def numbers(self, name, *arguments, count=1, kind=ctypes.c_int):
        places = [kind() for _ in range(count)]
        self.ok(name, *arguments, *map(ctypes.byref, places))
        return [place.value for place in places]

    def number(self, name, *arguments, kind=ctypes.c_int):
        return self.numbers(name, *arguments, kind=kind)[0]

    def timings(self):
        return self.numbers("GetAcquisitionTimings", count=3, kind=ctypes.c_float)

    def advance(self, seconds):
        self.library.AndorSim_Advance(round(seconds * 1e9))

    def counter(self, name, handle=100):
        return self.library.AndorSim_Counter(handle, name.encode())

    def image(self, index, rows, columns, wide=False):
        pixels = numpy.zeros((rows, columns), numpy.int32 if wide else numpy.uint16)
        ends = ctypes.c_int(), ctypes.c_int()
        self.ok("GetImages" if wide else "GetImages16", index, index, pixels.ctypes.data_as(ctypes.c_void_p), pixels.size,
                *map(ctypes.byref, ends))
        return pixels

    def take(self, rows, columns, wide=False):
        """The first image of a new acquisition, on the manual clock."""
        self.ok("StartAcquisition")
        self.advance(self.timings()[2] * 1.01)
        pixels = self.image(1, rows, columns, wide)
        if self.number("GetStatus") == 20072:
            self.ok("AbortAcquisition")
        return pixels


# MARK: pictures

def ramp(left, bottom, columns, rows):
    y, x = numpy.indices((rows, columns))
    return (x + left + y + bottom) % 1000


@check
def turning_and_mirroring_move_every_pixel():
    for pattern in ("counter", "ramp"):
        sdk = SDK(f"manual=1 pattern={pattern}")
        sdk.ok("SetImage", 1, 1, 3, 7, 2, 4)
        plain = {wide: sdk.take(3, 5, wide) for wide in (False, True)}
        if pattern == "ramp":
            assert (plain[False] == ramp(3, 2, 5, 3)).all()
        for rotation, turns in ((0, 0), (1, -1), (2, 1)):
            for horizontal in (0, 1):
                for vertical in (0, 1):
                    sdk.ok("SetImageRotate", rotation)
                    sdk.ok("SetImageFlip", horizontal, vertical)
                    for wide in (False, True):
                        expected = numpy.rot90(plain[wide], turns)
                        expected = expected[:, ::-1] if horizontal else expected
                        expected = expected[::-1] if vertical else expected
                        got = sdk.take(*expected.shape, wide)
                        assert (got == expected).all(), (pattern, rotation, horizontal, vertical, wide, got, expected)


@check
def what_is_set_later_changes_no_image_that_is_taken():
    sdk = SDK("manual=1 pattern=ramp")
    sdk.ok("SetImage", 1, 1, 1, 4, 1, 2)
    before = sdk.take(2, 4)
    sdk.ok("SetImageFlip", 1, 1)
    sdk.ok("SetImage", 1, 1, 11, 14, 1, 2)
    assert (sdk.image(1, 2, 4) == before).all()


@check
def binning_crop_and_tracks_sum_the_pixels_of_the_sensor():
    sdk = SDK("manual=1 pattern=ramp")
    sdk.ok("SetImage", 2, 3, 1, 8, 1, 6)
    assert (sdk.take(2, 4) == ramp(1, 1, 8, 6).reshape(2, 3, 4, 2).sum((1, 3))).all()
    sdk.ok("SetIsolatedCropModeEx", 1, 6, 8, 3, 2, 101, 51)
    assert (sdk.take(2, 4) == ramp(101, 51, 8, 6).reshape(2, 3, 4, 2).sum((1, 3))).all()
    sdk.ok("SetIsolatedCropMode", 0, 6, 8, 1, 1)
    whole = ramp(1, 1, 1024, 1024)
    sdk.ok("SetReadMode", 0)
    assert (sdk.take(1, 1024, wide=True) == whole.sum(0)).all()
    assert (sdk.take(1, 1024) == numpy.minimum(whole.sum(0), 65535)).all()  # 16 bits clip
    sdk.ok("SetReadMode", 3)
    sdk.ok("SetSingleTrack", 100, 5)
    assert (sdk.take(1, 1024) == whole[97:102].sum(0)).all()
    sdk.ok("SetReadMode", 2)
    sdk.ok("SetRandomTracks", 3, (ctypes.c_int * 6)(1, 1, 5, 6, 1020, 1024))
    assert (sdk.take(3, 1024) == [whole[a - 1:b].sum(0) for a, b in ((1, 1), (5, 6), (1020, 1024))]).all()
    sdk.ok("SetReadMode", 1)
    bottom, gap = sdk.numbers("SetMultiTrack", 4, 10, 0, count=2)
    tracks = [whole[bottom - 1 + i * (10 + gap):][:10].sum(0) for i in range(4)]
    assert (sdk.take(4, 1024) == tracks).all()


def fits(path, cube, bits=16, zero=32768, more=()):
    cards = [("SIMPLE", "T"), ("BITPIX", bits), ("NAXIS", cube.ndim)]
    cards += [(f"NAXIS{i + 1}", size) for i, size in enumerate(reversed(cube.shape))] + [("BZERO", zero)] + list(more)
    header = "".join(f"{key:8}= {value:>20}".ljust(80) for key, value in cards) + "END".ljust(80)
    data = (cube.astype(numpy.int64) - zero).astype(f">i{bits // 8}" if bits > 8 else "u1").tobytes()
    path.write_bytes(header.ljust(-(-len(header) // 2880) * 2880).encode() + data + bytes(-len(data) % 2880))


@check
def frames_come_from_a_file():
    frames = numpy.random.default_rng(1).integers(0, 65536, (3, 6, 9))
    fits(FOLDER / "cube.fits", frames)
    (FOLDER / "stack.raw").write_bytes(b"9 6 3\n" + frames.astype("<u2").tobytes())
    for name in ("cube.fits", "stack.raw"):
        sdk = SDK(f"manual=1 pattern=file file={FOLDER / name}")
        sdk.ok("SetImage", 1, 1, 2, 9, 3, 6)
        sdk.ok("StartAcquisition")
        sdk.advance(sdk.timings()[2] * 5.5)
        for index in range(1, 6):
            assert (sdk.image(index, 4, 8) == frames[(index - 1) % 3, 2:6, 1:9]).all(), (name, index)
        sdk.ok("AbortAcquisition")
        sdk.ok("SetImage", 3, 2, 1, 9, 1, 6)
        assert (sdk.take(3, 3, wide=True) == frames[0].reshape(3, 2, 3, 3).sum((1, 3))).all(), name
        sdk.ok("SetImage", 1, 1, 8, 11, 6, 8)
        edge = sdk.take(3, 4)
        assert edge[0].tolist() == frames[0, 5, 7:].tolist() + [0, 0] and not edge[1:].any(), name
    for bits, zero in ((8, 0), (32, 0)):
        fits(FOLDER / "one.fits", frames[0] % 256, bits, zero)
        sdk = SDK(f"manual=1 pattern=file file={FOLDER / 'one.fits'}")
        sdk.ok("SetImage", 1, 1, 1, 9, 1, 6)
        assert (sdk.take(6, 9) == frames[0] % 256).all(), bits


@check
def noise_is_the_same_each_time_and_follows_gain_temperature_and_clamp():
    def image(words, gain=0, clamp=1, region=(200, 300, 280, 330)):
        sdk = SDK(f"manual=1 {words}")
        sdk.exposure(0.1)
        sdk.ok("SetEMGainMode", 3)
        if gain:
            sdk.ok("SetEMCCDGain", gain)
        sdk.ok("SetBaselineClamp", clamp)
        sdk.ok("SetImage", 1, 1, *region)
        return sdk.take(region[3] - region[2] + 1, region[1] - region[0] + 1).astype(float)

    spots = image("pattern=spots start=-80")
    assert (spots == image("pattern=spots start=-80")).all()
    assert (spots != image("pattern=spots start=-80 cameras=888:2")).any()
    peak = numpy.unravel_index(image("pattern=spots start=-80", gain=100).argmax(), spots.shape)
    assert abs(peak[1] + 200 - 256) <= 5 and abs(peak[0] + 280 - 307) <= 5, peak
    assert image("pattern=spots start=-80", gain=100).max() > 10 * (spots.max() - 200)
    dark = image("pattern=dark start=-80")
    assert abs(dark.mean() - 200) < 2 and abs(image("pattern=dark start=-80", clamp=0).mean() - 500) < 2
    assert image("pattern=dark start=20", gain=50).mean() > dark.mean() + 2


@check
def counts_are_converted_only_where_the_settings_allow_it():
    sdk = SDK("manual=1 pattern=dark start=-80")
    assert sdk("SetCountConvertMode", 1) == 20992
    sdk.ok("SetPreAmpGain", 1)
    assert sdk("IsCountConvertModeAvailable", 1) == 20101
    sdk.ok("SetEMGainMode", 3)
    sdk.ok("SetEMCCDGain", 10)
    sdk.ok("SetCountConvertMode", 2)
    sdk.ok("SetImage", 1, 1, 1, 64, 1, 64)
    assert sdk.take(64, 64).mean() < 50  # photons have no baseline
    assert SDK("manual=1 cameras=420:1")("SetCountConvertMode", 1) == 20991


# MARK: time

@check
def frame_rates_are_those_of_the_data_sheets():
    for model, size, speed, rate in (("888", 1024, 0, 26.0), ("888", 1024, 1, 17.5), ("888", 1024, 2, 8.9), ("888", 1024, 3, 0.9),
                                     ("888", 512, 0, 92.7), ("888", 128, 0, 658), ("897", 512, 0, 56.5), ("897", 512, 1, 33.4)):
        sdk = SDK(f"manual=1 cameras={model}:1")
        full = 1024 if model == "888" else 512
        sdk.ok("SetImage", 1, 1, 1, full, 1, full)
        sdk.ok("SetHSSpeed", 0, speed)
        if size < full:
            sdk.ok("SetIsolatedCropMode", 1, size, size, 1, 1)
        got = 1 / sdk.number("GetReadOutTime", kind=ctypes.c_float)
        assert abs(got / rate - 1) < 0.02, (model, size, speed, got, rate)


@check
def cycles_follow_from_mode_binning_and_frame_transfer():
    sdk = SDK("manual=1")
    row, shift = (1024 + 66) / 30e6, 0.6e-6

    def close(got, expected):
        assert abs(got / expected - 1) < 1e-3, (got, expected)

    sdk.ok("SetImage", 1, 1, 1, 1024, 1, 100)
    close(sdk.number("GetReadOutTime", kind=ctypes.c_float), 100 * row + 2 * 1024 * shift)
    sdk.ok("SetImage", 2, 4, 1, 1024, 1, 100)
    readout = 25 * (512 + 66) / 30e6 + 2 * 1024 * shift
    close(sdk.number("GetReadOutTime", kind=ctypes.c_float), readout)
    exposure, accumulate, kinetic = sdk.timings()
    close(exposure, 0.001)
    close(kinetic, 0.001 + readout + 1024 * shift)
    sdk.exposure(0.0000123)
    close(sdk.timings()[0], 0.00002)  # the next multiple of 10 µs that is not less
    sdk.ok("SetFrameTransferMode", 1)
    exposure, _, kinetic = sdk.timings()
    assert exposure >= readout
    close(kinetic, exposure + 1024 * shift)
    sdk.ok("SetFrameTransferMode", 0)
    sdk.exposure(0.001)
    sdk.ok("SetShutterEx", 1, 0, 30, 40, 0)
    close(sdk.timings()[0], 0.041)
    sdk.ok("SetShutterEx", 1, 1, 0, 0, 0)
    sdk.ok("SetAcquisitionMode", 3)
    sdk.ok("SetNumberAccumulations", 4)
    sdk.ok("SetAccumulationCycleTime", 0.01)
    sdk.ok("SetKineticCycleTime", 0.1)
    close(sdk.timings()[1], 0.01)
    close(sdk.timings()[2], 0.1)
    sdk.ok("SetNumberKinetics", 2)
    sdk.ok("StartAcquisition")
    for seconds, progress in ((0.015, [1, 0]), (0.02, [0, 1]), (0.08, [1, 1])):
        sdk.advance(seconds)
        assert sdk.numbers("GetAcquisitionProgress", count=2) == progress or seconds == 0.02, seconds
    sdk.advance(0.1)
    assert sdk.number("GetStatus") == 20073 and sdk.number("GetTotalNumberImagesAcquired") == 2
    assert sdk.numbers("GetAcquisitionProgress", count=2) == [0, 0]


@check
def tables_can_be_given():
    sdk = SDK("manual=1 cameras=888:1 em_mhz=25,5 mhz=2 vs_us=1.5 gains=1,3,9")
    assert sdk.number("GetNumberHSSpeeds", 0, 0) == 2 and sdk.number("GetHSSpeed", 0, 0, 0, kind=ctypes.c_float) == 25
    assert sdk.number("GetNumberHSSpeeds", 0, 1) == 1 and sdk.number("GetNumberVSSpeeds") == 1
    assert sdk.number("GetPreAmpGain", 2, kind=ctypes.c_float) == 9
    sdk.ok("SetImage", 1, 1, 1, 1024, 1, 1024)
    got = sdk.number("GetReadOutTime", kind=ctypes.c_float)
    assert abs(got / (1024 * 1090 / 25e6 + 2048 * 1.5e-6) - 1) < 1e-3, got


# MARK: triggers

@check
def a_trigger_makes_one_scan_and_those_that_come_early_are_counted():
    sdk = SDK("manual=1")
    sdk.ok("SetImage", 1, 1, 1, 4, 1, 3)
    sdk.ok("SetTriggerMode", 1)
    sdk.ok("SetAcquisitionMode", 2)
    sdk.ok("SetNumberAccumulations", 3)
    sdk.ok("StartAcquisition")
    for scan in range(3):
        assert sdk.number("GetTotalNumberImagesAcquired") == 0
        sdk("AndorSim_Trigger", 100, 1)
        sdk("AndorSim_Trigger", 100, 1)
        sdk.advance(1)
        if scan < 2:
            assert sdk.numbers("GetAcquisitionProgress", count=2) == [scan + 1, 0]
    assert sdk.number("GetTotalNumberImagesAcquired") == 1 and sdk.number("GetStatus") == 20073
    assert sdk.counter("triggers") == 3 and sdk.counter("triggers_ignored") == 2


@check
def with_frame_transfer_one_image_is_read_while_the_next_is_exposed():
    sdk = SDK("manual=1")
    sdk.ok("SetImage", 1, 1, 1, 1024, 1, 1024)  # 38 ms to read
    sdk.ok("SetFrameTransferMode", 1)
    sdk.ok("SetTriggerMode", 1)
    sdk.ok("StartAcquisition")
    readout = sdk.number("GetReadOutTime", kind=ctypes.c_float)
    exposure = sdk.timings()[0]
    for _ in range(5):
        sdk("AndorSim_Trigger", 100, 1)
        sdk.advance(exposure + 1e-6)
    assert sdk.counter("triggers_ignored") == 0
    sdk.advance(readout)
    assert sdk.number("GetTotalNumberImagesAcquired") == 5


@check
def a_gate_exposes_and_a_ring_alternates():
    sdk = SDK("manual=1 pattern=dark start=-80")
    sdk.ok("SetImage", 1, 1, 1, 4, 1, 3)
    sdk.ok("SetTriggerMode", 7)
    sdk.ok("StartAcquisition")
    sdk("AndorSim_Trigger", 100, 1)
    sdk.advance(5)
    assert sdk.number("GetTotalNumberImagesAcquired") == 0
    sdk("AndorSim_Trigger", 100, 0)
    sdk.advance(0.1)
    assert sdk.number("GetTotalNumberImagesAcquired") == 1
    sdk.ok("AbortAcquisition")
    sdk.ok("SetTriggerMode", 10)
    sdk.ok("SetRingExposureTimes", 2, (ctypes.c_float * 2)(0.01, 2))
    sdk.ok("StartAcquisition")
    for index, seconds in enumerate((0.1, 2.1, 0.1, 2.1), 1):
        sdk.ok("SendSoftwareTrigger")
        assert sdk("SendSoftwareTrigger") == 20013
        sdk.advance(seconds / 2.2)
        assert sdk.number("GetTotalNumberImagesAcquired") == index - (seconds > 1), index
        sdk.advance(seconds)
        assert sdk.number("GetTotalNumberImagesAcquired") == index


@check
def the_generator_drives_every_external_mode_with_jitter():
    for mode in (1, 6, 7):
        sdk = SDK("manual=1 trigger_hz=100 trigger_jitter=0.2")
        sdk.ok("SetImage", 1, 1, 1, 4, 1, 3)
        sdk.ok("SetMetaData", 1)
        sdk.ok("SetKineticCycleTime", 0.01)
        sdk.ok("SetTriggerMode", mode)
        sdk.ok("StartAcquisition")
        sdk.advance(1)
        images = sdk.number("GetTotalNumberImagesAcquired")
        assert 97 <= images <= 100, (mode, images)
        times = (ctypes.c_uint64 * 50)()
        sdk.ok("GetRelativeImageTimes", 1, 50, times, 50)
        steps = numpy.diff(numpy.array(times, dtype=float)) * 1e-9
        assert (steps > 0.0079).all() and (steps < 0.0121).all(), steps
        assert (steps.std() > 1e-4) == (mode != 6), (mode, steps.std())


class Cable:
    """Another program's end of the socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("")
        self.socket.settimeout(60)
        self.socket.connect(str(path))

    def ask(self, text):
        self.socket.send(text if isinstance(text, bytes) else text.encode())
        return self.socket.recv(1000).decode()


@check
def another_program_triggers_over_the_socket():
    path = FOLDER / "cable"
    sdk = SDK(f"socket={path} buffer=1000000", is_open=False)
    sdk.ok("Initialize", b"")
    sdk.ok("SetReadMode", 4)
    sdk.ok("SetAcquisitionMode", 5)
    sdk.exposure(0.0001)
    sdk.ok("SetImage", 1, 1, 1, 4, 1, 3)
    sdk.ok("SetTriggerMode", 1)
    sdk.ok("StartAcquisition")
    program = """
import socket, sys, time
cable = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
cable.bind("")
cable.connect(sys.argv[1])
for number in range(1, 21):
    cable.send(b"trigger 100 up")
    assert cable.recv(100) == b"ok"
    end = time.monotonic() + 60
    while int((cable.send(b"counter 100 acquired"), cable.recv(100))[1]) < number:
        assert time.monotonic() < end
    cable.send(b"trigger 100 down")
    assert cable.recv(100) == b"ok"
"""
    subprocess.run([sys.executable, "-c", program, str(path)], check=True, timeout=120)
    assert sdk.number("GetTotalNumberImagesAcquired") == 20 and sdk.counter("triggers_ignored") == 0
    cable = Cable(path)
    assert cable.ask("fail GetStatus 20013 1") == "ok" and sdk("GetStatus", ctypes.byref(ctypes.c_int())) == 20013
    assert cable.ask("unplug 100") == "ok" and sdk("AbortAcquisition") == 20013
    assert cable.ask("plug 100") == "ok" and sdk("AbortAcquisition") == 20075
    assert cable.ask("counter 100 initialized") == "0"


@check
def a_waiting_program_is_woken_by_the_socket():
    path = FOLDER / "wake"
    sdk = SDK(f"socket={path} speed=100", is_open=False)
    sdk.ok("Initialize", b"")
    sdk.ok("SetReadMode", 4)
    sdk.ok("SetAcquisitionMode", 5)
    sdk.ok("SetTriggerMode", 1)
    sdk.ok("StartAcquisition")
    got = []
    waiter = threading.Thread(target=lambda: got.append(sdk("WaitForAcquisitionTimeOut", 60000)))
    waiter.start()
    cable = Cable(path)
    until(lambda: not waiter.is_alive() or cable.ask("trigger 100") is None, "the wait ends")
    assert got == [20002]


# MARK: one program at a time

@check
def a_second_program_is_refused_until_the_first_ends():
    locks = FOLDER / "locks"
    locks.mkdir()
    words = f"cameras=888:5,897:6 lock={locks}"
    program = """
import ctypes, sys
sdk = ctypes.CDLL(sys.argv[1])
assert sdk.AndorSim_Configure(sys.argv[2].encode()) == 0
print(sdk.Initialize(b""), flush=True)
sys.stdin.readline()
"""
    def other():
        return subprocess.Popen([sys.executable, "-c", program, str(BUILT), words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    first = other()
    try:
        assert first.stdout.readline() == "20002\n"
        sdk = SDK(words, is_open=False)
        assert sdk("Initialize", b"") == 20992
        sdk.ok("SetCurrentCamera", 101)
        sdk.ok("Initialize", b"")  # the other camera is free
        second = other()
        assert second.stdout.readline() == "20992\n"
        second.communicate("\n", timeout=60)
        sdk.ok("SetCurrentCamera", 100)
        first.send_signal(signal.SIGKILL)
        first.wait(60)
        sdk.ok("Initialize", b"")  # a lock does not outlive who held it
        sdk.ok("Initialize", b"")
        assert SDK(words, is_open=False)("Initialize", b"") == 20992
        sdk.ok("ShutDown")
        third = SDK(words, is_open=False)
        third.ok("Initialize", b"")
        third("AndorSim_Unplug", 100, 1)
        sdk.ok("Initialize", b"")
        assert sdk.configure("manual=1") == 0  # new cameras let the old ones go
        fourth = SDK(words, is_open=False)
        fourth.ok("Initialize", b"")
    finally:
        if first.poll() is None:
            first.kill()
        first.wait()


# MARK: what cannot be understood

@check
def E6_the_first_wrong_argument_decides():
    sdk = SDK()
    place = ctypes.byref(ctypes.c_float())
    for name, arguments, status in (
            ("SetSingleTrack", (0, 0), 20066), ("SetSingleTrack", (1025, 5), 20066), ("SetSingleTrack", (100, 0), 20067),
            ("SetSingleTrack", (1, 9), 20067), ("SetSingleTrack", (1024, 9), 20067), ("SetSingleTrack", (100, 2000), 20067),
            ("SetSingleTrack", (100, 9), 20002), ("GetSensitivity", (1, 9, 9, 9, None), 20066),
            ("GetSensitivity", (0, 9, 9, 9, None), 20067), ("GetSensitivity", (0, 3, 1, 9, None), 20067),
            ("GetSensitivity", (0, 3, 2, 9, None), 20068), ("GetSensitivity", (0, 3, 0, 9, None), 20069),
            ("GetSensitivity", (0, 3, 0, 1, None), 20076), ("GetSensitivity", (0, 3, 0, 1, place), 20002)):
        assert sdk(name, *arguments) == status, (name, arguments, sdk(name, *arguments), status)


@check
def E1_models_with_a_mechanical_shutter_of_their_own():
    for model, internal in (("888", 1), ("897", 1), ("934", 1), ("420", 0)):
        assert SDK(f"manual=1 cameras={model}:5").number("IsInternalMechanicalShutter") == internal, model


@check
def a_wrong_word_is_named_and_changes_nothing():
    (FOLDER / "empty").write_bytes(b"")
    good = "cameras=888:77 speed=3"
    sdk = SDK(good, is_open=False)
    for words, number, part in (
            ("speed=2 sped=3", 2, "no such word"), ("speed", 1, "key=value"), ("speed=", 1, "not a number"), ("speed=0", 1, "within"),
            ("speed=nan", 1, "not a number"), ("speed=1e999", 1, "not a number"), ("speed=3x", 1, "not a number"),
            ("manual=2", 1, "within"), ("buffer=0", 1, "within"), ("buffer=1.5", 1, "whole"), ("buffer=99999999999999", 1, "within"),
            ("start=-500", 1, "within"), ("pattern=stripes", 1, "none of the patterns"), ("pattern=file", 2, "go together"),
            ("file=/etc/passwd", 2, "go together"), ("pattern=file file=/no/such/file", 3, "cannot be opened"),
            (f"pattern=file file={FOLDER}/empty", 3, "WIDTH HEIGHT FRAMES"), ("cameras=889:1", 2, "no model"),
            ("cameras=888", 2, "MODEL:SERIAL"), ("cameras=888:x", 2, "not a number"), ("cameras=888:-1", 2, "within"),
            ("cameras=" + ",".join(["888:1"] * 9), 2, "at most 8"), ("cameras=" + "8" * 280, 1, "longer"), ("x" * 400, 1, "too long"),
            ("lock=/no/such/folder", 2, "no folder"), ("socket=/no/such/folder/s", 2, "socket"), ("socket=/" + "s" * 150, 1, "longer"),
            ("fail=GetStatus", 1, "Function:status"), ("fail=NoSuch:20013", 1, "no function"), ("fail=AndorSim_Now:20013", 1, "no function"),
            ("fail=malloc:20013", 1, "no function"), ("fail=GetStatus:7", 1, "within"), ("fail=GetStatus:20013:x", 1, "not a number"),
            (" ".join(["fail=GetStatus:20013"] * 9), 9, "at most 8"), ("mhz=1,2,3,4,5,6,7,8,9", 1, "at most 8"), ("mhz=", 1, "at least one"),
            ("vs_us=0", 1, "within"), ("trigger_hz=-1", 1, "within"), ("trigger_jitter=2", 1, "within")):
        assert sdk.configure(words) == number, (words, sdk.configure(words), sdk.reason())
        assert part in sdk.reason(), (words, sdk.reason())
    serial = ctypes.c_int()
    sdk.ok("Initialize", b"")
    sdk.ok("GetCameraSerialNumber", ctypes.byref(serial))
    assert serial.value == 77
    assert sdk.configure("cameras=") == 0 and sdk("Initialize", b"") == 20990


@check
def a_file_that_lies_is_refused():
    cube = numpy.zeros((2, 3, 4), int)
    path = FOLDER / "lies"
    sdk = SDK(is_open=False)

    def refused(part):
        assert sdk.configure(f"pattern=file file={path}") == 3 and part in sdk.reason(), (part, sdk.reason())

    for change, part in ((("NAXIS1", 10 ** 12), "no pictures"), (("NAXIS2", -3), "no pictures"), (("NAXIS3", 10 ** 8), "more than"),
                         (("NAXIS1", 0), "no pictures"), (("BITPIX", -32), "BITPIX"), (("BITPIX", 64), "BITPIX"), (("NAXIS", 1), "NAXIS"),
                         (("BSCALE", 2), "BSCALE"), (("BZERO", "1E99"), "BZERO"), (("NAXIS3", 3000), "ends before")):
        fits(path, cube, more=[change])
        refused(part)
    fits(path, cube)
    whole = path.read_bytes()
    for length in (7, 80, 2879, 2880 + 3):
        path.write_bytes(whole[:length])
        refused("END" if length < 2880 else "ends before")
    path.write_bytes(b"SIMPLE" + b" " * 2880 * 70)
    refused("no END")
    for text, part in ((b"4 3 2\n" + bytes(47), "ends before"), (b"4 3\n", "WIDTH"), (b"-4 3 2\n" + bytes(48), "no pictures"),
                       (b"9999999 9999999 2\n", "no pictures"), (b"\xff" * 100, "WIDTH")):
        path.write_bytes(text)
        refused(part)
    generator = random.Random(7)
    for _ in range(300):
        bytes_ = bytearray(whole)
        for _ in range(4):
            bytes_[generator.randrange(1200)] = generator.randrange(256)
        path.write_bytes(bytes_)
        if sdk.configure(f"manual=1 pattern=file file={path}") == 0:
            sdk.ok("Initialize", b"")
            sdk.ok("SetReadMode", 4)
            sdk.ok("SetImage", 1, 1, 1, 8, 1, 8)
            sdk.take(8, 8)


@check
def a_wrong_datagram_is_answered_counted_and_harmless():
    path = FOLDER / "hostile"
    sdk = SDK(f"socket={path}", is_open=False)
    cable = Cable(path)
    wrong = ["", " ", "\n", "trigger", "trigger x", "trigger 999", "trigger 100 sideways", "trigger 1e99", "trigger 100 up up up", "fail",
             "fail GetStatus", "fail GetStatus nan", "fail Nothing 20013", "fail printf 20013", "fail GetStatus 20013 x", "hang GetStatus -5",
             "hang GetStatus", "drop 100", "drop 100 -3", "counter", "counter x y", "counter 100", "unplug", "unplug 7", "explode 100",
             "TRIGGER 100", "trigger 100\0up", b"\xff\xfe trigger", b"\0", "trigger " + "1" * 300, "x" * 500, "x" * 5000]
    for text in wrong:
        answer = cable.ask(text)
        assert answer.startswith("error: ") and len(answer) > 10, (text, answer)
    assert sdk.counter("datagrams_refused", -1) == len(wrong) == sdk.counter("datagrams", -1)
    nameless = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    nameless.connect(str(path))
    nameless.send(b"nobody wants an answer")
    until(lambda: sdk.counter("datagrams", -1) == len(wrong) + 1, "it is counted")
    generator = random.Random(11)
    for _ in range(500):
        text = bytearray(b"trigger 100 pulse")
        for _ in range(3):
            text[generator.randrange(len(text))] = generator.randrange(256)
        assert cable.ask(bytes(text))
    assert cable.ask("counter 100 lost") == "0"
    # One who does not fetch his answers blocks nobody.
    for _ in range(300):
        try:
            cable.socket.setblocking(False)
            cable.socket.send(b"counter 100 lost")
        except BlockingIOError:
            pass
    assert Cable(path).ask("counter 100 lost") == "0"


@check
def a_socket_belongs_to_one_program():
    path = FOLDER / "owned"
    sdk = SDK(f"socket={path}", is_open=False)
    second = SDK(is_open=False)
    assert second.configure(f"socket={path}") == 2 and "in use" in second.reason(), second.reason()
    assert Cable(path).ask("counter 100 lost") == "0"
    assert sdk.configure("manual=1") == 0 and not path.exists()
    assert second.configure(f"socket={path}") == 0
    second.configure("")
    dead = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    dead.bind(str(path))
    dead.close()  # what a killed program leaves behind
    assert sdk.configure(f"socket={path}") == 0, sdk.reason()
    assert Cable(path).ask("counter 100 lost") == "0"
    sdk.configure("")
    path.write_text("not a socket")
    assert sdk.configure(f"socket={path}") == 2 and path.read_text() == "not a socket"


def run(environment, program):
    clean = {key: value for key, value in os.environ.items() if not key.startswith("ANDOR_SIM")}
    code = "import ctypes, sys\nsdk = ctypes.CDLL(sys.argv[1])\nn = ctypes.c_int()\n" + program
    return subprocess.run([sys.executable, "-c", code, str(BUILT)], env={**clean, **environment}, capture_output=True, text=True, timeout=60)


@check
def the_environment_says_the_same():
    show = "sdk.GetAvailableCameras(ctypes.byref(n)); print(n.value, sdk.Initialize(b''))"
    assert run({}, show).stdout == "2 20002\n"
    assert run({"ANDOR_SIM_CAMERAS": "897:1,420:2,934:3"}, show).stdout == "3 20002\n"
    assert run({"ANDOR_SIM_CAMERAS": ""}, show).stdout == "0 20990\n"
    serial = show + "; sdk.GetCameraSerialNumber(ctypes.byref(n)); print(n.value)"
    assert run({"ANDOR_SIM": "cameras=888:4 fail=ShutDown:20013"}, serial).stdout == "1 20002\n4\n"
    wrong = run({"ANDOR_SIM": "speed=fast", "ANDOR_SIM_CAMERAS": "888:4"}, show)
    assert wrong.stdout == "2 20002\n" and "speed" in wrong.stderr and "not a number" in wrong.stderr, wrong
    wrong = run({"ANDOR_SIM_PATTERN": "x" * 1000}, show)
    assert wrong.stdout == "2 20002\n" and "not understood" in wrong.stderr, wrong
    wrong = run({"ANDOR_SIM_TRACE": "/no/such/folder/trace"}, show)
    assert wrong.stdout == "2 20002\n" and "cannot be written" in wrong.stderr, wrong
    cable = FOLDER / "by-environment"
    assert run({"ANDOR_SIM_TRIGGER": str(cable), "ANDOR_SIM_SPEED": "10", "ANDOR_SIM_PATTERN": "dark"},
               show + f"; import os; print(os.path.exists({str(cable)!r}))").stdout == "2 20002\nTrue\n"
    assert not cable.exists()  # taken away at the end
    trace = FOLDER / "trace"
    run({"ANDOR_SIM_TRACE": str(trace)}, "sdk.Initialize(b'/a\\nb'); sdk.SetReadMode(4); sdk.SetReadMode(9); sdk.GetStatus(ctypes.byref(n))")
    lines = [line.split(" ", 1)[1] for line in trace.read_text().splitlines()]
    assert lines == ["100 Initialize(/a?b) 20002", "100 SetReadMode(4) 20002", "100 SetReadMode(9) 20066", "100 GetStatus() 20002"], lines


@check
def wild_arguments_are_refused_never_believed():
    """Each function with numbers that no program should give and null where places should be."""
    header = (pathlib.Path(__file__).parent / "functions.h").read_text()
    functions = [line.split("(", 1)[1].split(",", 2) for line in header.splitlines() if line.strip().startswith("FUNCTION(")]
    waits = {"WaitForAcquisition", "WaitForAcquisitionByHandle"}
    generator = random.Random(3)
    sdk = SDK("manual=1")
    scalars = {"int": (ctypes.c_int, [-2 ** 31, -1, 0, 1, 7, 100, 4096, 2 ** 31 - 1]),
               "unsigned": (ctypes.c_uint, [0, 1, 2 ** 32 - 1]), "long": (ctypes.c_long, [-2 ** 63, -1, 100, 2 ** 63 - 1]),
               "float": (ctypes.c_float, [float("nan"), float("inf"), -1.0, 0.0, 1e30, 0.01])}
    scratch = ctypes.create_string_buffer(1 << 16)
    tried = 0
    for name, _, types in functions:
        types = types.strip().rstrip("\\").strip().rstrip(")").lstrip("(").split(", ")
        if name in waits or types == ["void"]:
            continue
        for _ in range(60):
            arguments = []
            for kind in types:
                if kind in scalars:
                    make, values = scalars[kind]
                    arguments.append(make(generator.choice(values)))
                else:
                    # A place is there, or it is null; sizes of places are not the callee's to know.
                    arguments.append(None if generator.random() < 0.5 else scratch)
            if name.startswith(("GetImages", "GetOldest", "GetMostRecent", "GetAcquiredData")) or "Ring" in name:
                arguments = [a if a is not scratch else None for a in arguments]
            if name.startswith("WaitFor"):
                arguments[-1] = ctypes.c_int(generator.choice([-2 ** 31, -1, 0, 1]))
            scratch.raw = struct.pack("<16i", *[100] * 16) + bytes(len(scratch) - 64)
            assert 20001 <= sdk(name, *arguments) <= 20992, name
            tried += 1
    assert tried > 5000
    sdk.ok("Initialize", b"")
    sdk.ok("SetImage", 1, 1, 1, 4, 1, 3)


@check
def the_page_shows_what_happens():
    page = (pathlib.Path(__file__).parents[2] / "docs" / "andor-sim.md").read_text()
    program = page.split("```python\n")[1].split("```")[0]
    wanted = page.split("```text\n")[1].split("```")[0]
    clean = {key: value for key, value in os.environ.items() if not key.startswith("ANDOR_SIM")}
    got = subprocess.run([sys.executable, "-c", program], env={**clean, "LD_LIBRARY_PATH": str(BUILT.parent)}, capture_output=True, text=True,
                         timeout=120)
    assert got.stdout == wanted, (got.stdout, got.stderr)


if __name__ == "__main__":
    try:
        main()
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)
