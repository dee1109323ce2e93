# Part of daqd
# SPDX-License-Identifier: MIT
"""The simulated detector and the daemon as child processes, each ended by its id on every path."""

import argparse
import contextlib
import json
import os
import pathlib
import random
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request


ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


class Failure(Exception):
    """Something that must not be, in one sentence."""


def call(method, url, body=None, timeout=30):
    """The decoded reply of one request; None for an empty one."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as reply:
            text = reply.read()
    except urllib.error.HTTPError as error:
        raise Failure(f"{method} {url} answered {error.code}: {error.read(500).decode(errors='replace')}") from None
    return json.loads(text) if text else None


def wait_for(what, condition, seconds, process=None, log=None):
    """Polls until the condition gives something true; the limit guards against hanging, it measures nothing."""
    end = time.monotonic() + seconds
    problem = ""
    while True:
        if process is not None and process.poll() is not None:
            raise Failure(f"the process ended with status {process.returncode} before {what}; {tail(log)}")
        try:
            result = condition()
            if result:
                return result
        except (OSError, Failure) as error:
            problem = f" ({error})"
        if time.monotonic() > end:
            raise Failure(f"{what}: not within {seconds} s{problem}; {tail(log)}")
        time.sleep(0.03)


def tail(log, lines=12):
    """The end of a log, for messages."""
    if log is None or not pathlib.Path(log).exists():
        return "no log"
    return "its log ends:\n" + "\n".join(pathlib.Path(log).read_text(errors="replace").splitlines()[-lines:])


def free_port():
    """A TCP port that nobody has at the moment, from below those that Linux gives to sockets bound to port 0."""
    while True:
        port = random.randrange(15_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


class Program:
    """One child process with its log."""

    def __init__(self, arguments, log, stdout=None, environment=None):
        self.log = log
        with open(log, "ab") as file:
            self.process = subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, stdout=stdout or file, stderr=file, cwd=log.parent,
                env={**os.environ, **(environment or {})})

    def kill(self):
        """Ends it as a power cut would, if it still runs."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def terminate(self, seconds=60):
        """Ends it as a service manager would; returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
                raise Failure(f"SIGTERM did not end it within {seconds} s; {tail(self.log)}") from None
        return self.process.returncode


class Simulator(Program):
    """eiger-sim on a free port."""

    def __init__(self, binary, folder, *options):
        super().__init__([binary, "--port", "0", *options], folder / "eiger-sim.log", subprocess.PIPE)
        ready, _, _ = select.select([self.process.stdout], [], [], 30)
        line = self.process.stdout.readline() if ready else b""
        if not line:
            self.kill()
            raise Failure(f"eiger-sim did not say its port; {tail(self.log)}")
        self.port = json.loads(line)["http"]
        self.url = f"http://127.0.0.1:{self.port}"

    def written(self):
        """Every file that it ever completed, with size, sum and what became of it."""
        return call("GET", self.url + "/sim/files")

    def order(self, **fault):
        """Orders a misbehaviour."""
        call("POST", self.url + "/sim/fault", fault)


class Daemon(Program):
    """daqd with one Eiger and REST."""

    def __init__(self, binary, config, port, folder, **environment):
        super().__init__(
            [binary, "--config", config, "--log-level", "info"], folder / "daqd.log",
            environment={name: str(value) for name, value in environment.items()})
        self.url = f"http://127.0.0.1:{port}/api/v1/"
        self.ready = f"http://127.0.0.1:{port}/readyz"

    def get(self, path):
        """A resource."""
        return call("GET", self.url + path)

    def post(self, path, body=None):
        """Calls a command."""
        return call("POST", self.url + path, body)

    def put(self, name, value):
        """Writes a parameter of the detector."""
        call("PUT", f"{self.url}devices/eiger1/parameters/{name}", {"value": value})

    def wait_until_connected(self):
        """Waits until REST serves and the detector answers."""

        def connected():
            urllib.request.urlopen(self.ready, timeout=5).close()
            return self.get("devices/eiger1")["state"] == "connected"

        wait_for("daqd serves and is connected", connected, 60, self.process, self.log)

    def acquisitions(self):
        """All acquisitions, complete records with their post-operations."""
        ids = [one["id"] for one in self.get("acquisitions?limit=1000")["acquisitions"]]
        runs = [self.get("runs/" + one) for one in ids]
        return [run["acquisition"] | {"post_operations": run["post_operations"]} for run in runs]

    def wait_until_settled(self, seconds):
        """Waits until every acquisition and every post-operation has ended; returns the records."""

        def settled():
            records = self.acquisitions()
            ended = all(
                one["ended"] and one["state"] in ("done", "aborted", "failed")
                and all(operation["ended"] for operation in one["post_operations"])
                for one in records)
            return [records] if ended else None

        return wait_for("every acquisition and post-operation ends", settled, seconds, self.process, self.log)[0]


@contextlib.contextmanager
def ending(program):
    """Ends a program with the block."""
    try:
        yield program
    finally:
        program.kill()


def executable(path):
    """A built program, or a sentence that it is missing."""
    if not os.access(path, os.X_OK):
        raise Failure(f"{path} is not built; scripts/test builds it")
    return str(path)


def arguments(description, rounds, limit):
    """A parser of what every test of this folder takes."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--binaries", type=pathlib.Path, default=ROOT / ".build" / "debug")
    parser.add_argument("--limit", type=int, default=limit, help="seconds for everything")
    parser.add_argument("--keep", action="store_true", help="keep the folder")
    return parser


def out_of_time(*_):
    raise Failure("the whole test took too long")


def carry_out(make, options, prefix):
    """Runs the test that `make` makes in a folder of its own, says what passed, and ends the process."""
    os.umask(0o022)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGALRM, out_of_time)
    signal.alarm(options.limit)
    folder = pathlib.Path(tempfile.mkdtemp(prefix=prefix)).resolve()
    print(f"seed {options.seed}, in {folder}", flush=True)
    test = make(options.binaries.resolve(), folder, options.rounds, options.seed)
    failed = 0
    try:
        test.run()
    except Failure as failure:
        print(f"FAILED {failure}")
        failed = 1
    finally:
        signal.alarm(0)
        failed += len(test.problems)
        if failed:
            print(tail(folder / "daqd.log", 40))
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    print(f"{test.passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
