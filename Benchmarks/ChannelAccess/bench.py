# Part of daqd
# SPDX-License-Identifier: MIT
"""Runs cabench against daqd, rsrv and caproto in interleaved rounds; prints medians and ratios as Markdown, the bad rows first.

  bench.py --client FOLDER/cabench --daqd PATH [--rounds 3] [--seconds 0.7] [--only connect,get,...] [--json FILE]

Client and server share the machine's cores, so rates with libca are mostly the client's; server CPU is the server's own.
Ratios of one run on one otherwise idle machine are what to compare.
"""
import argparse
import json
import os
import pathlib
import platform
import socket
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/ChannelAccess"))
from caraw import VERSION, msg  # noqa: E402
from rows import ROWS, misses  # noqa: E402
from servers import Server  # noqa: E402

SMALL = ["connect", "rawcreate", "getlat", "putlat", "get", "gettime", "getctrl", "rawget", "rawgettime", "putcb", "put", "mon",
         "wfget", "rawwf", "wfmon", "imgget", "rawimg", "imgmon"]
BIG = 10_000
IDLE = 150


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--client", required=True, help="the built cabench")
    parser.add_argument("--daqd", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.7)
    parser.add_argument("--only", default="", help="tests, separated by commas")
    parser.add_argument("--servers", default="daqd,rsrv,caproto")
    parser.add_argument("--json")
    return parser.parse_args()


class Bench:
    def __init__(self, options):
        self.options = options
        self.only = set(filter(None, options.only.split(",")))
        self.results = {}

    def wants(self, *tests):
        return not self.only or self.only.intersection(tests)

    def keep(self, test, kind, result):
        if result:
            self.results.setdefault(test, {}).setdefault(kind, []).append(result)

    def run(self):
        for number in range(self.options.rounds):
            for kind in self.options.servers.split(","):
                print(f"round {number + 1} of {self.options.rounds}, {kind}", file=sys.stderr, flush=True)
                if self.wants(*SMALL, "wfput", "connect_tcp", "rawget_w4096"):
                    self.small(kind)
                if self.wants("rate"):
                    self.rate(kind)
                if self.wants("big", "idle") and (number == 0 or kind != "caproto"):
                    self.big(kind)
        return self.results

    def client(self, server, test, channels=1000, window=256, seconds=None, name_server=False, limit=120):
        """One run of cabench: its JSON, or None when it failed."""
        command = [self.options.client, "-p", server.prefix, "-n", channels, "-t", seconds or self.options.seconds, "-w", window,
                   "-S", server.pid, "-P", server.port, test]
        environment = {**os.environ, **server.environment(name_server=name_server)}
        try:
            result = subprocess.run(list(map(str, command)), env=environment, capture_output=True, text=True, timeout=limit)
        except subprocess.TimeoutExpired:
            print(f"  {server.kind}: {test} was not done within {limit} s", file=sys.stderr)
            return None
        for line in result.stdout.splitlines():
            if line.startswith("{"):
                return json.loads(line)
        print(f"  {server.kind}: {test}: {result.stderr.strip()[-300:]}", file=sys.stderr)
        return None

    def small(self, kind):
        with Server(kind, scalars=1000, waveform=1_000_000, image=8_000_000) as server:
            time.sleep(0.5)
            self.client(server, "wfput")
            self.keep("wfput", kind, self.client(server, "wfput"))
            for test in SMALL:
                if self.wants(test):
                    self.keep(test, kind, self.client(server, test))
                    time.sleep(0.1)
            if self.wants("connect_tcp") and kind != "caproto":
                self.keep("connect_tcp", kind, self.client(server, "connect", name_server=True, limit=15))
            if self.wants("rawget_w4096"):
                self.keep("rawget_w4096", kind, self.client(server, "rawget", window=4096))

    def rate(self, kind):
        with Server(kind, "--scan", ".1 second", scalars=1000, waveform=16, image=16) as server:
            time.sleep(0.5)
            self.keep("rate", kind, self.client(server, "rate", seconds=2))

    def big(self, kind):
        with Server(kind, scalars=10, waveform=16, image=16) as server:
            time.sleep(0.5)
            bare = resident(server.pid)
            self.keep("idle", kind, {"kB": idle_connections(server)})
        with Server(kind, scalars=BIG, waveform=16, image=16) as server:
            self.keep("start_big", kind, {"seconds": server.start_seconds})
            time.sleep(0.5)
            empty = resident(server.pid)
            self.keep("connect_big", kind, self.client(server, "connect", BIG))
            if kind != "caproto":
                self.keep("connect_big_tcp", kind, self.client(server, "connect", BIG, name_server=True, limit=30))
            self.keep("rawcreate_big", kind, self.client(server, "rawcreate", BIG))
            self.keep("memory", kind, {"kB_per_pv": (empty - bare) / (BIG - 10), **self.held(server, empty)})

    def held(self, server, empty):
        """Memory while a client holds all channels, then subscriptions to all."""
        command = [self.options.client, "-p", server.prefix, "-n", str(BIG), "hold"]
        with subprocess.Popen(command, env={**os.environ, **server.environment()}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True) as client:
            client.stdout.readline()
            time.sleep(0.5)
            connected = resident(server.pid)
            client.stdin.write("\n")
            client.stdin.flush()
            client.stdout.readline()
            time.sleep(0.5)
            subscribed = resident(server.pid)
            client.stdin.close()
        return {"kB_per_channel": (connected - empty) / BIG, "kB_per_subscription": (subscribed - connected) / BIG}


def resident(process):
    """Resident memory in kB."""
    with open(f"/proc/{process}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def idle_connections(server):
    before = resident(server.pid)
    connections = []
    try:
        for _ in range(IDLE):
            connections.append(socket.create_connection(("127.0.0.1", server.port), timeout=10))
            connections[-1].sendall(msg(VERSION, 0, 13))
            connections[-1].recv(16)
        time.sleep(0.5)
        return (resident(server.pid) - before) / IDLE
    finally:
        for connection in connections:
            connection.close()


def numbers(results, row, kind):
    return [result[row.key] for result in results.get(row.test, {}).get(kind, []) if row.key in result]


def shown(values):
    if not values:
        return "–"
    middle = statistics.median(values)
    text = f"{middle:,.0f}" if abs(middle) >= 1000 else f"{middle:.3g}"
    spread = (max(values) - min(values)) / middle * 50 if middle and len(values) > 1 else 0
    return f"{text} ±{spread:.0f}%" if spread else text


def table(results):
    lines = []
    for row in ROWS:
        found = {kind: numbers(results, row, kind) for kind in ("daqd", "rsrv", "caproto")}
        if not found["daqd"]:
            continue
        middle = {kind: statistics.median(values) if values else None for kind, values in found.items()}
        ratios = [middle["daqd"] / middle[kind] if middle[kind] else None for kind in ("rsrv", "caproto")]
        missed = misses(row, middle["daqd"], middle["rsrv"], middle["caproto"])
        # How many times worse than the reference: the first column to sort by.
        badness = 0 if ratios[0] is None else 1 / ratios[0] if row.more_is_better and ratios[0] else ratios[0]
        cells = [row.label, *(shown(found[kind]) for kind in ("daqd", "rsrv", "caproto")),
                 *("–" if ratio is None else f"{ratio:.3g}" for ratio in ratios), "misses " + ", ".join(missed) if missed else "ok"]
        lines.append((not missed, -badness, "| " + " | ".join(cells) + " |"))
    return [line for _, _, line in sorted(lines)], sum(not ok for ok, _, _ in lines)


def main():
    options = arguments()
    os.environ["DAQD"] = options.daqd
    results = Bench(options).run()
    if options.json:
        host = {"cpus": os.cpu_count(), "kernel": platform.release()}
        pathlib.Path(options.json).write_text(json.dumps({"host": host, "results": results}, indent=1))
    lines, missed = table(results)
    print("| what | daqd | rsrv | caproto | daqd/rsrv | daqd/caproto | must |")
    print("|---|---|---|---|---|---|---|")
    print("\n".join(lines))
    print(f"\n{len(lines)} rows, {missed} miss what they must reach")


if __name__ == "__main__":
    main()
