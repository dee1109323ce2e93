# Part of daqd
# SPDX-License-Identifier: MIT
"""daqd with a probe device and its RPC frontend as a process of its own, ended on every path."""
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Daemon:
    """daqd with the devices named in `devices`, each a probe; `rpc` holds further settings of the frontend.

    `level` is that of the log, `words` are further words of the command line; with `start=False` somebody else runs `command`."""

    def __init__(self, port=None, devices=("test",), level="notice", words=(), start=True, **rpc):
        self.port = port or free_port()
        self.control = free_port()  # the same site without TLS
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="daqd-rpc-"))
        settings = {"type": "pc_rpc", "port": self.port, "publications": ["rpc-probe"], **rpc}
        site = {
            "site": {"name": "interop", "data": "data", "state": "state"},
            "logging": {"level": level},
            "plugins": [f"{os.environ['DAQD_BIN']}/lib{name}.so" for name in ("RPCFrontend", "RPCProbePlugin")],
            "devices": {name: {"type": "rpc-probe"} for name in devices},
            "frontends": {
                "rpc": settings,
                "control": {"type": "pc_rpc", "port": self.control, "publications": ["rpc-probe"]},
            },
        }
        config = self.folder / "plugins.conf"
        config.write_text(json.dumps(site))  # JSON is YAML
        program = os.environ.get("DAQD_PROGRAM") or f"{os.environ['DAQD_BIN']}/daqd"
        self.command = [program, "--config", str(config), *words]
        self.log = open(self.folder / "log", "wb")
        self.process = None
        if start:
            self.process = subprocess.Popen(self.command, stdout=self.log, stderr=self.log)
            self.wait_listening()

    def wait_listening(self):
        end = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    print((self.folder / "log").read_text())
                    raise RuntimeError("daqd does not listen")
                time.sleep(0.02)

    def wait(self, timeout):
        return self.process.wait(timeout)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)
