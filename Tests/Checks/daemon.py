# Part of daqd
# SPDX-License-Identifier: MIT
"""daqd as a process with the shipped plugins: command line, configuration, service manager, reload, logs."""
import contextlib
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.error
import urllib.request

import jsonschema
import yaml

DAQD = sys.argv[1] if len(sys.argv) > 1 else ""
ROOT = pathlib.Path(__file__).resolve().parents[2]
SHIPPED = (ROOT / "plugins.conf").read_text() + "\nallow_debug_plugins: true\n"
CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


def free_ports(count):
    """Ports that nobody has at the moment, from below those that Linux gives to sockets bound to port 0."""
    ports = set()
    while len(ports) < count:
        port = random.randrange(15_000, 32_000)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            ports.add(port)
    return list(ports)


def daqd(*arguments, environment=None):
    return subprocess.run([DAQD, *map(str, arguments)], capture_output=True, text=True, timeout=60,
                          env={**os.environ, **(environment or {})})


class Site:
    """A directory with the shipped configuration on ports of its own, and a daqd that is ended on every path."""

    def __init__(self, directory, text=SHIPPED):
        self.directory = directory
        self.rest, self.simulator, self.rpc, self.driver, self.ca = free_ports(5)
        self.config = directory / "plugins.conf"
        self.log = directory / "log"
        self.write(text)
        self.process = None
        self.notify = None

    def write(self, text):
        for shipped, own in (("8080", self.rest), ("8910", self.simulator), ("3274", self.rpc), ("3249", self.driver)):
            text = text.replace(shipped, str(own))
        # Channel Access has no port in the shipped file: it is 5064 as everywhere.
        interfaces = "    interfaces: [127.0.0.1]\n"
        self.config.write_text(text.replace(interfaces, f"{interfaces}    port: {self.ca}\n"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.notify:
            self.notify.close()

    def start(self, *arguments, **environment):
        path = self.directory / "notify"
        path.unlink(missing_ok=True)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(str(path))
        self.notify.settimeout(60)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([DAQD, "--config", self.config, *arguments], stdout=log, stderr=log,
                                            env={**os.environ, "NOTIFY_SOCKET": str(path), **environment})
        self.await_state(b"READY=1")
        return self

    def await_state(self, word):
        end = time.monotonic() + 60
        while time.monotonic() < end:
            message = self.notify.recv(4096)
            if word in message:
                return message
        raise AssertionError(f"the service manager was not told {word}")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.rest}/api/v1/{path}", data,
                                         {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())

    def poll(self, what, condition, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with contextlib.suppress(urllib.error.URLError, OSError, IndexError):
                if result := condition():
                    return result
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise AssertionError(f"{what} did not happen; the log:\n{self.log.read_text()[-3000:]}")

    def initialized(self, device="eiger1"):
        state = self.call("GET", f"devices/{device}/parameters/detector/status/state")["value"]
        return state == "idle" and not self.call("GET", f"devices/{device}/commands/initialize")["busy"]


def expect(condition, *shown):
    if not condition:
        raise AssertionError(" ".join(map(str, shown)))


@check
def shipped_configuration_is_good(directory):
    site = Site(directory)
    result = daqd("--config", site.config, "--check")
    expect(result.returncode == 0, result.stdout, result.stderr)


@check
def every_error_is_reported_with_its_place(directory):
    site = Site(directory, SHIPPED.replace("host:", "hots:").replace("[verify,", "[verfy,").replace("port: 8080", "port: 99999"))
    result = daqd("--config", site.config, "--check")
    expect(result.returncode == 78, result.returncode)
    text = result.stdout + result.stderr
    for part in ("hots is not a setting of the device type eiger; did you mean host?", "did you mean verify?",
                 "frontends.rest.port must be a whole number from 0 to 65535, not"):
        lines = [line for line in text.splitlines() if part in line]
        expect(lines and lines[0].startswith(f"{site.config}:"), part, "is missing in", text)
    result = daqd("--config", site.config)
    expect(result.returncode == 78 and "did you mean host?" in result.stderr, "a start with it:", result)


@check
def absent_configuration_is_named(directory):
    result = daqd("--config", directory / "none.conf", "--check")
    expect(result.returncode == 78 and "none.conf: the file cannot be opened: No such file" in result.stdout + result.stderr, result)


@check
def wrong_command_lines_end_with_64(directory):
    for arguments in (["--confg", "x"], ["frobnicate"], ["--config"], ["--log-level", "loud"]):
        result = daqd(*arguments)
        expect(result.returncode == 64 and result.stderr, arguments, result)


@check
def schema_takes_the_shipped_configuration(directory):
    site = Site(directory)
    result = daqd("--config", site.config, "--schema")
    expect(result.returncode == 0, result)
    schema = json.loads(result.stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    good = yaml.safe_load(site.config.read_text())
    validator.validate(good)
    for change in (lambda c: c["devices"]["eiger1"].update(hots="x"), lambda c: c["frontends"]["rest"].update(port=70000),
                   lambda c: c["devices"]["eiger1"].pop("type"), lambda c: c.update(device={})):
        bad = yaml.safe_load(site.config.read_text())
        change(bad)
        expect(not validator.is_valid(bad), "the schema takes", bad)


@check
def refused_plugin_does_not_end_the_daemon(directory):
    with Site(directory, SHIPPED.replace("EigerPlugin", "NoSuchPlugin")) as site:
        site.start()
        device = site.call("GET", "devices/eiger1")
        expect(device["state"] == "unavailable" and "NoSuchPlugin" in device["message"], device)
        site.process.send_signal(signal.SIGHUP)
        site.poll("the reload", lambda: "Configuration reloaded" in site.log.read_text())
        expect(site.log.read_text().count("DAQD-P001") == 1, "a reload told of a plugin that was told of before")
        expect(site.stop() == 0, "stop")
    with Site(directory, SHIPPED.replace("EigerPlugin", "{file: NoSuchPlugin, required: true}")) as site:
        result = daqd("--config", site.config)
        expect(result.returncode == 78 and "P001" in result.stderr, result)


@check
def service_manager_is_told(directory):
    with Site(directory) as site:
        site.start(WATCHDOG_USEC="1000000")
        site.await_state(b"WATCHDOG=1")
        site.await_state(b"WATCHDOG=1")
        site.process.send_signal(signal.SIGTERM)
        site.await_state(b"STOPPING=1")
        expect(site.process.wait(timeout=60) == 0, "status")


@check
def service_manager_that_does_not_read_stops_nothing(directory):
    with Site(directory) as site:
        site.start(WATCHDOG_USEC="100000")
        site.poll("a full queue", lambda: is_full(site.notify.getsockname()))
        site.process.send_signal(signal.SIGHUP)
        site.process.send_signal(signal.SIGTERM)
        expect(site.process.wait(timeout=60) == 0, "status")


def is_full(path):
    """Whether a socket's queue takes no further datagram; asking fills it too."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as probe:
        probe.setblocking(False)
        try:
            probe.sendto(b"full?", path)
            return False
        except BlockingIOError:
            return True


@check
def the_shipped_emccd_gives_an_image_within_a_second_over_rest(directory):
    with Site(directory) as site:
        site.start()
        parameter = lambda name: site.call("GET", f"devices/emccd/parameters/{name}")["value"]  # noqa: E731
        site.poll("the camera", lambda: parameter("state") == "idle")
        # By the camera's own clock: how long the machine takes is not its affair.
        expect(parameter("acquisition/actual_kinetic_cycle") < 1, parameter("acquisition/actual_kinetic_cycle"))
        site.call("PUT", "devices/emccd/parameters/acquisition/limit", {"value": 1})
        operation = site.call("POST", "devices/emccd/commands/acquire?wait=60")
        expect(operation["state"] == "succeeded", operation)
        expect(parameter("acquisition/images") == 1 and parameter("live/index") == 1, parameter("acquisition/images"))
        record = site.call("GET", "acquisitions?device=emccd")["acquisitions"][0]
        expect(record["state"] == "done", record)
        expect([parameter(f"image/{side}") for side in ("rows", "columns")] == [1024, 1024], "the whole sensor")


def rpc_targets(port):
    """What a server of sipyco's protocol says of itself."""
    with socket.create_connection(("127.0.0.1", port), 60) as connection, connection.makefile("rwb") as stream:
        stream.write(b"ARTIQ pc_rpc\n")
        stream.flush()
        return json.loads(stream.readline())["targets"]


@check
def the_python_drivers_port_has_its_one_target(directory):
    """A device_db without target_name works with a single target only."""
    with Site(directory) as site:
        site.start()
        expect(rpc_targets(site.driver) == ["emccd"], rpc_targets(site.driver))
        expect(rpc_targets(site.rpc) == ["daqd", "eiger1", "emccd", "emccd_x"], rpc_targets(site.rpc))


@check
def json_logs_are_json_lines(directory):
    with Site(directory) as site:
        site.start("--log-format", "json", "--log-level", "debug")
        site.poll("the connection", lambda: site.call("GET", "devices/eiger1")["state"] == "connected")
        expect(site.stop() == 0, "status")
        lines = [json.loads(line) for line in site.log.read_text().splitlines()]
        expect(len(lines) > 3 and all("level" in line for line in lines), lines[:3])


@check
def names_of_a_frontend_are_listed(directory):
    with Site(directory) as site:
        site.start()
        site.poll("the connection", lambda: site.call("GET", "devices/eiger1")["state"] == "connected")
        result = daqd("names", "ca", "--config", site.config)
        first, *lines = result.stdout.splitlines()
        expect(result.returncode == 0 and first == f"ca: {len(lines)} names", first, len(lines), result.stderr)
        names = {line.split()[0]: line.split(maxsplit=2)[1:] for line in lines}
        expect(list(names) == sorted(names), "the names are not in order")
        for name, wanted in (("EIG1:cam1:AcquireTime", ["DOUBLE", "Exposure of one image"]), ("demo:CA_CLNT_CNT", ["LONG", "Open circuits"])):
            expect(names.get(name) == wanted, name, names.get(name))
        expect(sum(name.startswith("detector_eiger:") for name in names) == 25, "the set seed has 25 names")
        wrong = daqd("names", "nope", "--config", site.config)
        expect(wrong.returncode == 1 and "there are: ca, rest" in wrong.stderr, wrong)
        expect(site.stop() == 0, "status")


@check
def second_daqd_on_the_same_state_is_refused(directory):
    with Site(directory) as site:
        site.start()
        result = daqd("--config", site.config)
        expect(result.returncode == 78 and f"process {site.process.pid}" in result.stderr, result)
        expect(site.stop() == 0, "status")


@check
def acquisition_survives_a_reload_that_adds_a_device(directory):
    with Site(directory) as site:
        site.start()
        site.poll("initialization", site.initialized)
        for name, value in (("frame_time", 0.5), ("exposure_time", 5.0)):
            site.call("PUT", f"devices/eiger1/parameters/series/{name}", {"value": value})
        operation = site.call("POST", "devices/eiger1/commands/acquire?wait=0")
        path = f"operations/{operation['id']}"
        site.poll("the exposure", lambda: site.call("GET", "acquisitions?device=eiger1")["acquisitions"][0]["state"] == "acquiring")
        site.write(SHIPPED.replace("frontends:", "  eiger2: {type: eiger, host: 127.0.0.1, port: 8910, retrieve: none}\n\nfrontends:"))
        site.process.send_signal(signal.SIGHUP)
        site.poll("the new device", lambda: site.call("GET", "devices/eiger2")["state"] == "connected")
        expect(site.call("GET", path)["ended"] is None, "the series ended before the reload was done")
        site.write(SHIPPED.replace("port: 8910}", "prot: 8910}"))
        site.process.send_signal(signal.SIGHUP)
        site.poll("the report of a wrong file", lambda: "prot is not a setting" in site.log.read_text())
        operation = site.poll("the end of the series", lambda: (one := site.call("GET", path))["ended"] and one)
        record = site.call("GET", "acquisitions?device=eiger1")["acquisitions"][0]
        expect(record["state"] == "done" and record["received"] == 10, record)
        for artifact in record["artifacts"]:
            expect(pathlib.Path(artifact["path"]).stat().st_size == artifact["size"], artifact)
        site.write(SHIPPED)
        site.process.send_signal(signal.SIGHUP)
        site.poll("the device's removal", lambda: "eiger2" not in [one["name"] for one in site.call("GET", "devices")["devices"]])
        expect(site.stop() == 0, "status")


@check
def secrets_are_not_shown(directory):
    text = SHIPPED.replace("{type: rest, port: 8080}", "{type: rest, port: 8080, token: '${DAQD_TEST_TOKEN}'}")
    with Site(directory, text) as site:
        site.start("--log-level", "trace", DAQD_TEST_TOKEN="s3cret-t0ken-abc")
        site.poll("an answer", lambda: socket.create_connection(("127.0.0.1", site.rest), timeout=5).close() is None)
        expect(site.stop() == 0, "status")
        shown = site.log.read_bytes() + b"".join(
            path.read_bytes() for path in directory.rglob("*") if path.is_file() and path != site.config)
        expect(b"s3cret-t0ken" not in shown, "the token is in the log or in the state")
    result = daqd("--config", site.config, "--check")
    expect(result.returncode == 78 and "DAQD_TEST_TOKEN is not set" in result.stdout + result.stderr, result)


def run_on_one_site(prefix, text, checks):
    """Runs checks one after the other on one daqd; ends the process."""
    failed = 0
    with tempfile.TemporaryDirectory(prefix=prefix) as directory, Site(pathlib.Path(directory), text) as site:
        site.start()
        for function in checks:
            try:
                function(site)
                print("passed:", function.__name__)
            except Exception:
                failed += 1
                print("FAILED:", function.__name__)
                traceback.print_exc(file=sys.stdout)
    print(f"{len(checks) - failed} passed, {failed} failed")
    sys.exit(failed > 0)


def main():
    passed = failed = 0
    for function in CHECKS:
        directory = pathlib.Path(tempfile.mkdtemp(prefix="daqd-check-"))
        begin = time.monotonic()
        try:
            function(directory)
            passed += 1
            print(f"passed {function.__name__} ({time.monotonic() - begin:.1f} s)", flush=True)
        except Exception:
            failed += 1
            print(f"failed {function.__name__}\n{traceback.format_exc()}", flush=True)
        finally:
            shutil.rmtree(directory, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
