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
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from checks import check, main  # noqa: E402

BIN = pathlib.Path(sys.argv[1]).resolve()
SECONDS = 90


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


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

    def calls(self):
        """The functions that were called and may leave a trace at a camera, in order."""
        names = ("AbortAcquisition", "Cooler", "SetCoolerMode", "ShutDown", "SetShutter", "FreeInternalMemory")
        words = [word for line in self.trace.read_text().splitlines() for word in line.split()]
        return [word for word in words if word.startswith(names)]

    def ends(self):
        """What was called from the last configuration to the end of the process."""
        before = len(self.calls())
        return before, lambda: self.calls()[before:]


def outcome(site):
    assert site.process.wait(SECONDS) == 0, site.text()


def expect(calls, *wanted):
    """These were called, in this order, among others."""
    rest = iter(calls)
    assert all(any(call.startswith(word) for call in rest) for word in wanted), (wanted, calls)


@check
def a_signal_leaves_the_camera_as_the_policy_says_immediate():
    with Site("speed=100 start=-80", shutdown="immediate", start={"target_temperature": -80}) as site:
        site.call("start")
        _, calls = site.ends()
        site.process.send_signal(signal.SIGTERM)
        outcome(site)
        expect(calls(), "AbortAcquisition", "SetShutter", "FreeInternalMemory", "SetCoolerMode(0)", "CoolerOFF", "ShutDown")


@check
def a_signal_leaves_the_camera_as_the_policy_says_warm():
    with Site("speed=100 start=-80", shutdown="warm", warm_up_to=-20, start={"target_temperature": -80}) as site:
        site.call("start")
        _, calls = site.ends()
        site.process.send_signal(signal.SIGTERM)
        outcome(site)
        expect(calls(), "AbortAcquisition", "SetShutter", "SetCoolerMode(0)", "CoolerOFF", "ShutDown")
        assert "CoolerON()" not in calls(), calls()
        assert '"warm":true' in site.text().replace(" ", "") or "warm=true" in site.text(), site.text()


@check
def a_signal_leaves_the_camera_as_the_policy_says_keep_cold():
    with Site("speed=100 start=-80", shutdown="keep_cold", start={"target_temperature": -80}) as site:
        site.call("start")
        _, calls = site.ends()
        site.process.send_signal(signal.SIGTERM)
        outcome(site)
        expect(calls(), "AbortAcquisition", "SetShutter", "SetCoolerMode(1)", "ShutDown")
        assert not any(call.startswith("CoolerOFF") for call in calls()), calls()


@check
def a_second_signal_ends_the_warm_up_and_leaves_the_camera_cooling():
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
def kill_and_restart_in_an_acquisition():
    with Site("speed=20 start=20") as site:
        site.call("start")
        site.eventually("images come", lambda: site.call("get_acquisition_images") >= 3)
        site.process.kill()
        site.process.wait()
        site.start()
        site.call("set_acquisition_mode", 3)
        site.call("acquire")
        assert site.call("get_acquisition_images") == 3


if __name__ == "__main__":
    main()
