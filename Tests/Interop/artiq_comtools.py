# Part of daqd
# SPDX-License-Identifier: MIT
"""artiq_ctlmgr starts daqd from a device_db entry, pings it while a device is busy, restarts it when it dies, and ends it.

The master is what the manager sees of one: sipyco's publisher of `devices` and sipyco's log server."""
import asyncio
import logging
import os
import signal
import sys

from rpc_daemon import Daemon, free_port
from sipyco import logs, pc_rpc, sync_struct

LIMIT = 90  # seconds for anything that must come
# The manager takes a daqd for broken that does not listen by its first ping: longer than a start on a busy machine, less than its own 30 s.
PING_TIMER = float(os.environ.get("ARTIQ_PING_TIMER", "5"))
passed = failed = 0


def check(name, condition, detail=""):
    global passed, failed
    passed, failed = (passed + 1, failed) if condition else (passed, failed + 1)
    print(("passed: " if condition else "FAILED: ") + name + (f" ({detail})" if detail and not condition else ""))
    return condition


class Lab:
    """A master without ARTIQ: devices, and whatever the manager logs."""

    async def __aenter__(self):
        self.records = []
        self.handler = logging.Handler()
        self.handler.emit = self.records.append
        logs._fwd_logger.addHandler(self.handler)
        logs._fwd_logger.setLevel(logging.DEBUG)
        self.devices = sync_struct.Notifier({})
        self.notify, self.logging, self.control = free_port(), free_port(), free_port()
        self.publisher = sync_struct.Publisher({"devices": self.devices})
        await self.publisher.start("127.0.0.1", self.notify)
        self.server = logs.Server()
        await self.server.start("127.0.0.1", self.logging)
        self.manager = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "artiq_comtools.artiq_ctlmgr", "-v", "-v", "-s", "127.0.0.1", "--port-notify", str(self.notify),
            "--port-logging", str(self.logging), "--no-localhost-bind", "--bind", "127.0.0.1", "--port-control", str(self.control),
            stdout=asyncio.subprocess.DEVNULL, stderr=sys.stderr)
        return self

    async def __aexit__(self, *_):
        if self.manager.returncode is None:
            self.manager.terminate()
            try:
                await asyncio.wait_for(self.manager.wait(), LIMIT)
            except asyncio.TimeoutError:
                self.manager.kill()
                await self.manager.wait()
        await self.publisher.stop()
        await self.server.stop()
        logs._fwd_logger.removeHandler(self.handler)

    def said(self, text, source=None):
        return [r for r in self.records if text in r.getMessage() and (source is None or r.source == source)]

    async def hears(self, condition):
        """Waits for something that the manager or the controller does."""
        end = asyncio.get_running_loop().time() + LIMIT
        while not condition() and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(0.02)
        return condition()


async def connected(port, target):
    end = asyncio.get_running_loop().time() + LIMIT
    while True:
        client = pc_rpc.AsyncioClient()
        try:
            await client.connect_rpc("127.0.0.1", port, target)
            return client
        except OSError:
            if asyncio.get_running_loop().time() > end:
                raise
            await asyncio.sleep(0.05)


async def process_of(port):
    """The number of daqd's process, from daqd itself."""
    client = await connected(port, "daqd")
    try:
        return int(await client.get_process_id())
    finally:
        await client.close_rpc()


async def conversation():
    site = Daemon(devices=("b_other", "a_first"), start=False)
    async with Lab() as lab:
        entry = {
            "type": "controller", "host": "127.0.0.1", "port": site.port, "target_name": "b_other",
            "command": " ".join(site.command) + " --log-format artiq",
            "ping_timer": PING_TIMER, "ping_timeout": 20, "term_timeout": 60, "retry_timer": 0.2,
        }
        lab.devices["lab"] = entry
        busy = await connected(site.port, "a_first")
        check("the manager starts daqd from its device_db entry", True)
        pid = await process_of(site.port)
        call = asyncio.create_task(busy.sleep(3000))
        watcher = await connected(site.port, "daqd")
        before = len(lab.said("pinging controller lab"))
        pinged = await lab.hears(lambda: len(lab.said("pinging controller lab")) >= before + 4)
        check("four pings, each on a fresh connection to the alphabetically first target, while that device is busy", pinged)
        check("none failed, and the call goes on", not lab.said("ping failed") and not call.done(), str([r.getMessage() for r in lab.records]))
        check("daqd was not restarted", await process_of(site.port) == pid)
        listening = lab.said("Listening", "controller(lab)")
        check("daqd's log lines arrive with name and level", bool(listening) and listening[0].name == "rpc"
              and listening[0].levelno == logging.INFO, str([(r.source, r.name, r.getMessage()) for r in lab.records]))

        os.kill(pid, signal.SIGKILL)
        check("a daqd that dies is noticed", await lab.hears(lambda: lab.said("Controller lab exited")))
        again = await connected(site.port, "b_other")
        check("and started again", await again.ping() is True and await process_of(site.port) != pid)
        await again.close_rpc()
        call.cancel()

        busy = await connected(site.port, "a_first")
        call = asyncio.create_task(busy.sleep(3000))
        pings = len(lab.said("pinging controller lab"))
        await lab.hears(lambda: len(lab.said("pinging controller lab")) > pings)
        del lab.devices["lab"]
        check("an entry that goes ends daqd by terminate(), while its device is busy",
              await lab.hears(lambda: lab.said("Controller lab terminated")), str([r.getMessage() for r in lab.records][-10:]))
        check("no signal was needed", not lab.said("did not exit on request"))
        for client in (busy, watcher):
            await client.close_rpc()
        call.cancel()

        lab.devices["lab"] = entry
        last = await connected(site.port, "a_first")
        lab.manager.terminate()
        await asyncio.wait_for(lab.manager.wait(), LIMIT)
        try:
            await asyncio.wait_for(last.ping(), LIMIT)
            ended = False
        except (OSError, EOFError):
            ended = True
        check("a manager that stops ends daqd", ended)
        await last.close_rpc()
    site.__exit__()


asyncio.run(conversation())
print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
