# Part of daqd
# SPDX-License-Identifier: MIT
"""What clients see of servers that start, end and share a port; on EPICS' own server first, which proves the script.

  lifecycle.py [rsrv|daqd]...
"""
import json
import os
import pathlib
import re
import socket
import struct
import subprocess
import sys
import tempfile
import urllib.request

from caraw import ACCESS_RIGHTS, CREATE_CHAN, DOUBLE, EVENT_ADD, SERVER_DISCONN, STRING, VERSION, WRITE_NOTIFY, Circuit, msg, name_bytes
from checks import CHECKS, await_that, check, equal, expect, run
from daqd_process import DaqdProcess
from servers import Repeater, Server, client_environment, free_port

STS_DOUBLE = 13
READ = "import sys, epics; values = epics.caget_many(sys.argv[1:], timeout=60, connection_timeout=60); print(values); sys.exit(None in values)"
WATCH = """
import sys, epics
pv = epics.PV(sys.argv[1], connection_callback=lambda conn, **_: print("up" if conn else "down", flush=True), callback=lambda value, **_: print(value, flush=True))
sys.stdin.read()
"""
WATCH_CAPROTO = """
import sys
from caproto.threading.client import Context
changed = lambda _, state: print("up" if state == "connected" else "down", flush=True)
shown = lambda _, response: print(response.data[0], flush=True)
context = Context()
pv, = context.get_pvs(sys.argv[1], connection_state_callback=changed)
pv.wait_for_connection(timeout=60)
subscription = pv.subscribe()
subscription.add_callback(shown)
sys.stdin.read()
context.disconnect()
"""


def read(environment, *names):
    """The values that a client in a process of its own reads; None where it finds none."""
    result = subprocess.run([sys.executable, "-c", READ, *names], env={**os.environ, **environment}, capture_output=True, text=True, timeout=120)
    expect(result.returncode == 0, result.stdout, result.stderr)
    return result.stdout


class Watcher:
    """A client that prints connections and values, read as they come."""

    def __init__(self, program, environment, name):
        self.process = subprocess.Popen([sys.executable, "-uc", program, name], env={**os.environ, **environment},
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.text = ""

    def lines(self):
        self.text += (self.process.stdout.read() or b"").decode()
        return self.text.split()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


@check
def clients_come_back_after_a_restart(kind):
    port = free_port()
    environment = client_environment(port)
    with Repeater(port + 2), Watcher(WATCH, environment, "B:AO") as epics, Watcher(WATCH_CAPROTO, environment, "B:AO") as caproto:
        for number in (1, 2):
            with Server(kind, port=port):
                for one in (epics, caproto):
                    await_that(f"connection {number}", lambda: one.lines().count("up") == number and "1.5" in one.lines()[-1], 60)
            for one in (epics, caproto):
                await_that("the end of the connection", lambda: one.lines().count("down") >= number, 60)


@check
def searches_over_tcp_find_every_name(kind):
    with Server(kind, scalars=200) as server, Repeater(server.port + 2):
        names = [f"B:A{number:05d}" for number in range(200)]
        equal(read(server.environment(name_server=True), *names).count("0.0"), 200, "values read")


def servers_that_share_a_port_hear_one_search():
    """Two of daqd at one UDP port; each TCP port is its own. EPICS' server bound to 127.0.0.1 hears no broadcast there."""
    with Server("daqd", prefix="R:") as first, Server("daqd", prefix="D:", port=first.port), Repeater(first.port + 2):
        environment = {**first.environment(), "EPICS_CA_ADDR_LIST": "127.255.255.255"}
        equal(read(environment, "R:LO", "D:LO", "R:I64", "D:I64").strip(), "[7, 7, 5.0, 5.0]", "values")


def circuits_are_listed_by_priority():
    """By the device that daqd is itself, so in every frontend."""
    with Server("daqd") as server, Circuit("127.0.0.1", server.port) as plain, Circuit("127.0.0.1", server.port, priority=20) as urgent:
        urgent.send(msg(VERSION, 50, 13))
        sid = plain.create("channel_access:daqd:frontends:ca:circuit").p2
        await_that("the list", lambda: re.findall(rb"priority (\d+)", plain.get(sid, STRING, 0).payload) == [b"20", b"0"])


STOPPING = """\
allow_debug_plugins: true
site: {{name: stopping, data: {folder}/data, state: {folder}/state}}
plugins: [{{file: ChannelAccessBenchPlugin, required: true}}, {{file: ChannelAccessFrontend, required: true}},
          {{file: RESTFrontend, required: true}}, {{file: RPCFrontend, required: true}}]
devices:
  late: {{type: ca-bench, scalars: 1, waveform: 10, image: 10, stubborn: true, stop_timeout: 10min}}
  quick: {{type: ca-bench, scalars: 1, waveform: 10, image: 10}}
frontends:
  ca: {{type: channel_access, port: {port}, interfaces: [127.0.0.1], automatic_beacons: false, devices: {{quick: {{plain: "Q:"}}, late: {{plain: "L:"}}}}}}
  rest: {{type: rest, port: {rest}}}
  rpc: {{type: pc_rpc, port: {rpc}}}
"""


def devices_stay_while_daqd_stops():
    """One device has stopped, the other takes its time: who comes then finds both, sees how they are, and cannot write to what is gone."""
    port, rest, rpc = (free_port() for _ in range(3))
    with tempfile.TemporaryDirectory(prefix="daqd-stop-") as folder:
        text = STOPPING.format(folder=folder, port=port, rest=rest, rpc=rpc)
        with DaqdProcess(os.environ["DAQD"], folder, text) as daqd, Circuit("127.0.0.1", port) as before:
            sid = before.create("Q:AO").p2
            before.send(msg(EVENT_ADD, STS_DOUBLE, 1, sid, 1, struct.pack(">fffHH", 0, 0, 0, 4, 0)))
            equal(severity(before.expect(EVENT_ADD)), 0, "severity while it runs")
            daqd.process.terminate()
            equal(severity(before.expect(EVENT_ADD)), 3, "severity when the device has stopped")
            with Circuit("127.0.0.1", port) as late:
                for name, wanted in [("L:AO", 0), ("Q:AO", 3)]:
                    equal(severity(late.get(late.create(name).p2, STS_DOUBLE, 1)), wanted, name)
                late.send(msg(WRITE_NOTIFY, DOUBLE, 1, late.create("Q:BUSY").p2, 5, struct.pack(">d", 1)))
                equal(late.expect(WRITE_NOTIFY).p1, 160, "a write to the stopped device")
                late.send(msg(WRITE_NOTIFY, DOUBLE, 1, late.create("L:BUSY").p2, 6, struct.pack(">d", 1)))
                equal(late.expect(WRITE_NOTIFY).p1, 1, "a write to the other one")
            with urllib.request.urlopen(f"http://127.0.0.1:{rest}/api/v1/devices", timeout=60) as reply:
                states = {device["name"]: device["state"] for device in json.load(reply)["devices"]}
            equal(states, {"daqd": "connected", "late": "connected", "quick": "stopped"}, "devices over REST")
            with socket.create_connection(("127.0.0.1", rpc), 60) as connection, connection.makefile("rwb") as stream:
                stream.write(b"ARTIQ pc_rpc\n")
                stream.flush()
                targets = stream.readline()
            expect(b'"late"' in targets and b'"quick"' in targets, targets)
            daqd.process.terminate()
            seen = []
            while (message := before.next()) is not None:
                seen.append(message.cmd)
            expect(before.closed and SERVER_DISCONN not in seen, "the circuit's end", before.closed, seen)
            equal(daqd.process.wait(60), 0, "daqd's status")


SECURITY = """\
allow_debug_plugins: true
site: {{name: security, data: {folder}/data, state: {folder}/state}}
plugins: [{{file: ChannelAccessBenchPlugin, required: true}}, {{file: ChannelAccessFrontend, required: true}}, {{file: RESTFrontend, required: true}}]
devices:
  bench: {{type: ca-bench, scalars: 1, waveform: 10, image: 10}}
frontends:
  ca:
    type: channel_access
    port: {port}
    interfaces: [127.0.0.1]
    automatic_beacons: false
    devices: {{bench: {{plain: "S:"}}}}
    access: [{{names: ["S:AO"], hosts: [127.0.0.0/8], right: read}}, {{names: ["S:I64"], right: none}}]
    access_file: {folder}/rules.acf
    access_groups: {{"S:L*": LOCKED}}
    put_log: {folder}/puts.log
  rest: {{type: rest, port: {rest}}}
"""
LOCKED = "ASG(DEFAULT) {{ RULE(1, WRITE) }}\nASG(LOCKED) {{ RULE(1, {right}) }}\n"
READ_ONLY, READ_WRITE = 1, 3


def rules_and_put_log_as_configured():
    """The rules of the file and of the configuration, a change of each, and a line for every write."""
    port, rest = free_port(), free_port()
    with tempfile.TemporaryDirectory(prefix="daqd-security-") as directory:
        folder = pathlib.Path(directory)
        (folder / "rules.acf").write_text(LOCKED.format(right="READ"))
        with DaqdProcess(os.environ["DAQD"], folder, SECURITY.format(folder=folder, port=port, rest=rest)), \
                Circuit("127.0.0.1", port) as circuit:
            channels = {}
            for name, wanted in [("AO", READ_ONLY), ("AO.DESC", READ_ONLY), ("I64", 0), ("LO", READ_ONLY), ("RO", READ_ONLY), ("MB", READ_WRITE)]:
                circuit.cid += 1
                circuit.send(msg(CREATE_CHAN, 0, 0, circuit.cid, 13, name_bytes(f"S:{name}")))
                equal(circuit.expect(ACCESS_RIGHTS).p2, wanted, f"rights of {name}")
                channels[name] = circuit.expect(CREATE_CHAN).p2

            def write(name):
                circuit.send(msg(WRITE_NOTIFY, DOUBLE, 1, channels[name], 5, struct.pack(">d", 1)))
                return circuit.expect(WRITE_NOTIFY).p1
            equal([write(name) for name in ("AO", "LO", "MB")], [376, 376, 1], "statuses of writes")
            (folder / "rules.acf").write_text(LOCKED.format(right="WRITE"))
            equal(circuit.expect(ACCESS_RIGHTS).p2, READ_WRITE, "rights of LO by the new file")
            equal(write("LO"), 1, "a write that the new file allows")
            request = urllib.request.Request(f"http://127.0.0.1:{rest}/api/v1/devices/daqd/parameters/frontends/ca/read_only",
                                             b'{"value": true}', {"Content-Type": "application/json"}, method="PUT")
            urllib.request.urlopen(request, timeout=60).close()
            equal({circuit.expect(ACCESS_RIGHTS).p2 for _ in range(2)}, {READ_ONLY}, "rights of LO and MB when nobody may write")
            equal(write("MB"), 376, "a write when nobody may")
            written = [("S:AO", 376), ("S:LO", 376), ("S:MB", 1), ("S:LO", 1), ("S:MB", 376)]
            log = folder / "puts.log"
            await_that("the put log", lambda: log.is_file() and log.read_text().count("\n") == len(written))
            lines = [json.loads(line) for line in log.read_text().splitlines()]
            equal([(line["pv"], line["status"]) for line in lines], written, "lines of the put log")
            equal({(line["user"], line["host"], line["address"]) for line in lines}, {("probe", "probehost", "127.0.0.1")}, "clients")


def severity(message):
    return struct.unpack_from(">HH", message.payload)[1]


def main():
    kinds = sys.argv[1:] or ["rsrv", "daqd"]
    checks = list(CHECKS)
    CHECKS.clear()
    for kind in kinds:
        for function in checks:
            def of_kind(function=function, kind=kind):
                function(kind)
            of_kind.__name__ = f"{kind}: {function.__name__}"
            check(of_kind)
    if "daqd" in kinds:
        check(servers_that_share_a_port_hear_one_search)
        check(circuits_are_listed_by_priority)
        check(devices_stay_while_daqd_stops)
        check(rules_and_put_log_as_configured)
    run()


if __name__ == "__main__":
    main()
