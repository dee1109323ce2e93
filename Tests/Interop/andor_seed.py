# Part of daqd
# SPDX-License-Identifier: MIT
"""The Python driver of Andor cameras on the stand-in, beside daqd on another one: the same calls, the same pulses, the same answers."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import numpy
from sipyco.pc_rpc import Client

import andor_seed_shim

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from andor_daemon import Daemon, free_port  # noqa: E402
from checks import check, main, until  # noqa: E402

SEED = pathlib.Path(os.environ["ANDOR_SEED"])
SHIM = pathlib.Path(__file__).with_name("andor_seed_shim.py")
LIBRARY = f"{os.environ['DAQD_BIN']}/libandor_sim.so"
DOCUMENTED = "4388cec"  # the state whose README is the driver's documentation
WORDS = "start=-80"  # the driver's configuration wants -80 °C and waits for them
COLUMNS = ROWS = 21


def installed(folder, source=None):
    """The driver in a folder of its own, with its configuration where a path with a backslash finds it."""
    place = pathlib.Path(folder) / "andor-ot"
    place.mkdir(parents=True)
    (place / "logs").mkdir()
    for name in ("andor.py", "andor_ndsp_server.py"):
        text = (SEED / name).read_text() if source is None else source(name)
        (place / name).write_text(text)
    config = (SEED / "AndorConfig.json").read_text() if source is None else source("AndorConfig.json")
    (place.parent / "andor-ot\\AndorConfig.json").write_text(config)
    return place


class Place:
    """A folder with a driver, the socket of its camera and the trace of its calls."""

    def __init__(self, source=None):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="seed-"))
        self.folder = installed(self.root, source)
        self.cable, self.trace = self.root / "cable", self.root / "trace"

    def environment(self, **more):
        return {**os.environ, "ANDOR_LIBRARY": LIBRARY, "ANDOR_SIM": WORDS, "ANDOR_SIM_TRIGGER": str(self.cable),
                "ANDOR_SIM_TRACE": str(self.trace), "ANDOR_CABLE": str(self.cable), **more}

    def start(self, *arguments, **streams):
        return subprocess.Popen([sys.executable, "-B", SHIM, *map(str, arguments)], cwd=self.folder, env=self.environment(), **streams)

    def pulse(self, count):
        os.environ["ANDOR_CABLE"] = str(self.cable)
        andor_seed_shim.pulse(count)

    def remove(self):
        shutil.rmtree(self.root, ignore_errors=True)


def end(process):
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


class Driver(Place):
    """The driver's camera object in a process of its own, called line by line."""

    def __enter__(self):
        self.errors = open(self.root / "errors", "wb")
        self.process = self.start("drive", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True)
        assert self.answer() == ("result", "ready")
        return self

    def answer(self):
        while True:
            line = self.process.stdout.readline()
            if not line:
                raise RuntimeError((self.root / "errors").read_text())
            if line.startswith("{"):  # the driver prints, too
                return next(iter(json.loads(line).items()))

    def call(self, name, *arguments, **named):
        self.process.stdin.write(json.dumps([name, arguments, named]) + "\n")
        self.process.stdin.flush()
        return self.answer()

    def __exit__(self, *_):
        self.process.stdin.close()
        end(self.process)
        self.errors.close()
        self.remove()


class Ours:
    """daqd with the driver's configuration file, called by sipyco's client."""

    def __enter__(self):
        self.place = Place()
        os.environ["ANDOR_SIM_TRACE"] = str(self.place.trace)
        self.daemon = Daemon(f"{WORDS} socket={self.place.cable}", configuration=str(self.place.root / "andor-ot\\AndorConfig.json"),
                             only_file=True)
        del os.environ["ANDOR_SIM_TRACE"]
        self.client = self.daemon.ready()
        self.pulse = self.place.pulse
        self.port = self.daemon.port
        return self

    def call(self, name, *arguments, **named):
        try:
            return "result", getattr(self.client, name)(*arguments, **named)
        except Exception as error:
            return "error", str(error)

    def __exit__(self, *_):
        self.client.close_rpc()
        self.daemon.__exit__()
        self.place.remove()


def same(value):
    """A result as one plain value: tuples are lists, byte strings their numbers, floats those of 32 bits."""
    if isinstance(value, (list, tuple)):
        return [same(each) for each in value]
    if isinstance(value, bytes):
        return list(value)
    if isinstance(value, (float, numpy.floating)):
        return float(numpy.float32(value))
    return value


def seed_image(raw):
    """The buffer as the driver fetched it: little-endian pixels."""
    return numpy.frombuffer(bytes(raw), "<u2").reshape(ROWS, COLUMNS)


def our_image(text):
    """The documented text: two characters for each pixel, the high one first."""
    return numpy.array([256 * ord(text[i]) + ord(text[i + 1]) for i in range(0, len(text), 2)], "<u2").reshape(ROWS, COLUMNS)


def counter(index, serial=12859):
    y, x = numpy.indices((ROWS, COLUMNS))
    image = (((x + 3 * y + index) & 4095) + 500).astype("<u2")
    image[0, :3] = index, 0, serial
    return image


CALLS = [
    ("get_detector",), ("get_head_model",), ("get_camera_serial_number",), ("get_hardware_version",), ("get_number_of_adc_channels",),
    ("get_bit_depth",), ("get_bit_depth", 0), ("get_vs_speeds",), ("get_hs_speeds",), ("get_hs_speeds", 0), ("get_preamp_gains",),
    ("get_em_gain_range",), ("get_temperature_range",), ("is_cooler_on",), ("get_status",), ("get_acquisition_timings",),
    ("set_vs_speed", 1), ("set_vs_speed", 2.0), ("set_vs_amplitude", 2), ("set_hs_speed", 0, 2), ("set_preamp_gain", 1.9),
    ("get_acquisition_timings",), ("set_fan_mode", 0), ("set_baseline_clamp", True), ("set_em_gain_mode", 3), ("set_emccd_gain", 200),
    ("set_em_advanced", 0), ("get_em_gain_range",), ("set_emccd_gain", 100), ("set_exposure_time", 0.0123456), ("set_kinetic_cycle_time", 0.5),
    ("get_acquisition_timings",), ("set_kinetic_cycle_time", 0), ("set_frame_transfer_mode", 1), ("get_acquisition_timings",),
    ("set_frame_transfer_mode", 0), ("set_exposure_time", 0.001), ("set_shutter", 1, 1, 0, 0), ("set_fast_ext_trigger", 1),
    ("set_count_convert_mode", 1), ("set_count_convert_wavelength", 600.0), ("set_count_convert_mode", 0), ("cooler",),
    ("is_cooler_on",), ("set_read_mode", 4), ("set_acquisition_mode", 0), ("set_trigger_mode", 1), ("get_status",),
]


@check
def E7_4_the_same_calls_have_the_same_answers():
    with Driver() as seed, Ours() as ours:
        for name, *arguments in CALLS:
            theirs, mine = seed.call(name, *arguments), ours.call(name, *arguments)
            assert theirs[0] == mine[0] == "result", (name, arguments, theirs, mine)
            assert same(theirs[1]) == same(mine[1]), (name, arguments, theirs, mine)
        # The driver does not say how large its structure is, as the SDK demands.
        assert seed.call("get_capabilities") == ("error", "AndorError: 20066: DRV_P1INVALID")
        assert ours.call("get_capabilities")[1]["ulCameraType"] == 21
        for each in (seed, ours):
            temperature, state = each.call("get_temperature_f")[1]
            assert abs(temperature + 80) < 1 and state.startswith("DRV_TEMP_"), (temperature, state)


@check
def A4_member_functions_have_the_drivers_arguments():
    with Ours() as ours:
        run = subprocess.run([sys.executable, "-B", SHIM, "members"], cwd=ours.place.folder, env=ours.place.environment(), timeout=120,
                             capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        members = json.loads(run.stdout.splitlines()[-1])
        for kept in ("initialize", "shutdown"):  # the plugin's own affair
            members.pop(kept)
        assert len(members) > 50, members
        methods = ours.client.get_rpc_method_list()["methods"]
        wrong = []
        for name, (arguments, defaults) in sorted(members.items()):
            mine = methods[name][0] if name in methods else {"args": None, "defaults": ()}
            names = mine["args"][1:] if mine["args"] else None
            # Further arguments and defaults of ours disturb no call that the driver takes.
            required = len(names) - len(mine["defaults"] or ()) if names is not None else 0
            if names is None or names[:len(arguments)] != arguments or required > len(arguments) - defaults:
                wrong.append((name, arguments, defaults, names, mine["defaults"]))
        assert not wrong, wrong
        for name, named in [("set_exposure_time", {"time": 0.002}), ("set_shutter", {"a": 1, "b": 1, "c": 0, "d": 0})]:
            assert ours.call(name, **named) == ("result", None), name


@check
def the_same_refusals_have_the_same_numbers():
    with Driver() as seed, Ours() as ours:
        for name, *arguments in [("abort_acquisition",), ("get_number_new_images",), ("send_software_trigger",)]:
            theirs, mine = seed.call(name, *arguments), ours.call(name, *arguments)
            assert theirs[0] == mine[0] == "error", (name, theirs, mine)
            text = theirs[1].removeprefix("AndorError: ")
            assert text[:5].isdigit() and text in mine[1], (name, theirs, mine)
        for each in (seed, ours):
            for name, *arguments in [("set_acquisition_mode", 0), ("set_trigger_mode", 10), ("set_exposure_time", 60.0),
                                     ("start_acquisition",), ("send_software_trigger",)]:
                assert each.call(name, *arguments)[0] == "result", name
        # Too early: the image before is still exposed.
        assert seed.call("send_software_trigger") == ("error", "AndorError: 20013: DRV_ERROR_ACK")
        error = ours.call("send_software_trigger")
        assert error[0] == "error" and "AndorError: 20013: DRV_ERROR_ACK: " in error[1] and "not complete" in error[1], error
        for each in (seed, ours):
            assert each.call("abort_acquisition") == ("result", None)
        for name, *arguments in [("set_trigger_mode", 99), ("set_emccd_gain", 5000), ("set_read_mode", 9), ("set_fan_mode", 7)]:
            theirs, mine = seed.call(name, *arguments), ours.call(name, *arguments)
            assert theirs[0] == mine[0] == "error", (name, theirs, mine)


@check
def the_sdks_own_fetching_follows_the_drivers_notes():
    """The table that the driver's users noted at their camera, with both."""
    with Driver() as seed, Ours() as ours:
        for each in (seed, ours):
            each.call("set_exposure_time", 0.001)
            assert each.call("start_acquisition") == ("result", None)
            assert each.call("get_number_new_images")[0] == "error"
            for number in range(1, 4):
                each.pulse(1)
                assert same(each.call("get_number_new_images")[1]) == [1, number]
        for first in range(1, 4):
            theirs, mine = seed.call("get_oldest_image16")[1], ours.call("get_oldest_image16")[1]
            assert (seed_image(theirs) == counter(first)).all() and (our_image(mine) == counter(first)).all(), first
            for each in (seed, ours):
                left = each.call("get_number_new_images")
                assert same(left[1]) == [first + 1, 3] if first < 3 else "20024: DRV_NO_NEW_DATA" in left[1], left
        for each in (seed, ours):
            error = each.call("get_oldest_image16")
            assert error[0] == "error" and "20024: DRV_NO_NEW_DATA" in error[1], error
            each.pulse(2)
        theirs, mine = seed.call("get_images16")[1], ours.call("get_images16")[1]
        assert len(theirs) == len(mine) == 2
        for index, (raw, text) in enumerate(zip(theirs, mine), 4):
            assert (seed_image(raw) == counter(index)).all() and (our_image(text) == counter(index)).all(), index
        for each in (seed, ours):
            assert each.call("abort_acquisition") == ("result", None)
            assert each.call("get_status")[1] == 20073


@check
def the_watcher_delivers_the_same_images():
    with Driver() as seed, Ours() as ours:
        images = {}
        for each in (seed, ours):
            assert each.call("data_watcher_is_working")[1] is False
            each.call("start_acquisition_with_watcher")
            until(lambda: each.call("data_watcher_is_working")[1] is True, "the watcher works")
            each.pulse(6)
            until(lambda: each.call("pipeline_size")[1] == 6, "six images")
            assert each.call("stop_data_watcher") == ("result", None)
            assert each.call("data_watcher_is_working")[1] is False
            assert each.call("get_status")[1] == 20073
        images[seed] = [seed_image(seed.call("take")[1]) for _ in range(6)]
        images[ours] = [our_image(ours.call("get_data_from_pipeline")[1]) for _ in range(6)]
        for index in range(6):
            assert (images[seed][index] == counter(index + 1)).all(), index
            assert (images[ours][index] == images[seed][index]).all(), index
        assert ours.call("get_data_from_pipeline") == ("result", None)
        assert seed.call("get_data_from_pipeline") == ("result", None)
        assert seed.call("stop_camera")[0] == ours.call("stop_camera")[0] == "result"
        assert "20075" in seed.call("get_status")[1]


def setters(trace):
    """The last arguments of each function that sets something."""
    calls = {}
    for line in trace.read_text().splitlines():
        call = line.split(" ", 2)[2].rsplit(" ", 1)
        name, arguments = call[0].split("(", 1)
        if name.startswith(("Set", "Cooler")) and call[1] == "20002":
            calls[name] = arguments.rstrip(")")
    return calls


@check
def one_configuration_file_sets_the_same():
    with Driver() as seed, Ours() as ours:
        theirs, mine = setters(seed.trace), setters(ours.place.trace)
        if "SetShutterEx" in mine:  # a shutter that is driven by it must be
            mine["SetShutter"] = mine.pop("SetShutterEx").rsplit(",", 1)[0]
        for name, arguments in theirs.items():
            assert mine.get(name) == arguments, (name, arguments, mine.get(name))
        assert len(theirs) >= 15, theirs


def served(source=None):
    """The driver's server script; a client once it listens."""
    place, port = Place(source), free_port()
    log = open(place.root / "log", "wb")
    process = place.start("serve", port, stdout=log, stderr=log)
    limit = time.monotonic() + 60
    while True:
        try:
            return place, process, port, Client("127.0.0.1", port, "emccd")
        except OSError:
            if process.poll() is not None or time.monotonic() > limit:
                end(process)
                raise RuntimeError((place.root / "log").read_text())
            time.sleep(0.02)


def refusal(call, *arguments):
    try:
        return f"result: {call(*arguments)}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"


@check
def E7_4_the_drivers_server_behaves_as_it_was_found_to():
    """What a client got of the last state of the driver: no image ever, with a NumPy of today."""
    place, process, _, client = served()
    try:
        assert client.start_acquisition_with_watcher() is None
        until(client.data_watcher_is_working, "the watcher works")
        assert client.get_data_from_pipeline() is None
        assert "20024: DRV_NO_NEW_DATA" in refusal(client.get_number_new_images)
        temperature, state = client.get_temperature_f()
        assert abs(temperature + 80) < 1 and state.startswith("DRV_TEMP_")
        assert client.get_head_model() == b"DU888_BV"
        for method in (client.get_vs_speeds, client.get_hs_speeds, client.get_preamp_gains, client.get_images16):
            assert "TypeError" in refusal(method), method
        assert "20066: DRV_P1INVALID" in refusal(client.get_capabilities)
        assert "result" not in refusal(client.get_adc_channel)
        place.pulse(2)
        until(lambda: refusal(client.get_number_new_images).find("20024") >= 0, "the watcher fetched them")
        assert "ValueError" in refusal(client.get_data_from_pipeline), "NumPy no longer takes bytes apart that way"
        assert "failed to acquire pipeline's lock" in refusal(client.get_data_from_pipeline)
        client.close_rpc()
    finally:
        end(process)
        place.remove()


@check
def the_documented_state_sends_no_image_either():
    def source(name):
        return subprocess.run(["git", "-C", SEED, "show", f"{DOCUMENTED}:{name}"], check=True, capture_output=True, text=True).stdout

    if subprocess.run(["git", "-C", SEED, "cat-file", "-e", DOCUMENTED], capture_output=True).returncode != 0:
        print("   left out: the checkout has no", DOCUMENTED)
        return

    def with_present_configuration(name):
        if name == "andor_ndsp_server.py":  # its own calls a function that is not there
            return (SEED / name).read_text()
        return source(name)

    place, process, _, client = served(with_present_configuration)
    try:
        client.start_acquisition_with_watcher()
        place.pulse(1)
        until(lambda: refusal(client.get_data_from_pipeline) != "result: None", "an image")
        place.pulse(1)
        until(lambda: "TypeError" in refusal(client.get_data_from_pipeline), "a ctypes buffer cannot be sent")
        client.close_rpc()
    finally:
        end(process)
        place.remove()


def example(name, ours):
    """Runs one of the driver's examples, unmodified, against daqd; what it made of the images."""
    run = subprocess.run(
        [sys.executable, "-B", SHIM, name, str(ours.port)], env=ours.place.environment(), timeout=120, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout.splitlines()[-1])


@check
def E7_3_the_drivers_example_client_gets_its_images_from_daqd():
    with Ours() as ours:
        counts = example("client", ours)
        assert counts == [int(counter(index).sum(dtype=int)) for index in range(1, 6)], counts


@check
def E7_3_the_drivers_ARTIQ_example_gets_its_images_from_daqd():
    with Ours() as ours:
        images = [our_image(text) for text in example("artiq", ours)]
        assert len(images) == 5
        for index, image in enumerate(images, 1):
            assert (image == counter(index)).all(), index


if __name__ == "__main__":
    main()
