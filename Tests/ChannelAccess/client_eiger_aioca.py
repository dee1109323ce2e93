# Part of daqd
# SPDX-License-Identifier: MIT
"""A series through the seed IOC's PVs with aioca: K4-1."""
import asyncio

from checks import check, equal, run_client
from eiger_site import SEED, new_files_are_the_detectors, stored

from aioca import DBR_ENUM_STR, caget, camonitor, caput, purge_channel_caches


async def series():
    busy = []
    subscription = camonitor(SEED + "Trigger_RBV", lambda value: busy.append(int(value)), all_updates=True)
    try:
        for name, value in (("CountTime", 0.3), ("FrameTime", 0.1)):
            await caput(SEED + name, value, wait=True, timeout=60)
        async def beginning():
            while not busy:
                await asyncio.sleep(0.01)
        await asyncio.wait_for(beginning(), 60)
        await caput(SEED + "Trigger", "On", wait=True, timeout=60)
        equal(str(await caget(SEED + "Trigger_RBV", datatype=DBR_ENUM_STR, timeout=60)), "Off", "Trigger_RBV")
        async def end():
            while busy[-1:] != [0] or len(busy) < 2:
                await asyncio.sleep(0.01)
        await asyncio.wait_for(end(), 60)
        equal(busy, [0, 1, 0], "values of Trigger_RBV")
    finally:
        subscription.close()
        purge_channel_caches()


@check
def K4_1_series_with_aioca():
    before = stored()
    asyncio.run(series())
    new_files_are_the_detectors(before, 2)


run_client()
