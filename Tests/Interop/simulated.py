# Part of daqd
# SPDX-License-Identifier: MIT
"""A simulated detector for the parts of the interoperability test, and a count of what holds."""
import hashlib
import json
import os
import pathlib
import subprocess
import urllib.request


class Detector:
    """eiger-sim as a process of its own, ended on every path."""

    def __init__(self, *options):
        program = pathlib.Path(os.environ["DAQD_BIN"]) / "eiger-sim"
        self.process = subprocess.Popen(
            [program, "--port", "0", "--initialize-time", "0.5", *options], stdout=subprocess.PIPE, text=True)
        self.port = json.loads(self.process.stdout.readline())["http"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=20) as reply:
            return reply.read()

    def requests(self):
        """Method, path, body, state and status of every request so far."""
        return [json.loads(line) for line in self.get("/sim/log").splitlines()]

    def written(self):
        """Every file that the detector ever completed."""
        return json.loads(self.get("/sim/files"))


class Count:
    """What holds and what does not, one line each."""

    def __init__(self):
        self.passed = self.failed = 0

    def check(self, what, holds, detail=""):
        self.passed += bool(holds)
        self.failed += not holds
        print(f"{'ok' if holds else 'NOT ok'}: {what}" + (f" ({detail})" if detail and not holds else ""), flush=True)

    def end(self):
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        raise SystemExit(1 if self.failed else 0)


def sha256(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()
