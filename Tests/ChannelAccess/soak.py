# Part of daqd
# SPDX-License-Identifier: MIT
"""A Channel Access server under clients that come, go and die: its memory, threads and files stay what they were.

  soak.py DAQD [SECONDS]

10,000 PVs, 1,000 of them told to clients ten times a second; twenty clients that come and go; five hundred that connect and die
without a word, at every point of the protocol; one that never reads a large array.
"""
import os
import pathlib
import random
import selectors
import socket
import struct
import sys
import time

from caraw import (CREATE_CHAN, DOUBLE, EVENT_ADD, LONG, STRING, VERSION, WRITE_NOTIFY, Circuit, msg, name_bytes)
from servers import Server

PVS, TOLD, CLIENTS, DYING = 10_000, 1_000, 20, 500
IMAGE = 4_000_000
# Until then caches fill up; what is compared is what comes behind.
WARM_PART = 0.3
GROWTH = 1.15
BLOCKED_LIMIT_MB = 3 * IMAGE / 1e6 + 30


def usage(process):
    """Resident memory in MB, threads, open files."""
    fields = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{process}/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0]) / 1024, int(fields["Threads"]), len(os.listdir(f"/proc/{process}/fd"))


def subscribe(circuit, sid, number, dtype=DOUBLE, count=1):
    circuit.send(msg(EVENT_ADD, dtype, count, sid, number, struct.pack(">fffHH", 0, 0, 0, 1, 0)))


class Listener:
    """A client with a subscription to some of the numbers; every value must be greater than the one before."""

    def __init__(self, server, names):
        self.circuit = Circuit("127.0.0.1", server.port)
        self.last, self.updates, self.disorder = {}, 0, 0
        self.until = time.monotonic() + random.uniform(1, 8)
        for number, name in enumerate(names):
            message = self.circuit.create(server.prefix + name)
            assert message is not None and message.cmd == CREATE_CHAN, name
            subscribe(self.circuit, message.p2, number)

    def read(self):
        self.circuit.fill(0)
        while (message := self.circuit.parsed()) is not None:
            if message.cmd == EVENT_ADD and message.payload:
                value = struct.unpack(">d", message.payload[:8])[0]
                self.disorder += value < self.last.get(message.p2, -1)
                self.last[message.p2] = value
                self.updates += 1


def die(server):
    """A client that is gone without a word: while it greets, in the middle of a message, or with subscriptions and a put pending."""
    with Circuit("127.0.0.1", server.port) as circuit:
        for number, name in enumerate(random.sample(["A00000", "A00001", "S00002", "S00003", "BUSY"], random.randrange(6))):
            message = circuit.create(server.prefix + name)
            if message is None or message.cmd != CREATE_CHAN:
                break
            subscribe(circuit, message.p2, number)
            if name[0] != "S":
                circuit.send(msg(WRITE_NOTIFY, DOUBLE, 1, message.p2, 9, struct.pack(">d", 1)))
        half = msg(VERSION, 0, 13) + msg(CREATE_CHAN, 0, 0, 1, 13, name_bytes(server.prefix + "S00001"))
        circuit.send(half[:random.randrange(len(half))])
        if random.random() < 0.5:
            circuit.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class Soak:
    def __init__(self, server, seconds):
        self.server, self.seconds = server, seconds
        self.selector = selectors.DefaultSelector()
        self.listeners = []
        self.came = self.died = self.updates = self.disorder = 0
        self.problems = []

    def expect(self, condition, text):
        if not condition:
            self.problems.append(text)

    def come(self):
        first = 50 * random.randrange(TOLD // 50)
        listener = Listener(self.server, [f"S{number:05d}" for number in range(first, first + 50)])
        self.selector.register(listener.circuit.sock, selectors.EVENT_READ, listener)
        self.listeners.append(listener)
        self.came += 1

    def go(self, listener):
        self.selector.unregister(listener.circuit.sock)
        listener.circuit.close()
        self.listeners.remove(listener)
        self.updates += listener.updates
        self.disorder += listener.disorder

    def step(self, seconds):
        """Reads what comes for so long; replaces the clients whose time is up."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for key, _ in self.selector.select(0.05):
                key.data.read()
            for listener in [one for one in self.listeners if one.until < time.monotonic()]:
                self.go(listener)
            while len(self.listeners) < CLIENTS:
                self.come()

    def all_channels(self):
        """One client with a channel to every PV."""
        with Circuit("127.0.0.1", self.server.port) as circuit:
            names = [name_bytes(f"{self.server.prefix}S{number:05d}") for number in range(PVS)]
            created = 0
            for first in range(0, PVS, 500):
                circuit.send(*(msg(CREATE_CHAN, 0, 0, first + number, 13, name) for number, name in enumerate(names[first:first + 500])))
                for _ in range(500):
                    message = circuit.expect(CREATE_CHAN, 30)
                    created += message is not None and message.cmd == CREATE_CHAN
        self.expect(created == PVS, f"{created} of {PVS} channels were created")

    def never_reads(self):
        """A client that asks for a large array and never reads it; others go on, memory stays bounded."""
        before = usage(self.server.pid)[0]
        with Circuit("127.0.0.1", self.server.port, receive_buffer=4096) as blocked, Circuit("127.0.0.1", self.server.port) as writer:
            image = blocked.create(self.server.prefix + "IMG").p2
            trigger = writer.create(self.server.prefix + "IMGTRIG").p2
            target = writer.create(self.server.prefix + "IMG").p2
            writer.send(msg(WRITE_NOTIFY, 4, IMAGE, target, 1, bytes(IMAGE)))
            self.expect(writer.expect(WRITE_NOTIFY, 30) is not None, "an image was not taken")
            subscribe(blocked, image, 1, dtype=4, count=IMAGE)
            counted = self.updates + sum(one.updates for one in self.listeners)
            for number in range(30):
                writer.send(msg(WRITE_NOTIFY, LONG, 1, trigger, number, struct.pack(">i4x", number)))
                answer = writer.expect(WRITE_NOTIFY, 10)
                self.expect(answer is not None and answer.p1 == 1, "a put beside a client that never reads was not answered")
                self.step(0.05)
            self.names_the_slow(writer, blocked)
            grown = usage(self.server.pid)[0] - before
            others = self.updates + sum(one.updates for one in self.listeners) - counted
        self.expect(grown < BLOCKED_LIMIT_MB, f"a client that never reads cost {grown:.0f} MB")
        self.expect(others > 0, "nobody else heard anything beside a client that never reads")

    def names_the_slow(self, reader, blocked):
        """The client that never reads is named among daqd's own values."""
        names = reader.create("channel_access:daqd:frontends:ca:slow_client").p2
        wanted = f"127.0.0.1:{blocked.sock.getsockname()[1]} probe@".encode()
        end = time.monotonic() + 60
        while wanted not in reader.get(names, STRING, 0, timeout=30).payload:
            if time.monotonic() > end:
                return self.expect(False, f"{wanted} is not among the slow clients")
            self.step(0.2)

    def run(self):
        begin = time.monotonic()
        samples = []
        while True:
            part = (time.monotonic() - begin) / self.seconds
            if part >= 1:
                break
            self.step(min(1.0, self.seconds / 20))
            while self.died < DYING * min(1, part * 1.2):
                die(self.server)
                self.died += 1
                if self.died % 25 == 0:
                    self.step(0.02)
            if len(samples) % 5 == 0:
                self.all_channels()
            samples.append((part, *usage(self.server.pid)))
            if len(samples) % max(1, int(self.seconds / 20)) == 0:
                print("%3.0f %%  %6.1f MB  %3d threads  %4d files" % (100 * part, *samples[-1][1:]), flush=True)
        self.never_reads()
        for listener in list(self.listeners):
            self.go(listener)
        self.judge(samples)

    def judge(self, samples):
        warm = [sample for sample in samples if sample[0] > WARM_PART]
        third = max(1, len(warm) // 3)
        early, late = (sum(sample[1] for sample in part) / len(part) for part in (warm[:third], warm[-third:]))
        threads, files = ({sample[index] for sample in warm} for index in (2, 3))
        print(f"{self.came} clients came and went, {self.died} died, {self.updates} updates; {early:.1f} MB early, {late:.1f} MB late")
        self.expect(self.died >= DYING, f"only {self.died} clients died")
        self.expect(self.updates > 1000, f"only {self.updates} updates came")
        self.expect(self.disorder == 0, f"{self.disorder} updates came out of order")
        self.expect(late < early * GROWTH, f"memory grew from {early:.1f} MB to {late:.1f} MB")
        self.expect(max(threads) - min(threads) <= 8, f"threads: {sorted(threads)}")
        end = time.monotonic() + 20
        while usage(self.server.pid)[2] > self.files and time.monotonic() < end:
            time.sleep(0.05)
        self.expect(usage(self.server.pid)[2] <= self.files, f"{usage(self.server.pid)[2]} files are open, {self.files} were at first")


def main():
    os.environ["DAQD"] = sys.argv[1]
    seconds = float(sys.argv[2] if len(sys.argv) > 2 else os.environ.get("DAQD_SOAK_SECONDS", "600"))
    with Server("daqd", "--scan", ".1 second", scalars=PVS, image=IMAGE) as server:
        soak = Soak(server, seconds)
        soak.files = usage(server.pid)[2]
        soak.run()
        soak.expect(server.process.poll() is None, "daqd ended")
    print("\n".join(soak.problems))
    print(f"{int(not soak.problems)} passed, {int(bool(soak.problems))} failed")
    sys.exit(bool(soak.problems))


if __name__ == "__main__":
    main()
