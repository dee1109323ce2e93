# Part of daqd
# SPDX-License-Identifier: MIT
"""daqd with a simulated Eiger, driven over Channel Access by the client scripts that existing beam lines use.

  eiger_check.py DAQD [SCRIPT...]
"""
import os
import pathlib
import sys
import tempfile

from daqd_process import DaqdProcess
from run_clients import run_all
from servers import Repeater, client_environment, free_port

SCRIPTS = ["client_eiger_pyepics", "client_eiger_aioca", "client_eiger_caproto", "client_eiger_ophyd", "client_eiger_ophyd_async"]
CONFIGURATION = """\
allow_debug_plugins: true
site: {{name: eiger-ca, data: {folder}/data, state: {folder}/state}}
plugins: [StandardOperations, EigerSimulator, EigerPlugin, ChannelAccessFrontend]
simulators:
  sim1: {{type: eiger-sim, port: {simulator}, initialize_time: 1.5s, energy_time: 0.1s, arm_time: 0.1s}}
devices:
  eiger1: {{type: eiger, host: 127.0.0.1, port: {simulator}, post_operations: [verify, hook], poll_idle: 0.2s}}
post_operations:
  hook: {{type: command, command: [/bin/sh, -c, "echo called >> {folder}/hook"], wait: true}}
frontends:
  ca:
    type: channel_access
    port: {port}
    interfaces: [127.0.0.1]
    beacon_addresses: ["127.0.0.1:{beacons}"]
    automatic_beacons: false
    devices: {{eiger1: {{seed: "detector_eiger:", areadetector: "EIG1:cam1:"}}}}
"""


class Site:
    """Looks to run_clients like a server."""
    prefix = "detector_eiger:"

    def __init__(self, port, simulator, folder):
        self.port, self.simulator, self.folder = port, simulator, folder

    def environment(self):
        return {**client_environment(self.port), "EIGER_SIMULATOR": f"http://127.0.0.1:{self.simulator}",
                "EIGER_DATA": str(self.folder / "data")}


def main():
    daqd, scripts = sys.argv[1], sys.argv[2:] or SCRIPTS
    with tempfile.TemporaryDirectory(prefix="daqd-eiger-ca-") as directory:
        folder = pathlib.Path(directory)
        port, simulator = free_port(), free_port()
        text = CONFIGURATION.format(folder=folder, simulator=simulator, port=port, beacons=port + 1)
        site = Site(port, simulator, folder)
        with DaqdProcess(daqd, folder, text, os.environ.get("DAQD_TEST_LOG", folder / "log")) as process, Repeater(port + 2):
            run_all(scripts, site, process)


if __name__ == "__main__":
    main()
