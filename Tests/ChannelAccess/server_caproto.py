# Part of daqd
# SPDX-License-Identifier: MIT
"""The second reference server: a caproto IOC (asyncio) with the records of server_rsrv.py. READY, then ends with its input."""
import argparse
import asyncio
import logging
import os
import sys


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--prefix", default="B:")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("-n", "--scalars", type=int, default=1000)
    parser.add_argument("--wf", type=int, default=1_000_000)
    parser.add_argument("--img", type=int, default=8_000_000)
    parser.add_argument("--fan", type=int, default=1000)
    parser.add_argument("--scan", default="Passive", help="'.1 second' counts all numbers up at 10 Hz")
    return parser.parse_args()


OPTIONS = arguments()
# Before caproto is imported: it reads the variables once.
os.environ.update({
    "EPICS_CA_SERVER_PORT": str(OPTIONS.port), "EPICS_CAS_SERVER_PORT": str(OPTIONS.port),
    "EPICS_CAS_INTF_ADDR_LIST": "127.0.0.1", "EPICS_CAS_AUTO_BEACON_ADDR_LIST": "NO",
    "EPICS_CAS_BEACON_ADDR_LIST": "127.0.0.1", "EPICS_CAS_BEACON_PORT": str(OPTIONS.port + 1),
    "EPICS_CA_AUTO_ADDR_LIST": "NO", "EPICS_CA_ADDR_LIST": "127.0.0.1",
})

import numpy as np  # noqa: E402
from caproto import (AccessRights, ChannelByte, ChannelDouble, ChannelEnum, ChannelFloat,  # noqa: E402
                     ChannelInteger, ChannelShort, ChannelString)
from caproto.asyncio.server import Context  # noqa: E402


class ReadOnly(ChannelDouble):
    def check_access(self, hostname, username):
        return AccessRights.READ


class Trigger(ChannelInteger):
    def __init__(self, action, **settings):
        super().__init__(**settings)
        self.action = action

    async def verify_value(self, value):
        await self.action()
        return value


class Busy(ChannelDouble):
    async def verify_value(self, value):
        await asyncio.sleep(1.0)
        return value


class Database:
    def __init__(self, options):
        self.counted = [ChannelDouble(value=0.0, precision=3, units="mm") for _ in range(options.scalars)]
        self.fan = options.fan
        self.count = 0
        self.waveform = ChannelDouble(value=np.zeros(options.wf), max_length=options.wf)
        self.image = ChannelByte(value=b"\0" * options.img, max_length=options.img, string_encoding=None)

    async def count_up(self):
        self.count += 1
        for channel in self.counted[:self.fan]:
            await channel.write(float(self.count))

    async def publish_waveform(self):
        await self.waveform.publish(1)

    async def publish_image(self):
        await self.image.publish(1)

    def channels(self):
        settable = {f"A{index:05d}": ChannelDouble(value=0.0, precision=3, units="mm")
                    for index in range(min(len(self.counted), 1000))}
        limits = dict(upper_ctrl_limit=100, lower_ctrl_limit=-100, upper_disp_limit=50, lower_disp_limit=-50,
                      upper_alarm_limit=90, upper_warning_limit=80, lower_warning_limit=-80, lower_alarm_limit=-90)
        return {
            **{f"S{index:05d}": channel for index, channel in enumerate(self.counted)}, **settable,
            "TRIG": Trigger(self.count_up, value=0), "WF": self.waveform, "IMG": self.image,
            "WFTRIG": Trigger(self.publish_waveform, value=0), "IMGTRIG": Trigger(self.publish_image, value=0),
            "AO": ChannelDouble(value=1.5, precision=3, units="mm", **limits),
            "LO": ChannelInteger(value=7, units="cts"),
            "MB": ChannelEnum(value="Acquire", enum_strings=["Idle", "Acquire", "Fault"]),
            "BO": ChannelEnum(value="Done", enum_strings=["Done", "Acquiring"]),
            "STR": ChannelString(value="hello"),
            "LSTR": ChannelByte(value=b"abc", max_length=256, string_encoding=None),
            "WFS": ChannelDouble(value=[0.0], max_length=16), "WFI": ChannelShort(value=[0], max_length=16),
            "WFF": ChannelFloat(value=[0.0], max_length=16), "WFSTR": ChannelString(value=[""], max_length=4),
            "RO": ReadOnly(value=2.25, precision=2), "BUSY": Busy(value=0.0),
        }


async def main():
    logging.getLogger("caproto").setLevel(logging.CRITICAL + 1)
    database = Database(OPTIONS)
    channels = {OPTIONS.prefix + name: channel for name, channel in database.channels().items()}

    async def started(_):
        print("READY", os.getpid(), flush=True)
        if OPTIONS.scan == "Passive":
            return
        period = float(OPTIONS.scan.split()[0])
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due += period
            await database.count_up()
            await asyncio.sleep(max(0, due - loop.time()))

    def input_came():
        if not sys.stdin.readline():
            os._exit(0)

    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), input_came)
    await Context(channels, ["127.0.0.1"]).run(log_pv_names=False, startup_hook=started)


asyncio.run(main())
