# Part of daqd
# SPDX-License-Identifier: MIT
"""daqd with the bench and probe devices, as a server that a test can start: prints READY and its process, ends with its input."""
import argparse
import os
import pathlib
import signal
import sys
import tempfile

from daqd_process import DaqdProcess

CONFIGURATION = """\
allow_debug_plugins: true
site: {{name: channel-access, data: {folder}/data, state: {folder}/state}}
plugins: [{{file: ChannelAccessBenchPlugin, required: true}}, {{file: ChannelAccessFrontend, required: true}}]
devices:
  bench: {{type: ca-bench, scalars: {scalars}, fan: {fan}, waveform: {waveform}, image: {image}, period: {period}}}
frontends:
  ca:
    type: channel_access
    port: {port}
    interfaces: [127.0.0.1]
    beacon_addresses: ["127.0.0.1:{beacons}"]
    automatic_beacons: false
    devices: {{bench: {names}}}
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
    parser.add_argument("--files", type=int, help="how many files daqd may open")
    return parser.parse_args()


def configuration(options, folder):
    period = 0 if options.scan == "Passive" else float(options.scan.split()[0])
    names = f'{{clients: "{options.prefix}"}}' if options.caproto_tests else f'{{plain: "{options.prefix}"}}'
    return CONFIGURATION.format(
        folder=folder, scalars=options.scalars, fan=options.fan, waveform=options.wf, image=options.img, period=period,
        port=options.port, beacons=options.port + 1, names=names)


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with tempfile.TemporaryDirectory(prefix="daqd-ca-") as directory:
        folder = pathlib.Path(directory)
        with DaqdProcess(options.daqd, folder, configuration(options, folder), options.log, options.files) as daqd:
            print("READY", daqd.pid, flush=True)
            while sys.stdin.readline() and daqd.process.poll() is None:
                pass


if __name__ == "__main__":
    main()
