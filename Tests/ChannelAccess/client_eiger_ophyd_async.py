# Part of daqd
# SPDX-License-Identifier: MIT
"""areaDetector's PVs with ophyd-async's ADBaseIO, the signals that its detectors for EPICS are built upon."""
import asyncio

from checks import check, equal, expect, run_client
from eiger_site import AREA_DETECTOR, new_files_are_the_detectors, stored

from ophyd_async.core import observe_value
from ophyd_async.epics.adcore import ADBaseIO, ADImageMode, ADState


async def series():
    camera = ADBaseIO("ca://" + AREA_DETECTOR, name="camera")
    await camera.connect(timeout=60)
    expect("DECTRIS" in (await camera.manufacturer.get_value()).upper(), "manufacturer")
    for signal, value in [(camera.image_mode, ADImageMode.MULTIPLE), (camera.num_images, 3), (camera.acquire_time, 0.1),
                          (camera.acquire_period, 0.2)]:
        await signal.set(value, timeout=60)
        equal(await signal.get_value(), value, signal.name)
    states = []

    async def watch():
        async for state in observe_value(camera.detector_state):
            states.append(state)
    watcher = asyncio.create_task(watch())
    await camera.acquire.set(True, timeout=60)  # ends with the series, by put-callback
    equal(await camera.acquire.get_value(), False, "Acquire_RBV")
    equal(await camera.detector_state.get_value(), ADState.IDLE, "DetectorState_RBV")
    watcher.cancel()
    expect(ADState.ACQUIRE in states, "states", states)


@check
def ADBaseIO_takes_images():
    before = stored()
    asyncio.run(asyncio.wait_for(series(), 120))
    new_files_are_the_detectors(before, 2)


run_client()
