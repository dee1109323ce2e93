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
ADD_OTHERS = "\n".join(ADD.replace("[1,2]", f"[{number},2]") for number in range(3, 6))
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


def median(rows):
    return [statistics.median(column) for column in zip(*rows)]


def calmest(rows):
    """The round with the least p50: a round trip is two wake-ups, and whatever else happens only makes it longer. Which processors
    the scheduler chooses for the two sides makes it half as long or twice, for seconds; hence many short rounds."""
    return min(rows, key=lambda row: row[1])


def rounds(kinds, body, of=median, number=RUNS):
    """Interleaves the servers, so that a disturbance hits all of them."""
    results = {name: [] for name in kinds}
    for _ in range(number):
        for name in kinds:
            results[name].append(body(name))
    return {name: of(rows) for name, rows in results.items()}


SPIN = """
import os
os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
print(flush=True)
while True: pass
"""


def keep_awake():
    """One loop a processor that gives way to everything else: a virtual processor that falls asleep between two messages takes
    20 to 60 us to come back, now and then, and a round trip then says more about the hypervisor than about a server."""
    loops = [subprocess.Popen([sys.executable, "-c", SPIN], stdout=subprocess.PIPE) for _ in range(os.cpu_count() or 1)]
    for loop in loops:
        loop.stdout.readline()
    return loops


class Servers:
    def __init__(self):
        self.processes = keep_awake()
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


TABLE = []


def row(label, results, unit="calls/s"):
    print(f"  {label}")
    for name, (rate, middle, high, processor) in results.items():
        print(f"    {name:8}{rate:12,.0f} {unit}   p50 {middle:8.1f} us   p99 {high:8.1f} us   server CPU {processor:6.2f} us/call")


def verdict(goal, holds, note=""):
    return f"{goal}: {'met' if holds else 'missed'}{note}"


def table(what, ours, references, ratio, goals):
    """A line of docs/benchmarks.md."""
    TABLE.append(f"| {what} | {ours} | {'; '.join(references)} | {ratio} | {goals} |")


def one_outstanding(servers):
    print("one call outstanding, raw client")
    kinds = [("ping()", "`ping()`", PING), ("get_exposure()", "read of a parameter", GET), ("add(1, 2)", "command `add(1, 2)`", ADD),
             ("add(n, 2)", "command `add(n, 2)`, another n each time", ADD_OTHERS)]
    for label, what, request in kinds:
        results = rounds(servers.ports, lambda name: servers.calls(name, 1, 5000, request), calmest, 6 * RUNS)
        row(label, results)
        echo, ours = results["echo"], results["daqd"]
        share = echo[1] / ours[1]
        references = [f"bare C echo: {echo[1]:.1f} µs, {echo[3]:.1f} µs"]
        ratios, goals = [f"{share:.0%} of the echo"], [verdict("90 %", share >= 0.9)]
        if "sipyco" in results:
            theirs = results["sipyco"]
            part, floor = ours[3] / theirs[3], echo[3] / theirs[3]
            references.append(f"sipyco: {theirs[1]:.1f} µs, {theirs[3]:.1f} µs")
            ratios.append(f"{part:.0%} of sipyco's CPU; the echo takes {floor:.0%}")
            goals.append(verdict("10 % of sipyco's CPU", part <= 0.1, ", as the echo misses it" if part > 0.1 and floor > 0.1 else ""))
        table(f"RPC {what}, one outstanding, p50 (`rpc`)" if request is PING else f"RPC {what}, one outstanding, p50", f"{ours[1]:.1f} µs, {ours[3]:.1f} µs of CPU", references, "; ".join(ratios), "; ".join(goals))
    kinds = [name for name in servers.ports if name != "echo"]
    row("add(1, 2), PYON v1", rounds(kinds, lambda name: servers.calls(name, 1, 5000, ADD_V1, "test"), calmest, 6 * RUNS))


def pipelined(servers):
    print("64 calls outstanding, raw client")
    for label, what, request in (("ping()", "`ping()`", PING), ("get_exposure()", "read of a parameter", GET), ("add(1, 2)", "command `add(1, 2)`", ADD)):
        results = rounds(servers.ports, lambda name: servers.calls(name, 64, 1500, request))
        row(label, results)
        if "sipyco" in results:
            # By the median batch, which a disturbance of one batch does not change.
            ours, theirs = (64e6 / results[name][1] for name in ("daqd", "sipyco"))
            times, part = ours / theirs, results["daqd"][3] / results["sipyco"][3]
            table(f"RPC {what}, 64 outstanding, p50 of a batch", f"{ours:,.0f} calls/s, {results['daqd'][3]:.2f} µs of CPU",
                  [f"sipyco: {theirs:,.0f} calls/s, {results['sipyco'][3]:.1f} µs"], f"{times:.1f} times; {part:.1%} of sipyco's CPU",
                  "; ".join((verdict("10 times", times >= 10), verdict("10 % of sipyco's CPU", part <= 0.1))))


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
    if "sipyco" in results:
        ours, theirs = results["daqd"][0], results["sipyco"][0]
        table("RPC image of 1024 × 1024 uint16 to a raw client", f"{ours / 1e9:.2f} GB/s of pixels", [f"sipyco: {theirs / 1e9:.2f} GB/s"],
              f"{ours / theirs:.0f} times", verdict("1 GB/s", ours >= 1e9))


def memory(servers):
    print("memory per open connection, handshake done")
    sizes = {}
    for name in [name for name in servers.ports if name != "echo"]:
        before = resident(servers.pids[name])
        holder = subprocess.Popen([LOAD, "hold", str(servers.ports[name]), "test pyon_v2", "500"],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        holder.stdout.readline()
        sizes[name] = (resident(servers.pids[name]) - before) / 500 / 1024
        print(f"    {name:8}{sizes[name]:6.1f} KiB")
        holder.stdin.close()
        holder.wait()
    if "sipyco" in sizes:
        table("RPC memory per open connection", f"{sizes['daqd']:.1f} KiB", [f"sipyco: {sizes['sipyco']:.1f} KiB"],
              f"{sizes['daqd'] / sizes['sipyco']:.0%}", "none")


with Servers() as servers:
    if "sipyco" not in servers.ports:
        print("without sipyco: give its checkout as SIPYCO=...")
    one_outstanding(servers)
    pipelined(servers)
    images(servers)
    memory(servers)
    if "sipyco" in servers.ports:
        python_clients(servers)
    print("\nas docs/benchmarks.md has it:\n")
    print("\n".join(TABLE))
