# Part of daqd
# SPDX-License-Identifier: MIT
"""Images out of an Andor camera's buffer: daqd beside bare loops over the same stand-in, in the same run.

Two questions, at 128 x 128 and at 1024 x 1024 pixels:

- At the camera's own greatest rate (the stand-in's clock runs as a real one): does every image arrive, and what does it cost?
- At any rate (the clock runs so fast that images always wait, the buffer never overruns): how does daqd compare with a loop that does
  nothing but copy images out of the buffer, and a remote client of daqd with one of a bare socket that is fed by such a loop?

The subscriber in the process (Tests/FrameCounterPlugin) takes every frame, looks at its number and its first pixel, and makes the
source wait when it is slow. The remote client takes raw arrays (docs/rpc.md). An image that is missing or wrong fails the benchmark.
"""
import contextlib
import ctypes
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import traceback

BIN = pathlib.Path(os.environ["DAQD_BIN"])
RUNS = int(os.environ.get("ANDOR_BENCH_RUNS", "5"))
SECONDS = float(os.environ.get("ANDOR_BENCH_SECONDS", "5"))
FAST = "cameras=888:12859 speed=100000 start=20 buffer=1000000000000"
REAL = "cameras=888:12859 speed=1 start=20"
BATCH_BYTES, BATCH_IMAGES = 8 << 20, 256


def batch(side):
    return max(1, min(BATCH_IMAGES, BATCH_BYTES // (2 * side * side)))


class BareCamera:
    """The stand-in called from here, without daqd: what comes out of it at most."""

    def __init__(self, side):
        self.folder = tempfile.TemporaryDirectory()
        self.library = library = ctypes.CDLL(shutil.copy(BIN / "libandor_sim.so", self.folder.name))
        assert library.AndorSim_Configure(FAST.encode()) == 0
        library.SetCurrentCamera(100)
        library.Initialize(b"")
        library.SetReadMode(4)
        library.SetAcquisitionMode(3)
        library.SetImage(1, 1, 1, side, 1, side)
        self.pixels, self.step = side * side, batch(side)
        self.memory = (ctypes.c_uint16 * (self.step * self.pixels))()

    def images(self, count):
        """Copies a series into the same memory, batch after batch; says how many images each batch has."""
        library, first, last, a, b = self.library, *(ctypes.c_int() for _ in range(4))
        library.SetNumberKinetics(count)
        library.StartAcquisition()
        done = 0
        while done < count:
            if library.GetNumberNewImages(ctypes.byref(first), ctypes.byref(last)) != 20002:
                continue
            end = min(last.value, first.value + self.step - 1)
            size = (end - first.value + 1) * self.pixels
            assert library.GetImages16(first.value, end, self.memory, size, ctypes.byref(a), ctypes.byref(b)) == 20002
            yield end - done
            done = end
        library.AbortAcquisition()


def bare_loop(side, count):
    """Images in a second of the loop alone, and the processor's time for each."""
    camera = BareCamera(side)
    begin, ticks = time.perf_counter(), time.process_time()
    for _ in camera.images(count):
        pass
    return count / (time.perf_counter() - begin), (time.process_time() - ticks) / count


def bare_socket(side, count):
    """The same loop in a process of its own, which sends each batch over a socket; images in a second at the receiver."""
    ours, theirs = socket_pair()
    child = os.fork()
    if child == 0:
        try:
            ours.close()
            camera = BareCamera(side)
            theirs.recv(1)
            view = memoryview((ctypes.c_char * ctypes.sizeof(camera.memory)).from_buffer(camera.memory)).cast("B")
            for number in camera.images(count):
                theirs.sendall(view[:2 * side * side * number])
            theirs.shutdown(socket.SHUT_WR)
            theirs.recv(1)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(0)
    file = ours.makefile("rb", buffering=1 << 20)
    try:
        theirs.close()
        view = memoryview(bytearray(1 << 20))
        begin = time.perf_counter()
        ours.sendall(b"g")
        take(file, view, 2 * side * side * count)
        return count / (time.perf_counter() - begin)
    finally:
        file.close()
        ours.close()
        os.waitpid(child, 0)


def socket_pair():
    """Two ends of a TCP connection on loopback, as the remote client has it."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        ours = socket.create_connection(listener.getsockname())
        theirs, _ = listener.accept()
        return ours, theirs


def take(file, view, size):
    while size:
        got = file.readinto(view[:min(size, len(view))])
        assert got, "the connection ended early"
        size -= got


class Client:
    """A client that takes arrays as bytes behind the line."""

    def __init__(self, port, target):
        end = time.monotonic() + 60
        while True:
            try:
                self.socket = socket.create_connection(("127.0.0.1", port), timeout=120)
                break
            except OSError:
                assert time.monotonic() < end, "daqd does not listen"
                time.sleep(0.02)
        self.file, self.view = self.socket.makefile("rb", buffering=1 << 20), memoryview(bytearray(1 << 20))
        self.socket.sendall(b"ARTIQ pc_rpc\n")
        self.file.readline()
        self.socket.sendall(f"{target} pyon_v2 raw_arrays\n".encode())
        self.file.readline()

    def call(self, name, *arguments):
        """The reply's line, and how many bytes followed it."""
        request = {"action": "call", "name": name, "args": {"__jsonclass__": ["tuple", [list(arguments)]]}, "kwargs": {}}
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        line = self.file.readline().decode()
        size = sum(int(n) for n in re.findall(r'"rawarray",\[.*?,(\d+)\]\]', line))
        take(self.file, self.view, size)
        return line, size

    def value(self, name, *arguments):
        reply = json.loads(self.call(name, *arguments)[0])
        assert reply["status"] == "ok", (name, reply)
        return reply["ret"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Daqd:
    def __init__(self, side, words, subscriber):
        self.port, self.folder = free_port(), pathlib.Path(tempfile.mkdtemp(prefix="daqd-andor-bench-"))
        start = {"acquisition_mode": "kinetic", "exposure": 0, "trigger_mode": "internal", "target_temperature": 20,
                 "region": [1, side, 1, side]}
        camera = {"type": "andor", "simulation": True, "simulated": words, "start": start, "clear_pipeline_on_start": True}
        if not subscriber:
            camera |= {"pipeline_images": 1000000, "pipeline_bytes": 4 << 30, "frame_memory": 6 << 30}
        targets = {"camera": {"device": "emccd", "names": "emccd_x"}}
        site = {
            "site": {"name": "bench", "data": "data", "state": "state"}, "allow_debug_plugins": True,
            "plugins": [str(BIN / f"lib{name}.so") for name in ("AndorPlugin", "RPCFrontend", "FrameCounterPlugin")],
            "devices": {"emccd": camera},
            "frontends": {"rpc": {"type": "pc_rpc", "port": self.port, "targets": targets}}}
        if subscriber:
            site["frontends"]["counter"] = {"type": "frame_counter"}
        (self.folder / "plugins.conf").write_text(json.dumps(site))
        self.log = open(self.folder / "log", "wb")
        self.process = subprocess.Popen([BIN / "daqd", "--config", self.folder / "plugins.conf"], stdout=self.log, stderr=self.log)
        self.counted = {"frames": 0}

    def __enter__(self):
        try:
            self.client, self.daemon = Client(self.port, "camera"), Client(self.port, "daqd")
            end = time.monotonic() + 60
            while "20073" not in self.client.call("get_status")[0]:
                assert time.monotonic() < end, (self.folder / "log").read_text()
                time.sleep(0.05)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def cpu(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def crop(self, side):
        """The camera's fastest way to read a square at its corner; images in a second."""
        self.client.value("set_readout_frame_transfer", True)
        if side < 1024:
            for name in ("width", "height"):
                self.client.value(f"set_crop_{name}", side)
            self.client.value("set_crop_active", True)
        return self.client.value("get_acquisition_frame_rate")

    def subscriber(self, count):
        """A series whose frames all go to the subscriber in the process; images in a second, processor's time for each."""
        self.client.value("set_acquisition_frames", count)
        ticks, begin = self.cpu(), time.perf_counter()
        self.client.value("acquire")
        seconds = time.perf_counter() - begin
        used = self.cpu() - ticks
        self.expect(count)
        return count / seconds, used / count

    def expect(self, count):
        """The subscriber got every frame, in order and unharmed."""
        wanted, end = self.counted["frames"] + count, time.monotonic() + 60
        while True:
            now = {name: self.daemon.value(f"get_frontends_counter_{name}") for name in ("frames", "gaps", "lost", "wrong")}
            if now["frames"] == wanted or time.monotonic() > end:
                break
            time.sleep(0.05)
        assert now == {"frames": wanted, "gaps": 0, "lost": 0, "wrong": 0}, (wanted, now)
        self.counted = now

    def remote(self, side, count):
        """The same series, its images fetched by the remote client while they come."""
        self.client.value("set_acquisition_frames", count)
        size, got, step = 2 * side * side, 0, batch(side)
        ticks, begin = self.cpu(), time.perf_counter()
        self.client.value("start_acquisition_with_watcher")
        while got < count:
            fetched = self.client.call("get_images", min(step, count - got), 60)[1] // size
            assert fetched, "no image came"
            got += fetched
        seconds = time.perf_counter() - begin
        used = self.cpu() - ticks
        assert self.client.value("get_acquisition_lost") == 0
        while self.client.value("data_watcher_is_working"):
            time.sleep(0.01)
        return count / seconds, used / count


def row(side, name, rate, of, cpu):
    share = f"{100 * rate / of:9.1f} %" if of else " " * 11
    cost = f"{cpu * 1e6:12.1f}" if cpu is not None else ""
    print(f"{side:5} x {side:<5} {name:44}{rate:12.1f}{share}{cost}", flush=True)


def medians(pairs):
    return [statistics.median(column) for column in zip(*pairs)]


def real_rate(side):
    with Daqd(side, REAL, True) as daqd:
        rate = daqd.crop(side)
        count = max(20, int(SECONDS * rate))
        row(side, "the camera's own greatest rate", rate, None, None)
        got, cpu = daqd.subscriber(count)
        row(side, "subscriber in the process", got, rate, cpu)
    with Daqd(side, REAL, False) as daqd:
        daqd.crop(side)
        got, cpu = daqd.remote(side, count)
        row(side, "remote client, raw arrays", got, rate, cpu)


def any_rate(side, count, remote_count):
    loop, wire, inside, remote = [], [], [], []
    with Daqd(side, FAST, True) as one, Daqd(side, FAST, False) as two:
        # Once without counting: memory that the system never gave before is its business, not the camera's.
        one.subscriber(count), two.remote(side, remote_count)
        for _ in range(RUNS):
            loop.append(bare_loop(side, count))
            inside.append(one.subscriber(count))
            wire.append((bare_socket(side, remote_count),))
            remote.append(two.remote(side, remote_count))
    (top, cost), (socket_rate,) = medians(loop), medians(wire)
    row(side, "bare loop over the buffer", top, None, cost)
    rate, cost = medians(inside)
    row(side, "subscriber in the process", rate, top, cost)
    row(side, "bare loop, sent over a socket", socket_rate, None, None)
    rate, cost = medians(remote)
    row(side, "remote client, raw arrays", rate, socket_rate, cost)


def main():
    print(f"{'':58}{'images/s':>12}{'of limit':>11}{'µs CPU each':>12}")
    with contextlib.suppress(BrokenPipeError):
        print("at the camera's own greatest rate")
        for side in (128, 1024):
            real_rate(side)
        print("as fast as the buffer gives them")
        any_rate(128, 200000, 10000)
        any_rate(1024, 3000, 200)


if __name__ == "__main__":
    sys.exit(main())
