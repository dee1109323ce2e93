# Part of daqd
# SPDX-License-Identifier: MIT
"""What scripts do with aioca, against the server that the environment names; PVs below the prefix given."""
import asyncio
import functools
import sys

from checks import check, equal, expect, run_client

from epicscorelibs.ca.cadef import CAException

import aioca
from aioca import (CANothing, DBE_ALARM, DBE_PROPERTY, DBE_VALUE, DBR_CHAR_STR, DBR_ENUM_STR, FORMAT_CTRL, FORMAT_TIME, camonitor,
                   purge_channel_caches)

P = sys.argv[1]
# Channels that are made while their circuit ends, because those of the check before were the last, are found again after ten seconds.
caget, cainfo, caput, connect = (functools.partial(one, timeout=60) for one in (aioca.caget, aioca.cainfo, aioca.caput, aioca.connect))


def coroutine(function):
    """A check that runs in an event loop of its own."""
    async def whole():
        try:
            await asyncio.wait_for(function(), 120)
        finally:
            purge_channel_caches()

    def checked():
        asyncio.run(whole())
    checked.__name__ = function.__name__
    return check(checked)


async def until(condition, seconds=60):
    async def poll():
        while not condition():
            await asyncio.sleep(0.01)
    await asyncio.wait_for(poll(), seconds)


@coroutine
async def values_come_in_every_form():
    await caput(P + "AO", 1.5, wait=True)
    equal(float(await caget(P + "AO")), 1.5, "plain")
    timed = await caget(P + "AO", format=FORMAT_TIME)
    expect(timed.timestamp > 1.7e9 and timed.severity == 0, "time", timed.timestamp, timed.severity)
    control = await caget(P + "AO", format=FORMAT_CTRL)
    equal((control.units, control.precision, control.upper_ctrl_limit, control.lower_alarm_limit), ("mm", 3, 100, -90), "control")


@coroutine
async def texts_of_states_and_characters():
    await caput(P + "MB", 1, wait=True)
    equal(str(await caget(P + "MB", datatype=DBR_ENUM_STR)), "Acquire", "label")
    await caput(P + "MB", "Fault", wait=True)
    equal(int(await caget(P + "MB")), 2, "number after a label")
    equal(list((await caget(P + "MB", format=FORMAT_CTRL)).enums), ["Idle", "Acquire", "Fault"], "labels")
    await caput(P + "LSTR", "a text of more than forty characters, as paths are", datatype=DBR_CHAR_STR, wait=True)
    equal(str(await caget(P + "LSTR", datatype=DBR_CHAR_STR)), "a text of more than forty characters, as paths are", "long text")


@coroutine
async def plain_puts_arrive_too():
    await caput(P + "AO", 7.25)
    async def arrival():
        while float(await caget(P + "AO")) != 7.25:
            await asyncio.sleep(0.01)
    await asyncio.wait_for(arrival(), 60)


@coroutine
async def arrays_have_their_length_or_the_length_asked():
    await caput(P + "WFS", [1.0, 2.0, 3.0], wait=True)
    equal(list(await caget(P + "WFS")), [1, 2, 3], "present length")
    equal(list(await caget(P + "WFS", count=-1)), [1, 2, 3] + [0] * 13, "native length")
    equal(list(await caget(P + "WFS", count=5)), [1, 2, 3, 0, 0], "five")


@coroutine
async def monitors_tell_every_change_and_metadata():
    await caput(P + "AO", 0.0, wait=True)
    timed, controlled, properties = [], [], []
    subscriptions = [
        camonitor(P + "AO", lambda value: timed.append((float(value), value.severity)), format=FORMAT_TIME, all_updates=True),
        camonitor(P + "AO", controlled.append, format=FORMAT_CTRL, all_updates=True, events=DBE_VALUE | DBE_ALARM),
        camonitor(P + "AO", properties.append, format=FORMAT_CTRL, all_updates=True, events=DBE_PROPERTY),
    ]
    try:
        await until(lambda: timed and controlled and properties)
        for value in (1.0, 85.0, 95.0, 2.0):
            await caput(P + "AO", value, wait=True)
        await until(lambda: timed[-1][0] == 2.0 and float(controlled[-1]) == 2.0)
        equal(timed, [(0, 0), (1, 0), (85, 1), (95, 2), (2, 0)], "updates")
        equal([float(value) for value in controlled], [0, 1, 85, 95, 2], "control updates")
        equal(len(properties), 1, "updates of a subscription to properties")
    finally:
        for subscription in subscriptions:
            subscription.close()


@coroutine
async def connections_are_described():
    await connect([P + "AO", P + "MB", P + "WFS"])
    info = await cainfo(P + "WFS")
    equal((info.datatype, info.count, info.read, info.write), (6, 16, True, True), "WFS")
    info = await cainfo(P + "RO")
    equal((info.read, info.write), (True, False), "RO")


@coroutine
async def refusals_are_told():
    for name, value in [("RO", 1.0), ("MB", "nostate"), ("MB", "9")]:
        try:
            await caput(P + name, value, wait=True)
        except (CANothing, CAException):
            continue
        raise AssertionError(f"{name} took {value!r}")


@coroutine
async def a_put_callback_waits_for_the_operation():
    loop = asyncio.get_running_loop()
    begin = loop.time()
    await caput(P + "BUSY", 1, wait=True)
    expect(loop.time() - begin > 0.9, "it came after", loop.time() - begin)


@coroutine
async def many_are_read_at_once():
    names = [f"{P}A{index:05d}" for index in range(10)]
    await caput(names, list(range(10)), wait=True)
    equal([float(value) for value in await caget(names)], list(map(float, range(10))), "values")


run_client()
