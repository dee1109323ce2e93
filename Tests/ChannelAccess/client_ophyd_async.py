# Part of daqd
# SPDX-License-Identifier: MIT
"""What scripts do with ophyd-async's signals over Channel Access; PVs below the prefix given."""
import asyncio
import sys
from typing import Annotated as A

import numpy as np
from checks import check, equal, expect, run_client

from ophyd_async.core import Array1D, Device, SignalR, SignalRW, StrictEnum, observe_value
from ophyd_async.epics.core import EpicsDevice, PvSuffix

P = "ca://" + sys.argv[1]


class State(StrictEnum):
    IDLE = "Idle"
    ACQUIRE = "Acquire"
    FAULT = "Fault"


class Probes(EpicsDevice, Device):
    number: A[SignalRW[float], PvSuffix("AO")]
    whole: A[SignalRW[int], PvSuffix("LO")]
    state: A[SignalRW[State], PvSuffix("MB")]
    truth: A[SignalRW[bool], PvSuffix("BO")]
    text: A[SignalRW[str], PvSuffix("STR")]
    path: A[SignalRW[str], PvSuffix("LSTR")]
    array: A[SignalRW[Array1D[np.float64]], PvSuffix("WFS")]
    shown: A[SignalR[float], PvSuffix("RO")]


def coroutine(function):
    """A check with connected probes, in an event loop of its own."""
    async def whole():
        probes = Probes(prefix=P, name="probes")
        await probes.connect(timeout=60)
        await asyncio.wait_for(function(probes), 120)

    def checked():
        asyncio.run(whole())
    checked.__name__ = function.__name__
    return check(checked)


@coroutine
async def signals_are_set_and_read(probes):
    for signal, value in [(probes.number, 2.5), (probes.whole, 12), (probes.state, State.FAULT), (probes.truth, True),
                          (probes.text, "hello world"), (probes.path, "/data/" + "z" * 60), (probes.state, State.IDLE)]:
        await signal.set(value, timeout=60)
        equal(await signal.get_value(), value, signal.name)
    await probes.array.set(np.array([1.0, 2.0, 3.0]), timeout=60)
    equal(list(await probes.array.get_value()), [1, 2, 3], "array")
    equal(await probes.shown.get_value(), 2.25, "RO")


@coroutine
async def descriptions_hold_unit_precision_and_limits(probes):
    description = (await probes.number.describe())["probes-number"]
    equal((description["units"], description["precision"]), ("mm", 3), "number")
    equal(description["limits"]["control"], {"low": -100, "high": 100}, "limits")
    equal((await probes.state.describe())["probes-state"]["choices"], ["Idle", "Acquire", "Fault"], "choices")


@coroutine
async def values_are_observed(probes):
    await probes.number.set(0.0, timeout=60)
    seen = []

    async def write():
        for value in (1.0, 2.0, 3.0):
            await probes.number.set(value, timeout=60)
    writer = None
    async for value in observe_value(probes.number, timeout=60):
        seen.append(value)
        writer = writer or asyncio.create_task(write())
        if value == 3.0:
            break
    await writer
    equal(seen, [0, 1, 2, 3], "updates")


@coroutine
async def a_wrong_type_is_refused_by_the_client(probes):
    class Wrong(EpicsDevice, Device):
        state: A[SignalRW[float], PvSuffix("MB")]
    try:
        await Wrong(prefix=P, name="wrong").connect(timeout=60)
    except Exception as error:
        expect("MB" in str(error), error)
        return
    raise AssertionError("an enumeration connected as a number")


run_client()
