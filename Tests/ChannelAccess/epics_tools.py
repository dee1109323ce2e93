# Part of daqd
# SPDX-License-Identifier: MIT
"""The command-line tools of EPICS against daqd and the reference server: what they print must be the same, times excepted.

  epics_tools.py FOLDER      with the built caget, caput, camonitor and cainfo
"""
import os
import pathlib
import re
import subprocess
import sys
import time

from checks import await_that
from servers import Repeater, Server

COMMANDS = """
caget B:AO B:MB B:STR B:WFS
caput -t B:AO 1.5
caput B:AO 12.5
caput -c -t B:AO 13.5
caget -a B:AO
caget -s B:AO
caget -n B:MB
caget -d CTRL_DOUBLE B:AO
caget -d CTRL_ENUM B:MB
caget -d TIME_LONG B:LO
caget -S B:AO.DESC$
caget B:AO.RTYP B:AO.EGU B:AO.PREC B:AO.SEVR
caput B:MB Fault
caput -n B:MB 1
caput -c B:MB nostate
caput -a B:WFS 3 1 2 3
caget -c -# 3 B:WFS
caget -# 5 B:WFS
caget B:WFS.[1:3]
caget -t B:AO.{"ts":{}}
caget B:AO.{"ts":{"str":"iso"}}
caput -S B:LSTR text
caget -S B:LSTR
caput -c -w 3 B:BUSY 1
caput B:RO 1
caget B:RO
caget -w 0.3 B:NOPE
""".strip().splitlines()
INFO = ["cainfo B:AO", "cainfo B:WFS", "cainfo B:MB", "cainfo B:RO"]
MONITORS = ["camonitor B:AO B:MB", "camonitor -m valp B:AO", 'camonitor B:AO.{"dbnd":{"abs":5}}', "camonitor -g4 -s B:AO"]


class Tools:
    def __init__(self, folder, server):
        self.folder, self.server = pathlib.Path(folder), server
        self.environment = {**os.environ, **server.environment()}

    def command(self, line):
        name, *arguments = line.split(" ")
        return [self.folder / name, *arguments]

    def run(self, line):
        begin = time.monotonic()
        result = subprocess.run(self.command(line), env=self.environment, capture_output=True, text=True, timeout=30)
        text = f"status {result.returncode}\n{result.stdout}{result.stderr}"
        if "BUSY" in line:
            text += f"after {round(time.monotonic() - begin)} s"
        return self.plain(text)

    def monitor(self, line):
        """What a monitor prints while numbers are written."""
        process = subprocess.Popen(["stdbuf", "-oL", *self.command(line)], env=self.environment, stdout=subprocess.PIPE)
        os.set_blocking(process.stdout.fileno(), False)
        text = ""

        def more():
            nonlocal text
            text += (process.stdout.read() or b"").decode()
            return text
        try:
            await_that("the first update", lambda: "AO" in more())
            for value in ("0", "4", "5.5", "85", "95", "1"):
                self.run(f"caput -c B:AO {value}")
            await_that("the last update", lambda: re.search(r" 1(\.000)? *\S* *\S* *\n$", more()))
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
        return self.plain(text)

    def plain(self, text):
        text = re.sub(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d\.\d+([+-]\d{4})?|<undefined>", "TIME", text)
        text = re.sub(r"\d\d:\d\d:\d\d\.\d+", "TIME", text)
        return re.sub(r"(localhost|127\.0\.0\.1|[\w.-]+):%d" % self.server.port, "SERVER", text)


def outputs(folder, kind):
    with Server(kind, prefix="B:") as server, Repeater(server.port + 2):
        tools = Tools(folder, server)
        found = {line: tools.run(line) for line in COMMANDS + INFO}
        return {**found, **{line: tools.monitor(line) for line in MONITORS}}


def main():
    reference, ours = outputs(sys.argv[1], "rsrv"), outputs(sys.argv[1], "daqd")
    failed = [line for line in reference if reference[line] != ours[line]]
    for line in failed:
        print(f"FAILED {line}\n--- rsrv\n{reference[line]}\n--- daqd\n{ours[line]}")
    print(f"{len(reference) - len(failed)} passed, {len(failed)} failed")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
