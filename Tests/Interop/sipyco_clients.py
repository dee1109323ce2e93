# Part of daqd
# SPDX-License-Identifier: MIT
"""sipyco's own clients, tool and tests against daqd. PYTHONPATH leads to a checkout of m-labs/sipyco."""
import asyncio
import contextlib
import importlib
import io
import json
import logging
import subprocess
import sys
import threading
import time
import unittest

import numpy as np

from rpc_daemon import Daemon, free_port
from sipyco import broadcast, logs, pc_rpc, pyon, sync_struct

passed = failed = 0


def check(name, condition, detail=""):
    global passed, failed
    if condition:
        passed += 1
    else:
        failed += 1
    print(("passed: " if condition else "FAILED: ") + name + (f" ({detail})" if detail and not condition else ""))


def raises(kind, body):
    try:
        body()
    except kind as error:
        return str(error)
    except Exception as error:  # the wrong kind is what the check is about
        print("   ", type(error), error)
    return None


# The tool

def tool(port, *words, text=None):
    command = [sys.executable, "-m", "sipyco.sipyco_rpctool", "127.0.0.1", str(port), *words]
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=60)


def the_tool():
    with Daemon(devices=("cam", "two"), description="demo server") as daemon:
        out = tool(daemon.port, "list-targets")
        check("rpctool list-targets", out.returncode == 0 and out.stdout == "Target(s):   cam, daqd, two\nDescription: demo server\n",
              out.stdout + out.stderr)
        out = tool(daemon.port, "list-methods", "-t", "cam")
        wanted = ["Answers remote calls of tests", "add(self, a: 'float', b: 'float' = 1.0) -> 'float'", "get_exposure(self) -> 'float'",
                  "    unit s, 0.001 to 100.", "terminate(self)"]
        check("rpctool list-methods", out.returncode == 0 and all(w in out.stdout for w in wanted), out.stdout + out.stderr)
        out = tool(daemon.port, "list-methods")
        check("rpctool names the targets when none is given", out.returncode == 1 and "cam daqd two" in out.stderr)
        out = tool(daemon.port, "call", "-t", "cam", "add", "1", "2.5")
        check("rpctool call", out.returncode == 0 and out.stdout == "3.5\n", out.stdout + out.stderr)
        out = tool(daemon.port, "call", "-t", "cam", "set_readout_gain", "17")
        check("rpctool call of a setter prints nothing", out.returncode == 0 and out.stdout == "", out.stdout + out.stderr)
        out = tool(daemon.port, "call", "-t", "cam", "set_readout_gain", "1000")
        check("rpctool call that fails", out.returncode == 1 and "ValueError" in out.stderr and "1 to 300" in out.stderr, out.stderr)
        out = tool(daemon.port, "call", "-t", "cam", "nosuch")
        check("rpctool call of nothing", out.returncode == 1 and "AttributeError" in out.stderr)
        lines = "get_readout_gain()\necho(np.float32(2))\nfail()\necho((1, [2, {3: b'x'}]))\n"
        out = tool(daemon.port, "interactive", "-t", "cam", text=lines)
        check("rpctool interactive", out.returncode == 0 and "17" in out.stdout and "np.float32(2.0)" in out.stdout
              and "Remote exception:" in out.stdout and "RpcProbeError: 20024: DRV_NO_NEW_DATA".lower() in out.stdout.lower().replace("-", "")
              and "(1, [2, {3: b'x'}])" in out.stdout, out.stdout + out.stderr)


# The clients

def the_blocking_client(v1):
    label = "Client, PYON v1: " if v1 else "Client: "
    with Daemon() as daemon, contextlib.ExitStack() as stack:
        if v1:
            stack.enter_context(old_server_seen())
        client = pc_rpc.Client("127.0.0.1", daemon.port, pc_rpc.AutoTarget, timeout=30)
        stack.callback(client.close_rpc)
        check(label + "AutoTarget finds the one device", client.get_selected_target() == "test")
        check(label + "ping", client.ping() is True)
        check(label + "a command with default and keyword", client.add(1) == 2.0 and client.add(1, b=5) == 6.0)
        client.set_exposure(0.25)
        check(label + "a parameter", client.get_exposure() == 0.25)
        value = [5, 2.1, None, True, False, {"a": 5, 2: [1]}, (4, 5), (10,), "ab\nx\"'", b"\0\xff", 1 - 9j, 2**70]
        check(label + "values come back", client.echo(value) == value)
        for array in (np.arange(6, dtype=np.uint16).reshape(2, 3), np.linspace(0, 1, 20000), np.zeros((0, 3)),
                      np.array(3, dtype=np.int8), np.array([1 + 2j]), np.array([True, False])):
            back = client.echo(array)
            check(label + f"array {array.dtype}{array.shape}",
                  back.dtype == array.dtype and back.shape == array.shape and np.array_equal(back, array))
        back = client.echo(np.float32(1.5))
        check(label + "scalar", isinstance(back, np.float32) and back == np.float32(1.5), repr(back))
        image = client.image()
        check(label + "image", image.shape == (1024, 1024) and image.dtype == np.uint16)
        check(label + "value out of range", "1 to 300" in (raises(ValueError, lambda: client.set_readout_gain(0)) or ""))
        check(label + "missing argument", raises(TypeError, client.add) is not None)
        check(label + "vendor's error", "DRV_NO_NEW_DATA" in (raises(pc_rpc.GenericRemoteException if hasattr(pc_rpc, "GenericRemoteException") else Exception, client.fail) or ""))
        check(label + "unknown method", raises(AttributeError, lambda: client.nosuch) is not None)
        check(label + "hasattr tells the truth", hasattr(client, "echo") and not hasattr(client, "notify_run_end"))
        check(label + "get_rpc_method_list", "exposure" in str(client.get_rpc_method_list()["methods"]))
        check(label + "long poll", client.wait_value("exposure", timeout=0.05) is None)


@contextlib.contextmanager
def old_server_seen():
    """Clients choose v1 where the server offers no v2; what they read of the first line is changed for that, nothing else."""
    decode = pc_rpc.pyon.decode if hasattr(pc_rpc, "pyon") else pyon.decode

    def without_features(text):
        value = decode(text)
        if isinstance(value, dict) and "features" in value:
            value["features"] = []
        return value
    original = pc_rpc.pyon.decode
    pc_rpc.pyon.decode = without_features
    try:
        yield
    finally:
        pc_rpc.pyon.decode = original


def the_asynchronous_client():
    async def conversation(port):
        client = pc_rpc.AsyncioClient()
        await client.connect_rpc("127.0.0.1", port, "test")
        results = await asyncio.gather(*(client.add(n, 1) for n in range(50)))
        check("AsyncioClient: many calls", results == [n + 1.0 for n in range(50)])
        check("AsyncioClient: image", (await client.image()).shape == (1024, 1024))
        await client.close_rpc()
        clients = [pc_rpc.AsyncioClient() for _ in range(5)]
        for one in clients:
            await one.connect_rpc("127.0.0.1", port, pc_rpc.AutoTarget)
        begin = time.monotonic()
        await asyncio.gather(*(one.async_echo(1) for one in clients))
        check("AsyncioClient: several clients", True, str(time.monotonic() - begin))
        for one in clients:
            await one.close_rpc()
    with Daemon() as daemon:
        asyncio.run(conversation(daemon.port))


def the_best_effort_client():
    daemon = Daemon()
    client = pc_rpc.BestEffortClient("127.0.0.1", daemon.port, "test", firstcon_timeout=5.0, retry=0.2)
    try:
        check("BestEffortClient: a call", client.add(1, 2) == 3.0)
        daemon.__exit__()
        check("BestEffortClient: None while the server is away", client.add(1, 2) is None)
        daemon = Daemon(port=daemon.port)
        end = time.monotonic() + 20
        while client.add(1, 2) != 3.0 and time.monotonic() < end:
            time.sleep(0.1)
        check("BestEffortClient: reconnects", client.add(1, 2) == 3.0)
    finally:
        client.close_rpc()
        daemon.__exit__()


# The sister channels

def the_subscriber():
    async def conversation(daemon):
        board, told = {}, asyncio.Event()

        def build(structure):
            board.clear()
            board.update(structure)
            return board

        def changed(mod):
            if board.get("test", {}).get("exposure") == 0.75:
                told.set()
        subscriber = sync_struct.Subscriber("status", build, changed)
        await subscriber.connect("127.0.0.1", daemon.port)
        client = pc_rpc.AsyncioClient()
        await client.connect_rpc("127.0.0.1", daemon.port, "test")
        await client.set_exposure(0.75)
        await asyncio.wait_for(told.wait(), 20)
        check("Subscriber: values of the devices, and their changes", board["test"]["readout/gain"] == 1)
        devices = {}
        second = sync_struct.Subscriber("devices", lambda structure: devices.update(structure) or devices)
        await second.connect("127.0.0.1", daemon.port)
        while "test" not in devices:
            await asyncio.sleep(0.01)
        check("Subscriber: the devices' states", devices["test"]["state"] == "connected", str(devices))
        await second.close()
        await subscriber.close()
        await client.close_rpc()
    with Daemon() as daemon:
        asyncio.run(conversation(daemon))


def the_receiver():
    async def conversation(daemon):
        got = asyncio.Queue()
        receiver = broadcast.Receiver("frames", got.put_nowait)
        await receiver.connect("127.0.0.1", daemon.port)
        client = pc_rpc.AsyncioClient()
        await client.connect_rpc("127.0.0.1", daemon.port, "test")
        notice = None
        for _ in range(100):
            await client.publish_images(1)
            try:
                notice = await asyncio.wait_for(got.get(), 0.2)
                break
            except asyncio.TimeoutError:
                pass
        check("Receiver: frames are announced", notice is not None and notice["device"] == "test" and notice["shape"] == [8, 8], str(notice))
        await receiver.close()
        await client.close_rpc()
    with Daemon() as daemon:
        asyncio.run(conversation(daemon))


# The controller manager: a fresh connection, the first target, ping; at the end terminate

def the_manager():
    with Daemon(devices=("b_busy", "a_first")) as daemon:
        busy = pc_rpc.Client("127.0.0.1", daemon.port, "a_first")
        thread = threading.Thread(target=lambda: raises(Exception, lambda: busy.sleep(300)), daemon=True)
        thread.start()
        slowest = 0
        for _ in range(30):
            begin = time.monotonic()
            probe = pc_rpc.Client("127.0.0.1", daemon.port, None, timeout=30)
            targets, _ = probe.get_rpc_id()
            probe.select_rpc_target(targets[0])
            good = targets[0] == "a_first" and probe.ping() is True
            probe.close_rpc()
            slowest = max(slowest, time.monotonic() - begin)
            if not good:
                break
        check("manager: the first target answers ping while it is busy", good and slowest < 1, f"{slowest:.3f} s")
        last = pc_rpc.Client("127.0.0.1", daemon.port, targets[0], timeout=30)
        last.terminate()
        status = daemon.wait(30)
        check("manager: terminate ends the daemon within term_timeout, status 0", status == 0, str(status))
        last.close_rpc()
        busy.close_rpc()


# sipyco's own tests, with daqd in the place of their server

def own_tests(module, adapt):
    tests = importlib.import_module("sipyco.test." + module)
    names = adapt(tests)
    suite = unittest.TestSuite()
    for case in unittest.TestLoader().loadTestsFromModule(tests):
        for test in case:
            if names is None or test.id().split(".")[-1] in names:
                suite.addTest(test)
    text = io.StringIO()
    with contextlib.redirect_stderr(text):
        result = unittest.TextTestRunner(stream=text, verbosity=2).run(suite)
    bad = len(result.failures) + len(result.errors)
    check(f"sipyco's {module}: {result.testsRun - bad} of {result.testsRun}", result.testsRun > 0 and bad == 0, text.getvalue())


def tls(files):
    return {"certificate": files["server_cert"], "key": files["server_key"], "clients": files["client_cert"]} if files else {}


def adapt_pc_rpc(tests):
    def run(self, test, *args, ssl_config=None):
        with Daemon(port=tests.test_port, **tls(self.ssl_certs if ssl_config is not None else None)) as daemon:
            try:
                test(*args, ssl_config=ssl_config)
            finally:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    daemon.wait(1)
    tests.RPCCase._run_server_and_test = run
    return None


def adapt_rpctool(tests):
    async def do_test(self, ssl=False):
        with Daemon(port=7777, devices=("target",), **tls(self.ssl_certs if ssl else None)):
            await self.check_value(ssl)
    tests.TestRPCTool.do_test = do_test
    return None


class Through:
    """pyon with a decode that goes through daqd: the text is the argument of a call, the value is what comes back."""

    def __init__(self, port):
        self.port = port

    def __getattr__(self, name):
        return getattr(pyon, name)

    def decode(self, text):
        import socket
        with socket.create_connection(("127.0.0.1", self.port)) as peer:
            lines = peer.makefile("rwb")
            lines.write(b"ARTIQ pc_rpc\ntest pyon_v2\n")
            value = text.replace("\n", " ")
            lines.write(f'{{"action":"call","name":"echo","args":[{value}],"kwargs":{{}}}}\n'.encode())
            lines.flush()
            lines.readline(), lines.readline()
            reply = pyon.decode(lines.readline().decode())
        if reply["status"] != "ok":
            raise TypeError(reply["exception"]["message"])
        return reply["ret"]


def the_codec():
    with Daemon() as daemon:
        def adapt(tests):
            tests.pyon = Through(daemon.port)
            return {"test_encdec", "test_encdec_array", "test_encdec_array_order", "test_npscalars", "test_transparent"}
        own_tests("test_pyon", adapt)


class Published:
    """daqd in the place of sipyco's publisher and broadcaster: what they would send goes through a remote call of the probe."""

    def __init__(self, notifiers=None):
        self.notifiers = notifiers or {}

    async def start(self, host, port, ssl_config=None):
        files = {}
        if ssl_config is not None:
            files = {"certificate": ssl_config.local_cert, "key": ssl_config.local_key, "clients": ssl_config.peer_cert}
        self.daemon = Daemon(port=port, **files)
        self.client = pc_rpc.Client("127.0.0.1", self.daemon.control, "test")
        for name, notifier in self.notifiers.items():
            self.client.publish(name, {"action": "init", "struct": notifier.raw_view})
            notifier.publish = lambda mod, name=name: self.client.publish(name, mod)

    def broadcast(self, name, value):
        self.client.publish(name, {"action": "broadcast", "x": value})

    async def stop(self):
        self.client.close_rpc()
        self.daemon.__exit__()


class LogTaker:
    """daqd in the place of sipyco's log server: what it took is read from its own log."""

    async def start(self, host, port, ssl_config=None):
        files = {}
        if ssl_config is not None:
            files = {"certificate": ssl_config.local_cert, "key": ssl_config.local_key, "clients": ssl_config.peer_cert}
        self.daemon = Daemon(port=port, accept_logs="loopback", level="debug", words=("--log-format", "json"), **files)
        self.task = asyncio.create_task(self.follow())

    async def follow(self):
        with open(self.daemon.folder / "log", encoding="utf-8") as lines:
            rest = ""
            while True:
                rest += lines.read()
                *whole, rest = rest.split("\n")
                for entry in map(json.loads, whole):
                    if entry["component"].startswith("rpc.") and "source" in entry.get("data", {}):
                        level = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}.get(entry["level"], logging.DEBUG)
                        logs.log_with_name(entry["component"][4:], level, entry["message"], extra={"source": entry["data"]["source"]})
                await asyncio.sleep(0.02)

    async def stop(self):
        self.task.cancel()
        self.daemon.__exit__()


def adapt_logging(tests):
    tests.logs.Server = LogTaker
    return None


def the_log_server():
    """daqd's own log, forwarded to sipyco's log server."""
    async def conversation():
        records = []
        handler = logging.Handler()
        handler.emit = records.append
        logs._fwd_logger.addHandler(handler)
        logs._fwd_logger.setLevel(logging.DEBUG)
        server = logs.Server()
        port = free_port()
        await server.start("127.0.0.1", port, None)
        loop = asyncio.get_running_loop()
        daemon = await loop.run_in_executor(None, lambda: Daemon(log_host="127.0.0.1", log_port=port, log_source="daqd(lab)"))
        try:
            end = time.monotonic() + 60
            while not any(r.getMessage().startswith("Listening") for r in records) and time.monotonic() < end:
                await asyncio.sleep(0.02)
            good = [r for r in records if r.getMessage().startswith("Listening")]
            check("log server: daqd's lines arrive with source, name and level",
                  bool(good) and good[0].source == "daqd(lab)" and good[0].name == "rpc" and good[0].levelno == logging.INFO, str(records))
        finally:
            await loop.run_in_executor(None, daemon.__exit__)
            await server.stop()
            logs._fwd_logger.removeHandler(handler)
    asyncio.run(conversation())


def adapt_publisher(tests):
    tests.sync_struct.Publisher = Published
    return None


def adapt_broadcaster(tests):
    tests.broadcast.Broadcaster = Published
    return None


the_tool()
the_blocking_client(v1=False)
the_blocking_client(v1=True)
the_asynchronous_client()
the_best_effort_client()
the_subscriber()
the_receiver()
the_manager()
the_log_server()
the_codec()
own_tests("test_pc_rpc", adapt_pc_rpc)
own_tests("test_rpctool", adapt_rpctool)
own_tests("test_sync_struct", adapt_publisher)
own_tests("test_broadcast", adapt_broadcaster)
own_tests("test_logging", adapt_logging)
print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
