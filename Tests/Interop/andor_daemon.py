# Part of daqd
# SPDX-License-Identifier: MIT
"""daqd with a simulated Andor camera, as a process of its own: the driver's one target at one port, all of them at another."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from sipyco.pc_rpc import Client

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from checks import free_port  # noqa: E402

COLUMNS, ROWS = 21, 16


class Daemon:
    def __init__(self, simulated="speed=20 start=20", only_file=False, **camera):
        self.port, self.other_port = free_port(), free_port()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="daqd-andor-"))
        targets = {name: {"device": "emccd", "names": name} for name in ("emccd", "emccd_x")}
        start = {"trigger_mode": "internal", "acquisition_mode": "run_till_abort", "target_temperature": 20, "exposure": 0.001,
                 "region": [540, 540 + COLUMNS - 1, 175, 175 + ROWS - 1], **camera.pop("start", {})}
        if only_file:  # what a configuration file of the driver says, and nothing over it
            start = {}
        site = {
            "site": {"name": "andor", "data": "data", "state": "state"}, "allow_debug_plugins": True,
            "plugins": [f"{os.environ['DAQD_BIN']}/lib{name}.so" for name in ("AndorPlugin", "RPCFrontend")],
            "devices": {"emccd": {"type": "andor", "simulation": True, "simulated": simulated, "start": start,
                                  "pipeline_images": 100000, **camera}},
            "frontends": {"rpc": {"type": "pc_rpc", "port": self.other_port, "targets": targets},
                          "rpc_emccd": {"type": "pc_rpc", "port": self.port, "devices": ["emccd"], "targets": {"emccd": targets["emccd"]}}},
        }
        (self.folder / "plugins.conf").write_text(json.dumps(site))
        self.log = open(self.folder / "log", "wb")
        self.trace = self.folder / "trace"  # what was called of the SDK, line by line
        self.process = subprocess.Popen([f"{os.environ['DAQD_BIN']}/daqd", "--config", self.folder / "plugins.conf"],
                                        stdout=self.log, stderr=self.log, env={"ANDOR_SIM_TRACE": str(self.trace), **os.environ})

    def client(self, target="emccd"):
        end = time.monotonic() + 30
        while True:
            try:
                return Client("127.0.0.1", self.port if target == "emccd" else self.other_port, target)
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError((self.folder / "log").read_text())
                time.sleep(0.02)

    def ready(self, target="emccd"):
        """A client, once the camera is open."""
        client = self.client(target)
        end = time.monotonic() + 30
        while True:
            try:
                if client.get_status() == 20073:
                    return client
            except Exception:
                if time.monotonic() > end:
                    raise
            time.sleep(0.02)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)
