# Part of daqd
# SPDX-License-Identifier: MIT
"""A series through the seed IOC's PVs with caproto's threading client: K4-1."""
from checks import check, equal, expect, run_client
from eiger_site import SEED, new_files_are_the_detectors, stored

from caproto import ChannelType
from caproto.threading.client import Context


@check
def K4_1_series_with_caproto():
    before = stored()
    context = Context()
    try:
        exposure, frame, trigger, busy = context.get_pvs(
            *(SEED + name for name in ("CountTime", "FrameTime", "Trigger", "Trigger_RBV")), timeout=60)
        for one, value in ((exposure, 0.3), (frame, 0.1)):
            one.wait_for_connection(timeout=60)
            equal(one.write([value], wait=True, timeout=60).status.name, "ECA_NORMAL", one.name)
        trigger.wait_for_connection(timeout=60)
        equal(trigger.write([b"On"], data_type=ChannelType.STRING, wait=True, timeout=60).status.name, "ECA_NORMAL", "Trigger")
        busy.wait_for_connection(timeout=60)
        expect(busy.read(data_type=ChannelType.STRING).data == [b"Off"], "Trigger_RBV")
    finally:
        context.disconnect()
    new_files_are_the_detectors(before, 2)


run_client()
