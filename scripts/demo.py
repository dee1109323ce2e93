# Part of daqd
# SPDX-License-Identifier: MIT
"""Runs daqd with plugins.conf, takes 10 frames on the simulated Eiger over REST and prints what became of them."""
import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
CONFIG = ROOT / "plugins.conf"
LOG = ROOT / "data" / "demo.log"
FRAMES, FRAME_SECONDS = 10, 0.5
BASE = ""


class Failure(Exception):
    """Ends the demo with one sentence."""


def ports():
    """The ports that plugins.conf takes on this machine: every frontend's and simulator's."""
    text = CONFIG.read_text()
    found = {}
    for name, kind in (("rest", "type: rest"), ("sim1", "type: eiger-sim")):
        match = re.search(rf"{name}:.*{kind}.*port: *(\d+)", text)
        if match:
            found[name] = int(match.group(1))
    return found


def check_ports():
    for name, port in ports().items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                raise Failure(
                    f"port {port}, which {name} of plugins.conf needs, cannot be had: {error.strerror}. "
                    f"`ss -ltnp sport = :{port}` shows who has it; stop that program or change the port in {CONFIG}."
                ) from None


def request(method, path, body=None, timeout=30):
    """Status and decoded answer of one request; a problem's detail becomes a Failure."""
    data = None if body is None else json.dumps(body).encode()
    call = urllib.request.Request(BASE + path, data, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(call, timeout=timeout) as answer:
            text = answer.read()
            return answer.status, json.loads(text) if text else None
    except urllib.error.HTTPError as error:
        text = error.read().decode(errors="replace")
        with contextlib.suppress(ValueError):
            text = json.loads(text).get("detail", text)
        raise Failure(f"{method} {path} answered {error.code}: {text}") from None


def get(path):
    return request("GET", "/api/v1/" + path)[1]


def wait_for(what, condition, seconds, process):
    """Polls until the condition gives something; the daemon's death or the time's end is a Failure."""
    end = time.monotonic() + seconds
    while True:
        if process.poll() is not None:
            raise Failure(f"daqd ended with status {process.returncode}; the last lines of {LOG}:\n{log_tail()}")
        with contextlib.suppress(OSError, Failure):
            result = condition()
            if result:
                return result
        if time.monotonic() > end:
            raise Failure(f"{what} did not happen within {seconds} s; see {LOG}:\n{log_tail()}")
        time.sleep(0.05)


def log_tail():
    return "\n".join("  " + line for line in LOG.read_text(errors="replace").splitlines()[-15:])


def bar(fraction, text):
    width = 40
    filled = round(width * min(1, max(0, fraction)))
    end = "" if sys.stdout.isatty() else "\n"
    start = "\r\033[K" if sys.stdout.isatty() else ""
    print(f"{start}  [{'#' * filled}{'.' * (width - filled)}] {fraction:4.0%}  {text}", end=end, flush=True)


def size_text(size):
    return "?" if size is None else f"{size / 1e6:.2f} MB" if size >= 1e5 else f"{size} B"


def write(name, value):
    request("PUT", f"/api/v1/devices/eiger1/parameters/{name}", {"value": value})


def acquire(process):
    """Takes the series and shows its progress; returns the record of the acquisition."""
    write("series/frame_time", FRAME_SECONDS)
    write("series/exposure_time", FRAMES * FRAME_SECONDS)
    write("series/triggers", 1)
    write("series/file_prefix", "demo_")
    before = {one["id"] for one in get("acquisitions?device=eiger1")["acquisitions"]}
    operation = request("POST", "/api/v1/devices/eiger1/commands/acquire?wait=0")[1]
    shown = None
    while not operation["ended"]:
        if process.poll() is not None:
            raise Failure(f"daqd ended with status {process.returncode}; the last lines of {LOG}:\n{log_tail()}")
        now = (round(operation["progress"], 1 if not sys.stdout.isatty() else 2), operation["message"])
        if now != shown:
            shown = now
            bar(*now)
        time.sleep(0.1)
        operation = get(f"operations/{operation['id']}")
    new = [one for one in get("acquisitions?device=eiger1")["acquisitions"] if one["id"] not in before]
    bar(operation["progress"], operation["state"])
    if sys.stdout.isatty():
        print()
    if not new:
        raise Failure(f"the series did not begin: {operation['error'] or operation['message']}")
    return new[0]


def post_operations(record, process):
    """Waits for every post-operation of the acquisition to end."""

    def all_ended():
        found = get(f"runs/{record['id']}")["post_operations"]
        return (found,) if all(one["ended"] for one in found) else None

    return wait_for("the end of the post-operations", all_ended, 120, process)[0]


def show(record, operations):
    print(f"\nAcquisition {record['id']}: {record['state']}, {record['result'] or record['frames']}\n")
    print("Files")
    for artifact in record["artifacts"]:
        print(f"  {artifact['path']}")
        print(f"    {artifact['role']}, {size_text(artifact['size'])}, sha256 {artifact['sha256'] or 'not known'}")
    print("\nPost-operations")
    for one in operations:
        print(f"  {one['name']:12} {one['state']:10} {one['note'] or one['last_error'] or ''}")


def next_steps(daqd):
    print(f"""
What to try next
  make run                                                        the same site, until Ctrl-C; then in another shell:
  curl {BASE}/api/v1/devices/eiger1/parameters/series/frame_time
  curl -X PUT --json '{{"value": 0.2}}' {BASE}/api/v1/devices/eiger1/parameters/series/frame_time
  curl -X POST '{BASE}/api/v1/devices/eiger1/commands/acquire?wait=60'
  curl -N {BASE}/api/v1/events
  {os.path.relpath(daqd)} runs
  cp plugins.conf site.conf, edit it, and {os.path.relpath(daqd)} --config site.conf --check""")


def stop(process):
    """Stops daqd as systemd would; a daemon that does not end is killed and named."""
    if process.poll() is not None:
        return process.returncode
    process.send_signal(signal.SIGTERM)
    try:
        return process.wait(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise Failure(f"daqd did not stop within 60 s and was killed; see {LOG}") from None


def run(daqd):
    global BASE
    check_ports()
    BASE = f"http://127.0.0.1:{ports()['rest']}"
    LOG.parent.mkdir(parents=True, exist_ok=True)
    print(f"starting {daqd} --config {CONFIG}; its log is {LOG}")
    with open(LOG, "wb") as log:
        process = subprocess.Popen(
            [daqd, "--config", CONFIG, "--log-level", "info"], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        begin = time.monotonic()
        wait_for("daqd's readiness", lambda: request("GET", "/readyz")[0] == 200, 30, process)
        print(f"ready after {(time.monotonic() - begin) * 1e3:.0f} ms; loaded plugins:")
        for plugin in get("plugins")["plugins"]:
            names = ", ".join(f"{one['kind']} {one['type']}" for one in plugin["registered"])
            print(f"  {plugin['id']:22} {plugin['version']:8} {names}")
        wait_for("the connection to the simulated Eiger and its initialization", initialized, 60, process)
        print(f"\ntaking {FRAMES} frames of {FRAME_SECONDS} s on eiger1")
        record = acquire(process)
        operations = post_operations(record, process)
        record = get(f"acquisitions/{record['id']}")
        show(record, operations)
        next_steps(daqd)
        if record["state"] != "done" or any(one["state"] != "succeeded" for one in operations):
            raise Failure(f"the series or a post-operation did not succeed; see {LOG}")
    finally:
        status = stop(process)
    if status != 0:
        raise Failure(f"daqd ended with status {status}; see {LOG}")
    print("\ndaqd stopped, status 0.")


def initialized():
    """A detector is initialized by itself when it answers; a series must wait for that."""
    state = get("devices/eiger1/parameters/detector/status/state")
    return state["value"] == "idle" and not get("devices/eiger1/commands/initialize")["busy"]


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        if sys.argv[1:] == ["--ports"]:
            check_ports()
        else:
            run(sys.argv[1])
    except Failure as failure:
        print(f"demo: {failure}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


main()
