# Part of daqd
# SPDX-License-Identifier: MIT
"""Images out of an Andor camera's buffer: daqd beside bare loops over the same stand-in, in the same run.

Three questions, at 128 x 128 and at 1024 x 1024 pixels:

- At the camera's own greatest rate (the stand-in's clock runs as a real one): does every image arrive, and what does it cost?
- At any rate (the clock runs so fast that images always wait, the buffer never overruns): how does daqd compare with a loop that does
  nothing but copy images out of the buffer, and a remote client of daqd with one of a bare socket that is fed by such a loop?
- One image at a time by software trigger (the clock of the first): how long after exposure and readout does a remote client have it?

The second has two references. "Same memory": the loop writes each batch into the same place, which never leaves the processor's cache; so
it throws every image away. "As much memory": it writes into as many bytes as daqd must keep, one batch behind the other, and begins again
at the end. daqd keeps the last 256 images for its clients, and for a remote client all that it has not fetched yet. The memory of both
was touched before and has large pages, as daqd's.

The subscriber in the process (Tests/FrameCounterPlugin) takes every frame, looks at its number and its first pixel, and makes the
source wait when it is slow. The remote client takes raw arrays (docs/rpc.md). An image that is missing or wrong fails the benchmark.
"""
import contextlib
import ctypes
import json
import mmap
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
SNAPS = 300
FAST = "cameras=888:12859 speed=100000 start=20 buffer=1000000000000"
REAL = "cameras=888:12859 speed=1 start=20"
BATCH_BYTES, BATCH_IMAGES = 2 << 20, 256
REPLY_BYTES = 8 << 20  # what the remote client asks for at once, at most
KEPT = 256  # images that daqd keeps in its pipeline
TABLE = []  # the lines of docs/benchmarks.md


def batch(side, size=BATCH_BYTES):
    return max(1, min(BATCH_IMAGES, size // (2 * side * side)))


class BareCamera:
    """The stand-in called from here, without daqd: what comes out of it at most."""

    def __init__(self, side, kept=0):
        """With memory for so many images; 0: for one batch."""
        self.folder = tempfile.TemporaryDirectory()
        self.library = library = ctypes.CDLL(shutil.copy(BIN / "libandor_sim.so", self.folder.name))
        assert library.AndorSim_Configure(FAST.encode()) == 0
        library.SetCurrentCamera(100)
        library.Initialize(b"")
        library.SetReadMode(4)
        library.SetAcquisitionMode(3)
        library.SetImage(1, 1, 1, side, 1, side)
        self.pixels, self.step = side * side, batch(side)
        self.bytes = 2 * self.pixels * self.step
        self.places = -(-kept // self.step) + 1  # those that are kept, and the one that is written
        self.memory = mmap.mmap(-1, self.bytes * self.places)
        self.memory.madvise(mmap.MADV_HUGEPAGE)
        self.view = memoryview(self.memory)
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self.memory))
        ctypes.memset(self.address, 1, len(self.memory))

    def images(self, count):
        """Copies a series, batch after batch; says of each how many images it has and where they are."""
        library, first, last, a, b = self.library, *(ctypes.c_int() for _ in range(4))
        library.SetNumberKinetics(count)
        library.StartAcquisition()
        done = number = 0
        while done < count:
            if library.GetNumberNewImages(ctypes.byref(first), ctypes.byref(last)) != 20002:
                continue
            end = min(last.value, first.value + self.step - 1)
            size = (end - first.value + 1) * self.pixels
            place = number % self.places * self.bytes
            target = ctypes.c_void_p(self.address + place)
            assert library.GetImages16(first.value, end, target, size, ctypes.byref(a), ctypes.byref(b)) == 20002
            yield end - done, self.view[place:place + 2 * size]
            done, number = end, number + 1
        library.AbortAcquisition()


def bare_loop(side, count, kept=0):
    """Images in a second of the loop alone, and the processor's time for each."""
    camera = BareCamera(side, kept)
    begin, ticks = time.perf_counter(), time.process_time()
    for _ in camera.images(count):
        pass
    return count / (time.perf_counter() - begin), (time.process_time() - ticks) / count


def bare_socket(side, count, kept=0):
    """The same loop in a process of its own, which sends each batch over a socket; images in a second at the receiver."""
    ours, theirs = socket_pair()
    child = os.fork()
    if child == 0:
        try:
            ours.close()
            camera = BareCamera(side, kept)
            theirs.sendall(b"r")
            theirs.recv(1)
            for _, images in camera.images(count):
                theirs.sendall(images)
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
        file.read(1)
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

    def snaps(self, count):
        """Images one by one, a software trigger each; seconds from the trigger to the image beyond exposure and readout."""
        for name, value in (("set_acquisition_mode", 0), ("set_exposure_time", 0.001), ("set_trigger_mode", 10)):
            self.client.value(name, value)
        self.client.value("start_acquisition_with_watcher")
        least = self.client.value("get_acquisition_actual_exposure") + self.client.value("get_acquisition_readout_time")
        times = []
        for _ in range(count):
            begin = time.perf_counter()
            self.client.value("send_software_trigger")
            assert self.client.call("get_image", 10)[1], "no image came"
            times.append(time.perf_counter() - begin - least)
            time.sleep(0.01)  # the camera cleans its sensor
        self.client.value("stop_data_watcher")
        return times

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
        size, got, step = 2 * side * side, 0, batch(side, REPLY_BYTES)
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


def row(side, name, rate, cpu, *limits):
    shares = "".join(f"{100 * rate / limit:10.1f} %" for limit in limits)
    cost = f"{cpu * 1e6:12.1f}" if cpu is not None else ""
    print(f"{side:5} x {side:<5} {name:40}{rate:12,.1f}{cost:>12}{shares}", flush=True)


def table(side, what, rate, cpu, beside, share, goal):
    TABLE.append(f"| {what}, {side} × {side} (`andor`) | {rate:,.0f} images/s, {cpu * 1e6:,.1f} µs of CPU each | {beside} | {share} | {goal} |")


def verdict(share):
    return f"95 %: {'met' if share >= 0.95 else 'missed'}"


def medians(pairs):
    return [statistics.median(column) for column in zip(*pairs)]


def real_rate(side):
    with Daqd(side, REAL, True) as daqd:
        rate = daqd.crop(side)
        count = max(20, int(SECONDS * rate))
        row(side, "the camera's own greatest rate", rate, None)
        daqd.subscriber(count)  # memory that the system never gave before is its business: not counted
        inside = daqd.subscriber(count)
    with Daqd(side, REAL, False) as daqd:
        daqd.crop(side)
        daqd.remote(side, count)
        remote = daqd.remote(side, count)
    for what, (got, cpu) in (("subscriber in the process", inside), ("remote client, raw arrays", remote)):
        row(side, what, got, cpu, rate)
        table(side, f"Andor, the camera's greatest rate, {what}", got, cpu, f"the stand-in in real time: {rate:,.1f} images/s",
              f"{got / rate:.0%}", verdict(got / rate))


def snap(side):
    with Daqd(side, REAL, False) as daqd:
        daqd.snaps(20)
        times = sorted(daqd.snaps(SNAPS))
    middle, late = times[len(times) // 2], times[int(0.99 * len(times))]
    print(f"{side:5} x {side:<5} one image by software trigger, beyond exposure and readout: median {middle * 1e3:.2f} ms, "
          f"p99 {late * 1e3:.2f} ms", flush=True)
    TABLE.append(f"| Andor, one image by software trigger to a remote client, beyond exposure and readout, {side} × {side} (`andor`) | "
                 f"{middle * 1e3:.2f} ms, p99 {late * 1e3:.2f} ms | | | 5 ms: {'met' if middle < 0.005 else 'missed'} |")


def any_rate(side, count, remote_count):
    results = {name: [] for name in ("loop", "ring", "inside", "wire", "ring wire", "remote")}
    with Daqd(side, FAST, True) as one, Daqd(side, FAST, False) as two:
        # Once without counting, as above.
        one.subscriber(count), two.remote(side, remote_count)
        for _ in range(RUNS):
            results["loop"].append(bare_loop(side, count))
            results["ring"].append(bare_loop(side, count, KEPT))
            results["inside"].append(one.subscriber(count))
            results["wire"].append((bare_socket(side, remote_count), 0))
            results["ring wire"].append((bare_socket(side, remote_count, remote_count), 0))
            results["remote"].append(two.remote(side, remote_count))
    rates = {name: medians(pairs) for name, pairs in results.items()}
    for name, what in (("loop", "bare loop, the same memory"), ("ring", f"bare loop, memory of {KEPT} images")):
        row(side, what, *rates[name])
    compare(side, "subscriber in the process", results, "inside", ("loop", "ring"), "a loop")
    for name, what in (("wire", "the same over a socket"), ("ring wire", f"memory of {remote_count} images, socket")):
        row(side, what, rates[name][0], None)
    compare(side, "remote client, raw arrays", results, "remote", ("wire", "ring wire"), "a loop that sends")


def compare(side, what, results, ours, references, reference):
    """Shares are medians of each round's own: what else the machine does meanwhile slows all of a round."""
    rate, cpu = medians(results[ours])
    (same, _), (kept, _) = (medians(results[name]) for name in references)
    shares = [statistics.median(a[0] / b[0] for a, b in zip(results[ours], results[name])) for name in references]
    row(side, what, rate, cpu, *(rate / share for share in shares))
    table(side, f"Andor, as fast as the buffer gives them, {what}", rate, cpu,
          f"{reference}, always into the same 2 MiB: {same:,.0f}; into as much memory as daqd keeps: {kept:,.0f}",
          "; ".join(f"{share:.0%}" for share in shares), "; ".join(verdict(share) for share in shares))


def main():
    print(f"{'':54}{'images/s':>12}{'µs CPU each':>12}{'of the same':>12}{'of as much':>12}")
    with contextlib.suppress(BrokenPipeError):
        print("at the camera's own greatest rate")
        for side in (128, 1024):
            real_rate(side)
            snap(side)
        print("as fast as the buffer gives them")
        any_rate(128, 1000000, 20000)
        any_rate(1024, 10000, 400)
        print("\nas docs/benchmarks.md has it:\n")
        print("\n".join(TABLE))


if __name__ == "__main__":
    sys.exit(main())
