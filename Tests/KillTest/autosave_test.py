# Part of daqd
# SPDX-License-Identifier: MIT
"""Kills daqd (SIGKILL) while a client writes a parameter that the site chose for autosave, starts it again, and looks what came back.

After every kill the value must be one that was written, not older than the last write answered half a second before the kill; a
parameter that was not chosen must have its first value. The moments are random; --seed repeats a run."""

import argparse
import os
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
import urllib.request

from bench import Failure, Program, call, ending, executable, free_port, tail, wait_for

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# Saving takes 50 ms at most; the rest is for a machine with other things to do.
GRACE = 0.5

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
    """Writes ever greater numbers and remembers when each was answered."""

    def __init__(self, url, first):
        super().__init__(daemon=True)
        self.url = url
        self.answered = []
        self.next = first
        self.stopped = False

    def run(self):
        while not self.stopped:
            try:
                call("PUT", self.url + "devices/chosen/parameters/number", {"value": self.next}, timeout=5)
                call("PUT", self.url + "devices/other/parameters/number", {"value": self.next}, timeout=5)
            except (OSError, Failure):
                return
            self.answered.append((time.monotonic(), self.next))
            self.next += 1


def number(url, device):
    return call("GET", f"{url}devices/{device}/parameters/number")["value"]


class AutosaveTest:
    def __init__(self, daqd, folder, rounds, seed):
        self.daqd, self.folder, self.rounds = daqd, folder, rounds
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

    def round(self, index):
        """Writes, kills, starts again and judges."""
        with ending(self.daemon()) as daemon:
            before = number(self.url, "chosen")
            writer = Writer(self.url, self.next)
            writer.start()
            wait_for("a write is answered", lambda: writer.answered, 30)
            time.sleep(self.random.random() * 1.2)
            killed = time.monotonic()
            daemon.kill()
            writer.stopped = True
            writer.join(10)
        self.next = writer.next + 1
        sure = [value for when, value in writer.answered if when < killed - GRACE]
        with ending(self.daemon()) as daemon:
            chosen, other = number(self.url, "chosen"), number(self.url, "other")
            daemon.kill()
        least = sure[-1] if sure else before
        if not least <= chosen <= writer.next:
            self.problems.append(f"round {index}: {chosen} came back, not {least} to {writer.next}")
        elif other != 7:
            self.problems.append(f"round {index}: a parameter that was not chosen came back as {other}")
        else:
            self.passed += 1
            behind = writer.answered[-1][1] - chosen
            print(f"ok     round {index}: {len(writer.answered)} writes answered, the value is {max(0, behind)} behind", flush=True)

    def run(self):
        for index in range(1, self.rounds + 1):
            self.round(index)


def out_of_time(*_):
    raise Failure("the whole test took too long")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--binaries", type=pathlib.Path, default=ROOT / ".build" / "debug")
    parser.add_argument("--limit", type=int, default=240, help="seconds for everything")
    options = parser.parse_args()
    os.umask(0o022)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGALRM, out_of_time)
    signal.alarm(options.limit)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="daqd-autosave-")).resolve()
    print(f"seed {options.seed}", flush=True)
    test = AutosaveTest(executable(options.binaries.resolve() / "daqd"), folder, options.rounds, options.seed)
    failed = 0
    try:
        test.run()
    except Failure as failure:
        print(f"FAILED {failure}")
        failed = 1
    finally:
        signal.alarm(0)
        for problem in test.problems:
            print(f"FAILED {problem}")
        failed += len(test.problems)
        if failed:
            print(tail(folder / "daqd.log", 30))
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{test.passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
