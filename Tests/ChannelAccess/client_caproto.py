# Part of daqd
# SPDX-License-Identifier: MIT
"""caproto's command-line tools and threading client, against the server that the environment names; PVs below the prefix given."""
import pathlib
import subprocess
import sys
import threading

from checks import await_that, check, equal, expect, run_client

from caproto import ChannelType
from caproto.threading.client import Context

P = sys.argv[1]
BIN = pathlib.Path(sys.executable).parent


def tool(name, *arguments):
    """What a tool prints. A refused put still ends it with status 0."""
    result = subprocess.run([BIN / f"caproto-{name}", "--no-repeater", *arguments], capture_output=True, text=True, timeout=60)
    equal(result.returncode, 0, f"status of caproto-{name} {arguments}: {result.stdout}{result.stderr}")
    return result.stdout


def get(*arguments):
    return tool("get", "--terse", *arguments).split()


@check
def tool_get_reads_every_kind():
    for name, value in [("AO", "2.5"), ("STR", "hello"), ("MB", "Acquire")]:
        tool("put", "--notify", P + name, value)
    text = tool("get", P + "AO", P + "MB", P + "STR")
    for word in ("2.5", "Acquire", "hello"):
        expect(word in text, word, "is missing in", text)
    equal(get("-n", P + "MB"), ["1"], "number of a state")
    text = tool("get", "-d", "CONTROL", "--format", "{response.metadata}", P + "AO")
    for word in ("precision=3", "upper_ctrl_limit=100", "lower_alarm_limit=-90", "mm"):
        expect(word in text, word, "is missing in", text)


@check
def tool_put_writes_plainly_and_long_texts_and_is_refused():
    tool("put", P + "AO", "3.5")
    await_that("the value", lambda: get(P + "AO") == ["3.5"])
    tool("put", "--notify", "-S", P + "LSTR", "a long string of more than forty characters, as paths are")
    expect("as paths are" in tool("get", "-S", "--terse", P + "LSTR"), "long text")
    for name, value in [("RO", "1"), ("MB", "nostate")]:
        tool("put", "--notify", P + name, value)
    equal(get(P + "RO", P + "MB"), ["2.25", "Acquire"], "after refused puts")


@check
def tool_monitor_prints_updates():
    command = [BIN / "caproto-monitor", "--no-repeater", "--maximum", "3", P + "AO"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        lines = [process.stdout.readline()]
        expect(P + "AO" in lines[0], lines)
        for value in ("11", "12"):
            tool("put", "--notify", P + "AO", value)
            lines.append(process.stdout.readline())
            expect(value in lines[-1], value, "is missing in", lines)
        equal(process.wait(30), 0, "status")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def connected(*names):
    context = Context()
    pvs = context.get_pvs(*(P + name for name in names), timeout=60)
    for pv in pvs:
        pv.wait_for_connection(timeout=60)
    return context, pvs


@check
def client_reads_every_class():
    context, (number,) = connected("AO")
    try:
        number.write([1.5])
        for data_type in ("native", "status", "time", "graphic", "control"):
            response = number.read(data_type=data_type)
            equal(list(response.data), [1.5], data_type)
        equal(response.metadata.units, b"mm", "unit")
        equal(number.read(data_type=ChannelType.STRING).data, [b"1.500"], "text")
    finally:
        context.disconnect()


@check
def client_subscribes_and_writes():
    context, (number, busy) = connected("AO", "BUSY")
    try:
        number.write([0.0])
        seen = []
        first = threading.Event()

        def updated(_, response):
            seen.append(response.data[0])
            first.set()
        subscription = number.subscribe(data_type="time")
        token = subscription.add_callback(updated)
        expect(first.wait(10), "no first update")
        number.write([1.0], wait=False)
        number.write([2.0], wait=True)
        await_that("the updates", lambda: seen[-1] == 2.0)
        equal(seen, [0, 1, 2], "updates")
        subscription.remove_callback(token)
        equal(busy.write([1.0], wait=True, timeout=60).status.name, "ECA_NORMAL", "status")
    finally:
        context.disconnect()


@check
def client_goes_idle_and_comes_back():
    context, (number,) = connected("AO")
    try:
        number.write([6.5])
        number.go_idle()
        await_that("idleness", lambda: not number.connected)
        equal(number.read(timeout=60).data[0], 6.5, "value afterwards")
    finally:
        context.disconnect()


run_client()
