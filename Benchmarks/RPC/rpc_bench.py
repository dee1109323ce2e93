# Part of daqd
# SPDX-License-Identifier: MIT
"""Remote calls: daqd beside a sipyco server (SIPYCO=<checkout>) and a bare echo in C, same clients, same run."""
import os
import pathlib
import statistics
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "Tests" / "Interop"))
from rpc_daemon import Daemon, free_port  # noqa: E402

LOAD = os.environ["RPC_LOAD"]
RUNS = int(os.environ.get("RPC_BENCH_RUNS", "5"))
EMPTY = '"args":{"__jsonclass__":["tuple",[[]]]},"kwargs":{}}'
PING = '{"action":"call","name":"ping",' + EMPTY
GET = '{"action":"call","name":"get_exposure",' + EMPTY
IMAGE = '{"action":"call","name":"image",' + EMPTY
ADD = '{"action":"call","name":"add","args":{"__jsonclass__":["tuple",[[1,2]]]},"kwargs":{}}'
ADD_V1 = '{"action": "call", "name": "add", "args": (1, 2), "kwargs": {}}'
PIXELS = 1024 * 1024 * 2

REFERENCE = """
import asyncio, sys
import numpy as np
from sipyco import pc_rpc
image = np.random.default_rng(1).integers(0, 65536, (1024, 1024), dtype=np.uint16)
class Target:
    def ping(self): return True
    def add(self, a, b=1): return a + b
    def image(self): return image
    def get_exposure(self): return 0.1
loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
server = pc_rpc.Server({"test": Target()})
loop.run_until_complete(server.start("127.0.0.1", int(sys.argv[1])))
print("ready", flush=True)
loop.run_forever()
"""

CLIENT = """
import asyncio, sys, time
from sipyco import pc_rpc
port, what = int(sys.argv[1]), sys.argv[2]
if what == "async":
    async def run():
        client = pc_rpc.AsyncioClient()
        await client.connect_rpc("127.0.0.1", port, "test")
        for _ in range(200): await client.add(1, 2)
        begin = time.perf_counter()
        for _ in range(3000): await client.add(1, 2)
        print(3000 / (time.perf_counter() - begin))
    asyncio.run(run())
    sys.exit()
client = pc_rpc.Client("127.0.0.1", port, "test")
if what == "calls":
    for _ in range(200): client.add(1, 2)
    begin = time.perf_counter()
    for _ in range(3000): client.add(1, 2)
    print(3000 / (time.perf_counter() - begin))
elif what == "ping":
    times = []
    for _ in range(3000):
        begin = time.perf_counter()
        client.ping()
        times.append(time.perf_counter() - begin)
    times.sort()
    print(times[1500] * 1e6, times[2970] * 1e6)
else:
    client.image(), client.image()
    begin = time.perf_counter()
    for _ in range(10): client.image()
    print(10 * 2097152 / (time.perf_counter() - begin))
"""


def cpu(pid):
    """Seconds of processor time of a process."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid):
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def load(*words):
    return [float(number) for number in subprocess.check_output([LOAD, *map(str, words)], text=True).split()]


def rounds(kinds, body):
    """Interleaves the servers, so that a disturbance hits all of them; the median of each."""
    results = {name: [] for name in kinds}
    for _ in range(RUNS):
        for name in kinds:
            results[name].append(body(name))
    return {name: [statistics.median(column) for column in zip(*rows)] for name, rows in results.items()}


class Servers:
    def __init__(self):
        self.processes = []
        self.daemon = Daemon()
        self.ports = {"daqd": self.daemon.port}
        self.pids = {"daqd": self.daemon.process.pid}
        echo = subprocess.Popen([LOAD, "echo"], stdout=subprocess.PIPE, text=True)
        self.add("echo", echo, int(echo.stdout.readline()))
        if os.environ.get("SIPYCO"):
            port = free_port()
            server = subprocess.Popen([sys.executable, "-c", REFERENCE, str(port)], stdout=subprocess.PIPE, text=True)
            server.stdout.readline()
            self.add("sipyco", server, port)

    def add(self, name, process, port):
        self.processes.append(process)
        self.ports[name] = port
        self.pids[name] = process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.kill()
            process.wait()
        self.daemon.__exit__()

    def calls(self, name, depth, count, request, selection="test pyon_v2"):
        """Calls per second, p50, p99, processor time of the server per call in microseconds."""
        before = cpu(self.pids[name])
        rate, middle, high = load("calls", self.ports[name], "-" if name == "echo" else selection, depth, count, request)
        return rate, middle, high, (cpu(self.pids[name]) - before) * 1e6 / (count * depth)


def row(label, results, unit="calls/s"):
    print(f"  {label}")
    for name, (rate, middle, high, processor) in results.items():
        print(f"    {name:8}{rate:12,.0f} {unit}   p50 {middle:8.1f} us   p99 {high:8.1f} us   server CPU {processor:6.2f} us/call")


def ratio(label, value, goal, holds):
    print(f"    -> {label}: {value:.2f} (goal {goal}) {'met' if holds else 'NOT MET'}")


def one_outstanding(servers):
    print("one call outstanding, raw client")
    for label, request in (("ping()", PING), ("get_exposure()", GET), ("add(1, 2)", ADD)):
        results = rounds(servers.ports, lambda name: servers.calls(name, 1, 20000, request))
        row(label, results)
        share = results["daqd"][0] / results["echo"][0]
        ratio("of the echo's rate", share, ">= 0.90", share >= 0.9)
        if "sipyco" in results:
            share = results["daqd"][3] / results["sipyco"][3]
            ratio("of sipyco's CPU per call", share, "<= 0.10", share <= 0.1)
    kinds = [name for name in servers.ports if name != "echo"]
    row("add(1, 2), PYON v1", rounds(kinds, lambda name: servers.calls(name, 1, 10000, ADD_V1, "test")))


def pipelined(servers):
    print("64 calls outstanding, raw client")
    for label, request in (("ping()", PING), ("get_exposure()", GET), ("add(1, 2)", ADD)):
        results = rounds(servers.ports, lambda name: servers.calls(name, 64, 1500, request))
        row(label, results)
        if "sipyco" in results:
            times = results["daqd"][0] / results["sipyco"][0]
            ratio("times sipyco", times, ">= 10", times >= 10)


def python_clients(servers):
    print("sipyco's own clients")
    kinds = [name for name in servers.ports if name != "echo"]

    def client(name, what):
        words = [sys.executable, "-c", CLIENT, str(servers.ports[name]), what]
        return [float(number) for number in subprocess.check_output(words, text=True).split()]
    for label, what, text in (
            ("blocking client, add(1, 2)", "calls", "{:,.0f} calls/s"), ("asynchronous client, add(1, 2)", "async", "{:,.0f} calls/s"),
            ("ping()", "ping", "p50 {:.0f} us, p99 {:.0f} us"), ("image of 1024 x 1024 uint16, decoded", "image", "{:,.0f} B/s of pixels")):
        for name, values in rounds(kinds, lambda name: client(name, what)).items():
            print(f"  {label}: {name} {text.format(*values)}")


def images(servers):
    print("image of 1024 x 1024 uint16, raw client, reply not decoded")
    kinds = [name for name in servers.ports if name != "echo"]
    line = PIXELS * 4 // 3 + 60
    results = rounds(kinds, lambda name: [load("bytes", servers.ports[name], "test pyon_v2", 100, IMAGE)[0] / line * PIXELS])
    for name, (rate,) in results.items():
        print(f"    {name:8}{rate / 1e6:8,.0f} MB/s of pixels")
    ratio("GB/s", results["daqd"][0] / 1e9, ">= 1", results["daqd"][0] >= 1e9)


def memory(servers):
    print("memory per open connection, handshake done")
    for name in [name for name in servers.ports if name != "echo"]:
        before = resident(servers.pids[name])
        holder = subprocess.Popen([LOAD, "hold", str(servers.ports[name]), "test pyon_v2", "500"],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        holder.stdout.readline()
        print(f"    {name:8}{(resident(servers.pids[name]) - before) / 500 / 1024:6.1f} KiB")
        holder.stdin.close()
        holder.wait()


with Servers() as servers:
    if "sipyco" not in servers.ports:
        print("without sipyco: give its checkout as SIPYCO=...")
    one_outstanding(servers)
    pipelined(servers)
    images(servers)
    memory(servers)
    if "sipyco" in servers.ports:
        python_clients(servers)
