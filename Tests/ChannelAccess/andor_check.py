# Part of daqd
# SPDX-License-Identifier: MIT
"""daqd with the stand-in of Andor's SDK, driven over Channel Access by ophyd's own class for the camera.

  andor_check.py DAQD [SCRIPT...]
"""
import os
import pathlib
import sys
import tempfile

from daqd_process import DaqdProcess
from run_clients import run_all
from servers import Repeater, client_environment, free_port

SCRIPTS = ["client_andor_ophyd"]
CONFIGURATION = """\
allow_debug_plugins: true
site: {{name: andor-ca, data: {folder}/data, state: {folder}/state}}
plugins: [AndorPlugin, ChannelAccessFrontend]
devices:
  emccd:
    type: andor
    simulation: true
    start: {{trigger_mode: internal, target_temperature: 20, exposure: 0.01, region: [1, 64, 1, 48]}}
frontends:
  ca:
    type: channel_access
    port: {port}
    interfaces: [127.0.0.1]
    beacon_addresses: ["127.0.0.1:{beacons}"]
    automatic_beacons: false
    devices: {{emccd: {{areadetector: "ANDOR1:cam1:", plain: "emccd:"}}}}
"""


class Site:
    """Looks to run_clients like a server."""
    prefix = "ANDOR1:cam1:"

    def __init__(self, port):
        self.port = port

    def environment(self):
        return client_environment(self.port)


def main():
    daqd, scripts = sys.argv[1], sys.argv[2:] or SCRIPTS
    with tempfile.TemporaryDirectory(prefix="daqd-andor-ca-") as directory:
        folder = pathlib.Path(directory)
        port = free_port()
        text = CONFIGURATION.format(folder=folder, port=port, beacons=port + 1)
        log = os.environ.get("DAQD_TEST_LOG", folder / "log")
        with DaqdProcess(daqd, folder, text, log) as process, Repeater(port + 2):
            run_all(scripts, Site(port), process)


if __name__ == "__main__":
    main()
