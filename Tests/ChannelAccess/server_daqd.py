# Part of daqd
# SPDX-License-Identifier: MIT
"""daqd with the bench and probe devices, as a server that a test can start: prints READY and its process, ends with its input."""
import argparse
import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

CONFIGURATION = """\
allow_debug_plugins: true
site: {{name: channel-access, data: {folder}/data, state: {folder}/state}}
plugins: [ChannelAccessBenchPlugin, ChannelAccessFrontend]
devices:
  bench: {{type: ca-bench, scalars: {scalars}, fan: {fan}, waveform: {waveform}, image: {image}, period: {period}}}
  probed: {{type: ca-probed}}
frontends:
  ca:
    type: channel_access
    port: {port}
    tcp_port: {port}
    interfaces: [127.0.0.1]
    beacon_addresses: [127.0.0.1:{beacons}]
    automatic_beacons: false
    access_file: {folder}/access
    devices:
      bench: "{prefix}"
      probed: {{plain: "{prefix}"{clients}}}
"""


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--daqd", default=os.environ.get("DAQD"), required="DAQD" not in os.environ)
    parser.add_argument("--prefix", default="B:")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("-n", "--scalars", type=int, default=1000)
    parser.add_argument("--wf", type=int, default=1_000_000)
    parser.add_argument("--img", type=int, default=8_000_000)
    parser.add_argument("--fan", type=int, default=1000)
    parser.add_argument("--scan", default="Passive")
    parser.add_argument("--caproto-tests", action="store_true", help="also serve what caproto's own client tests use")
    parser.add_argument("--log", default=os.environ.get("DAQD_TEST_LOG", os.devnull))
    return parser.parse_args()


def configuration(options, folder):
    period = 0 if options.scan == "Passive" else float(options.scan.split()[0])
    clients = f', clients: "{options.prefix}"' if options.caproto_tests else ""
    return CONFIGURATION.format(
        folder=folder, scalars=options.scalars, fan=options.fan, waveform=options.wf, image=options.img, period=period,
        port=options.port, beacons=options.port + 1, prefix=options.prefix, clients=clients)


def await_readiness(notices, process):
    """Waits for the message that daqd sends to a service manager."""
    notices.settimeout(0.2)
    while process.poll() is None:
        with contextlib.suppress(TimeoutError):
            if b"READY=1" in notices.recv(4096):
                return
    raise SystemExit(f"daqd ended with status {process.returncode} before it was ready; --log FILE keeps its log")


def main():
    options = arguments()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="daqd-ca-"))
    process = None
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        (folder / "plugins.conf").write_text(configuration(options, folder))
        (folder / "access").write_text("ASG(DEFAULT) { RULE(1, WRITE) }\n")
        notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notices.bind(str(folder / "notify"))
        with open(options.log, "ab") as log:
            process = subprocess.Popen(
                [options.daqd, "--config", folder / "plugins.conf"], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, "NOTIFY_SOCKET": str(folder / "notify")})
        await_readiness(notices, process)
        print("READY", process.pid, flush=True)
        while sys.stdin.readline() and process.poll() is None:
            pass
    finally:
        if process and process.poll() is None:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            if process.poll() is None:
                process.kill()
                process.wait()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
