# Part of daqd
# SPDX-License-Identifier: MIT
"""Images from an Andor camera's buffer: daqd beside a bare loop over the same stand-in, in the same run.

The stand-in's clock runs so fast that images always wait, and its buffer never overruns: what is measured is the way out of it.
"""
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
import tempfile
import time

BIN = pathlib.Path(os.environ["DAQD_BIN"])
WORDS = "cameras=888:12859 speed=20000 start=20 buffer=1000000000000"
RUNS = int(os.environ.get("ANDOR_BENCH_RUNS", "3"))
BATCH_BYTES, BATCH_IMAGES = 8 << 20, 256


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def limit(side, count):
    """Images in a second of a loop that does nothing but fetch, with batches as daqd takes them."""
    with tempfile.TemporaryDirectory() as folder:
        library = ctypes.CDLL(shutil.copy(BIN / "libandor_sim.so", folder))
        assert library.AndorSim_Configure(WORDS.encode()) == 0
        library.SetCurrentCamera(100)
        library.Initialize(b"")
        library.SetReadMode(4)
        library.SetAcquisitionMode(3)
        library.SetNumberKinetics(count)
        library.SetImage(1, 1, 1, side, 1, side)
        library.StartAcquisition()
        step = max(1, min(BATCH_IMAGES, BATCH_BYTES // (2 * side * side)))
        memory = (ctypes.c_uint16 * (step * side * side))()
        first, last, a, b = (ctypes.c_int() for _ in range(4))
        done, begin, ticks = 0, time.perf_counter(), time.process_time()
        while done < count:
            if library.GetNumberNewImages(ctypes.byref(first), ctypes.byref(last)) != 20002:
                continue
            end = min(last.value, first.value + step - 1)
            assert library.GetImages16(first.value, end, memory, (end - first.value + 1) * side * side, ctypes.byref(a),
                                       ctypes.byref(b)) == 20002
            done = end
        return count / (time.perf_counter() - begin), (time.process_time() - ticks) / count


class Client:
    """A client that takes arrays as bytes behind the line."""

    def __init__(self, port, target):
        end = time.monotonic() + 30
        while True:
            try:
                self.socket = socket.create_connection(("127.0.0.1", port))
                break
            except OSError:
                assert time.monotonic() < end
                time.sleep(0.02)
        self.file = self.socket.makefile("rb", buffering=1 << 20)
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
        left, view = size, memoryview(bytearray(1 << 20))
        while left:
            left -= self.file.readinto(view[:min(left, len(view))])
        return line, size


class Daqd:
    def __init__(self, side, count):
        self.port, self.folder = free_port(), pathlib.Path(tempfile.mkdtemp(prefix="daqd-andor-bench-"))
        start = {"acquisition_mode": "kinetic", "frames": count, "exposure": 0, "trigger_mode": "internal", "target_temperature": 20,
                 "region": [1, side, 1, side]}
        site = {
            "site": {"name": "bench", "data": "data", "state": "state"}, "allow_debug_plugins": True,
            "plugins": [str(BIN / f"lib{name}.so") for name in ("AndorPlugin", "RPCFrontend")],
            "devices": {"emccd": {"type": "andor", "simulation": True, "simulated": WORDS, "start": start, "pipeline_images": 1000000,
                                  "pipeline_bytes": 4 << 30, "clear_pipeline_on_start": True}},
            "frontends": {"rpc": {"type": "pc_rpc", "port": self.port,
                                  "targets": {"typed": {"device": "emccd", "names": "emccd_x"}}}}}
        (self.folder / "plugins.conf").write_text(json.dumps(site))
        self.process = subprocess.Popen([BIN / "daqd", "--config", self.folder / "plugins.conf"], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)

    def __enter__(self):
        client = Client(self.port, "typed")
        end = time.monotonic() + 30
        while "20073" not in client.call("get_status")[0]:
            assert time.monotonic() < end
            time.sleep(0.05)
        self.client = client
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def cpu(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def subscriber(self, count):
        """A series whose images go to the frame stream and the pipeline; none may be missing."""
        ticks, begin = self.cpu(), time.perf_counter()
        reply = self.client.call("acquire")[0]
        seconds = time.perf_counter() - begin
        assert '"ok"' in reply, reply
        used = self.cpu() - ticks
        assert f": {count}" in self.client.call("pipeline_size")[0] or f":{count}" in self.client.call("pipeline_size")[0]
        return count / seconds, used / count

    def remote(self, side, count):
        """The same series, its images fetched by the client while they come."""
        size, got, begin = 2 * side * side, 0, time.perf_counter()
        self.client.call("start_acquisition_with_watcher")
        step = max(1, min(BATCH_IMAGES, BATCH_BYTES // size))
        while got < count:
            got += self.client.call("get_images", min(step, count - got), 10)[1] // size
        return count / (time.perf_counter() - begin)


def main():
    print(f"{'':42}{'images/s':>12}{'of limit':>10}{'µs CPU/image':>14}")
    for side, count in ((128, 10000), (1024, 200)):
        bare, inside, remote = [], [], []
        with Daqd(side, count) as daqd:
            for _ in range(RUNS):
                bare.append(limit(side, count))
                inside.append(daqd.subscriber(count))
                remote.append(daqd.remote(side, count))
        top = statistics.median(rate for rate, _ in bare)
        rows = [("bare loop over the stand-in", top, statistics.median(cpu for _, cpu in bare)),
                ("daqd, stream and pipeline", statistics.median(rate for rate, _ in inside), statistics.median(cpu for _, cpu in inside)),
                ("daqd, raw RPC client", statistics.median(remote), None)]
        for name, rate, cpu in rows:
            shown = f"{cpu * 1e6:14.1f}" if cpu is not None else ""
            print(f"{side:5} x {side:<5} {name:28}{rate:12.0f}{100 * rate / top:9.0f}%{shown}")


if __name__ == "__main__":
    main()
