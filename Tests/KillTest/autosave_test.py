# Part of daqd
# SPDX-License-Identifier: MIT
"""Kills daqd (SIGKILL) while a client writes a parameter that the site chose for autosave, starts it again, and looks what came back.

What is written is saved while the writing goes on. After every kill the value must be one that was written, and none older than
what was saved before; a parameter that was not chosen must have its first value. The moments are random; --seed repeats a run."""

import contextlib
import random
import sqlite3
import threading
import time
import urllib.request

from bench import Failure, Program, arguments, call, carry_out, ending, executable, free_port, wait_for

CONFIG = """\
site: {{name: kill, data: {folder}/data, state: {folder}/state}}
plugins: [ProbePlugin, RESTFrontend]
devices:
  chosen: {{type: probe, autosave: ["num*"]}}
  other: {{type: probe}}
frontends:
  rest: {{type: rest, port: {port}}}
"""


class Writer(threading.Thread):
    """Writes ever greater numbers and remembers which were answered."""

    def __init__(self, url, first):
        super().__init__(daemon=True)
        self.url = url
        self.answered = []
        self.first = self.next = first
        self.stopped = False

    def run(self):
        while not self.stopped:
            try:
                call("PUT", self.url + "devices/chosen/parameters/number", {"value": self.next}, timeout=60)
                call("PUT", self.url + "devices/other/parameters/number", {"value": self.next}, timeout=60)
            except (OSError, Failure):
                return
            self.answered.append(self.next)
            self.next += 1


def number(url, device):
    return call("GET", f"{url}devices/{device}/parameters/number")["value"]


class AutosaveTest:
    def __init__(self, binaries, folder, rounds, seed):
        self.daqd, self.folder, self.rounds = executable(binaries / "daqd"), folder, rounds
        self.random = random.Random(seed)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/api/v1/"
        self.config = folder / "plugins.conf"
        self.config.write_text(CONFIG.format(folder=folder, port=self.port))
        self.next = 100
        self.passed = 0
        self.problems = []

    def daemon(self):
        program = Program([self.daqd, "--config", self.config], self.folder / "daqd.log")

        def serves():
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5).close()
            return True

        try:
            wait_for("daqd serves", serves, 60, program.process, program.log)
        except BaseException:
            program.kill()
            raise
        return program

    def saved(self):
        """The number that a daqd which is killed now must come back with, or a newer one."""
        log = f"file:{self.folder}/state/runlog.sqlite?mode=ro"
        with contextlib.closing(sqlite3.connect(log, uri=True, timeout=60)) as database:
            row = database.execute("SELECT value FROM autosave WHERE path = 'chosen/number'").fetchone()
        return int(float(row[0])) if row else 0

    def round(self, index):
        """Writes, kills, starts again and judges."""
        with ending(self.daemon()) as daemon:
            writer = Writer(self.url, self.next)
            writer.start()
            wait_for("a write is saved", lambda: self.saved() >= writer.first, 60)
            time.sleep(self.random.random() * 1.2)
            least = self.saved()
            daemon.kill()
            writer.stopped = True
            writer.join(60)
        self.next = writer.next + 1
        with ending(self.daemon()) as daemon:
            chosen, other = number(self.url, "chosen"), number(self.url, "other")
            daemon.kill()
        problem = ""
        if not least <= chosen <= writer.next:
            problem = f"{chosen} came back, not {least} to {writer.next}"
        elif other != 7:
            problem = f"a parameter that was not chosen came back as {other}"
        behind = max(0, max(writer.answered, default=0) - chosen)
        said = problem or f"{len(writer.answered)} writes answered, the value is {behind} behind"
        print(f"{'FAILED' if problem else 'ok    '} round {index}: {said}", flush=True)
        if problem:
            self.problems.append(problem)
        self.passed += not problem

    def run(self):
        for index in range(1, self.rounds + 1):
            self.round(index)


carry_out(AutosaveTest, arguments(__doc__, rounds=8, limit=240).parse_args(), "daqd-autosave-")
