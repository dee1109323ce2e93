# Part of daqd
# SPDX-License-Identifier: MIT
"""daqd as a process with the stand-in of Andor's SDK: how a camera is left behind.

The stand-in writes each of the SDK's functions that is called, with its arguments, to a file; that file is what is looked at.

  andor.py FOLDER_OF_DAQD
"""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from checks import check, free_port, main  # noqa: E402

BIN = pathlib.Path(sys.argv[1]).resolve()
SECONDS = 90


class Site:
    """A daqd with one camera; it is ended on every path."""

    def __init__(self, words, **camera):
        self.folder, self.port = pathlib.Path(tempfile.mkdtemp(prefix="daqd-andor-check-")), free_port()
        self.trace = self.folder / "trace"
        start = {"trigger_mode": "internal", "acquisition_mode": "run_till_abort", "exposure": 0.001, "region": [1, 16, 1, 16],
                 **camera.pop("start", {})}
        site = {
            "site": {"name": "andor", "data": "data", "state": "state"}, "allow_debug_plugins": True,
            "plugins": [str(BIN / f"lib{name}.so") for name in ("AndorPlugin", "RPCFrontend")],
            "devices": {"emccd": {"type": "andor", "simulation": True, "simulated": words, "start": start, "poll": 0.05, **camera}},
            "frontends": {"rpc": {"type": "pc_rpc", "port": self.port, "targets": {"x": {"device": "emccd", "names": "emccd_x"}}}}}
        (self.folder / "plugins.conf").write_text(json.dumps(site))
        self.log, self.process = open(self.folder / "log", "wb"), None

    def start(self):
        self.trace.unlink(missing_ok=True)
        self.process = subprocess.Popen([BIN / "daqd", "--config", self.folder / "plugins.conf"], stdout=self.log, stderr=self.log,
                                        env={**os.environ, "ANDOR_SIM_TRACE": str(self.trace)})
        self.eventually("the camera is open", lambda: self.call("get_status") == 20073)
        return self

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def call(self, name, *arguments):
        request = {"action": "call", "name": name, "args": {"__jsonclass__": ["tuple", [list(arguments)]]}, "kwargs": {}}
        with socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS) as peer, peer.makefile("rb") as file:
            peer.sendall(b"ARTIQ pc_rpc\n")
            file.readline()
            peer.sendall(b"x pyon_v2\n")
            file.readline()
            peer.sendall(json.dumps(request).encode() + b"\n")
            reply = json.loads(file.readline())
        if reply["status"] != "ok":
            raise RuntimeError(reply)
        return reply["ret"]

    def eventually(self, what, condition):
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            with contextlib.suppress(OSError, RuntimeError, ValueError):
                if condition():
                    return
            assert self.process.poll() is None or what.startswith("daqd ends"), (what, self.text())
            time.sleep(0.02)
        raise AssertionError(f"{what} did not happen; the log:\n{self.text()}")

    def text(self):
        return (self.folder / "log").read_text()[-3000:]

    def records(self):
        """States of the acquisitions in the run log, oldest first."""
        with contextlib.closing(sqlite3.connect(next(self.folder.glob("state/**/*.sqlite")))) as log:
            return [row[0] for row in log.execute("SELECT state FROM acquisitions ORDER BY sequence")]

    def calls(self):
        """The functions that were called and may leave a trace at a camera, in order."""
        names = ("AbortAcquisition", "Cooler", "SetCoolerMode", "ShutDown", "SetShutter", "FreeInternalMemory")
        words = [word for line in self.trace.read_text().splitlines() for word in line.split()]
        return [word for word in words if word.startswith(names)]

    def ends(self):
        """What was called from the last configuration to the end of the process."""
        before = len(self.calls())
        return before, lambda: self.calls()[before:]


def expect(calls, *wanted):
    """These were called, in this order, among others."""
    rest = iter(calls)
    assert all(any(call.startswith(word) for call in rest) for word in wanted), (wanted, calls)


def closed(policy, *wanted, **camera):
    """Ends daqd by a signal while the cold camera takes images; says what was called, and the log."""
    with Site("speed=100 start=-80", shutdown=policy, start={"target_temperature": -80}, **camera) as site:
        site.call("start")
        _, calls = site.ends()
        site.process.send_signal(signal.SIGTERM)
        assert site.process.wait(SECONDS) == 0, site.text()
        expect(calls(), "AbortAcquisition", "SetShutter", *wanted, "ShutDown")
        return calls(), site.text()


@check
def E7_10_a_signal_leaves_the_camera_as_the_policy_says_immediate():
    closed("immediate", "FreeInternalMemory", "SetCoolerMode(0)", "CoolerOFF")


@check
def E7_10_a_signal_leaves_the_camera_as_the_policy_says_warm():
    calls, text = closed("warm", "SetCoolerMode(0)", "CoolerOFF", warm_up_to=-20)
    assert "CoolerON()" not in calls, calls
    assert '"warm":true' in text.replace(" ", "") or "warm=true" in text, text


@check
def E7_10_a_signal_leaves_the_camera_as_the_policy_says_keep_cold():
    calls, _ = closed("keep_cold", "SetCoolerMode(1)")
    assert not any(call.startswith("CoolerOFF") for call in calls), calls


@check
def E7_10_a_signal_leaves_the_camera_as_the_policy_says_automatic():
    """Of this family at once; where its light comes through a fibre, warm."""
    calls, text = closed("automatic", "FreeInternalMemory", "SetCoolerMode(0)", "CoolerOFF")
    assert "policy=immediate" in text or '"policy":"immediate"' in text.replace(" ", ""), text
    calls, text = closed("automatic", "SetCoolerMode(0)", "CoolerOFF", fibre_coupled=True)
    assert "policy=warm" in text or '"policy":"warm"' in text.replace(" ", ""), text


@check
def E7_10_a_second_signal_ends_the_warm_up_and_leaves_the_camera_cooling():
    # The clock is real: without the second signal the sensor would take a quarter of an hour.
    with Site("speed=1 start=-80", shutdown="warm", start={"target_temperature": -80}) as site:
        _, calls = site.ends()
        site.process.send_signal(signal.SIGTERM)
        site.eventually("the cooler is off", lambda: any(call.startswith("CoolerOFF") for call in calls()))
        assert site.process.poll() is None and not any(call.startswith("ShutDown") for call in calls()), calls()
        site.process.send_signal(signal.SIGTERM)
        site.process.wait(SECONDS)
        expect(calls(), "CoolerOFF", "CoolerON", "SetCoolerMode(1)", "ShutDown")
        assert "left cooling" in site.text(), site.text()


@check
def E7_10_the_hand_over_at_the_second_signal_is_waited_for():
    """The SDK's ShutDown takes two seconds: without it the camera would be left in the state in which the next start finds it taken."""
    folder = tempfile.mkdtemp(prefix="daqd-andor-cable-")
    cable = f"{folder}/cable"
    try:
        with Site(f"speed=1 start=-80 socket={cable}", shutdown="warm", start={"target_temperature": -80}) as site:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as wire:
                wire.bind("")
                wire.settimeout(SECONDS)
                wire.connect(cable)
                wire.send(b"hang ShutDown 2000")
                assert not wire.recv(1000).startswith(b"error")
            _, calls = site.ends()
            site.process.send_signal(signal.SIGTERM)
            site.eventually("the cooler is off", lambda: any(call.startswith("CoolerOFF") for call in calls()))
            site.process.send_signal(signal.SIGTERM)
            assert site.process.wait(SECONDS) == 0, site.text()
            expect(calls(), "CoolerOFF", "CoolerON", "SetCoolerMode(1)", "ShutDown")
            assert "The camera is closed" in site.text() and "its stop was cut short" in site.text(), site.text()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@check
def E7_10_a_warm_up_goes_on_beyond_stop_timeout_until_terminate_is_asked_twice():
    with Site("speed=1 start=-80", shutdown="warm", stop_timeout="1s", start={"target_temperature": -80}) as site:
        _, calls = site.ends()
        site.call("terminate")
        end = time.monotonic() + 3  # three times its stop_timeout, in which the device asks for more
        site.eventually("it warms up", lambda: site.call("get_state") == "warming")
        site.eventually("stop_timeout is over", lambda: time.monotonic() > end)
        assert site.call("get_state") == "warming"
        site.call("terminate")
        assert site.process.wait(SECONDS) == 0, site.text()
        expect(calls(), "CoolerOFF", "CoolerON", "SetCoolerMode(1)", "ShutDown")


@check
def E7_10_kill_and_restart_in_an_acquisition():
    locks = tempfile.mkdtemp(prefix="daqd-andor-locks-")
    try:
        with Site(f"speed=20 start=20 cameras=888:12859 lock={locks}") as site:
            for _ in range(2):
                site.call("start")
                site.eventually("images come", lambda: site.call("get_acquisition_images") >= 3)
                site.process.kill()
                site.process.wait()
                site.start()
            site.call("set_acquisition_mode", 3)
            site.call("acquire")
            assert site.call("get_acquisition_images") == 3
            assert site.records() == ["failed", "failed", "done"], site.records()
    finally:
        shutil.rmtree(locks)


if __name__ == "__main__":
    main()
