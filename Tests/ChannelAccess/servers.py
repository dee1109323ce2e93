# Part of daqd
# SPDX-License-Identifier: MIT
"""Starts a Channel Access server on a free port and ends it again; says with which environment clients find it."""
import contextlib
import os
import pathlib
import random
import select
import socket
import subprocess
import sys
import threading
import time

from caraw import REPEATER_CONFIRM, msg

HERE = pathlib.Path(__file__).resolve().parent


def free_port():
    """A port of which nobody has TCP or UDP, nor the next two; from below those that Linux gives to port 0."""
    while True:
        port = random.randrange(20_000, 32_000, 4)
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            for number in range(port, port + 3):
                for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                    probe = stack.enter_context(socket.socket(type=kind))
                    probe.bind(("127.0.0.1", number))
            return port


def client_environment(port, name_server=False):
    """What a client needs to find the server of that port, and a repeater's port of its own."""
    addresses = {"EPICS_CA_ADDR_LIST": "127.0.0.1"}
    if name_server:
        addresses = {"EPICS_CA_ADDR_LIST": "", "EPICS_CA_NAME_SERVERS": f"127.0.0.1:{port}"}
    return {**addresses, "EPICS_CA_AUTO_ADDR_LIST": "NO", "EPICS_CA_SERVER_PORT": str(port),
            "EPICS_CA_REPEATER_PORT": str(port + 2), "EPICS_CA_MAX_ARRAY_BYTES": "100000000"}


class Server:
    """`kind` is daqd, rsrv or caproto; `options` are those of its program."""

    def __init__(self, kind, *options, prefix="B:", scalars=10, waveform=1000, image=1000, port=None, seconds=120, quiet=True):
        self.kind, self.prefix = kind, prefix
        self.port = port or free_port()
        sizes = ["-n", scalars, "--wf", waveform, "--img", image]
        command = [sys.executable, "-B", HERE / f"server_{kind}.py", "--prefix", prefix, "--port", self.port, *sizes, *options]
        begin = time.monotonic()
        self.process = subprocess.Popen(
            list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL if quiet else None, text=True)
        try:
            self.pid = self.await_ready(begin + seconds)
        except BaseException:
            self.stop()
            raise
        self.start_seconds = time.monotonic() - begin

    def await_ready(self, end):
        while time.monotonic() < end:
            if select.select([self.process.stdout], [], [], 1)[0]:
                line = self.process.stdout.readline()
                if line.startswith("READY"):
                    return int(line.split()[1])
                if not line:
                    break
        raise RuntimeError(f"the server {self.kind} did not become ready")

    def environment(self, **options):
        return client_environment(self.port, **options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


class Repeater(threading.Thread):
    """A CA repeater of this process: clients that find none would start one that outlives them."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.socket = socket.socket(type=socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", port))
        self.socket.settimeout(0.2)
        self.clients = set()
        self.ended = threading.Event()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join()
        self.socket.close()

    def run(self):
        while not self.ended.is_set():
            with contextlib.suppress(TimeoutError, ConnectionRefusedError):
                data, sender = self.socket.recvfrom(4096)
                if not data or data[:2] == b"\0\x18":
                    self.clients.add(sender)
                    self.socket.sendto(msg(REPEATER_CONFIRM, p2=0x7F000001), sender)
                else:
                    self.forward(data, sender)

    def forward(self, data, sender):
        for client in list(self.clients - {sender}):
            try:
                self.socket.sendto(data, client)
            except OSError:
                self.clients.discard(client)
