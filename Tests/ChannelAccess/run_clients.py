# Part of daqd
# SPDX-License-Identifier: MIT
"""Runs client scripts against reference servers and daqd, one process each, and adds up what passed.

  run_clients.py [--servers rsrv,daqd] SCRIPT...
"""
import argparse
import os
import re
import subprocess
import sys

from servers import HERE, Repeater, Server

SECONDS = 200


def outcome(script, server):
    """What passed and failed of one script."""
    environment = {**os.environ, **server.environment()}
    try:
        result = subprocess.run([sys.executable, "-B", HERE / f"{script}.py", server.prefix], env=environment, text=True,
                                capture_output=True, timeout=SECONDS)
    except subprocess.TimeoutExpired as late:
        print((late.stdout or b"").decode(), f"{script} was not done within {SECONDS} s", sep="\n", flush=True)
        return 0, 1
    lines = result.stdout.strip().splitlines()
    counted = re.fullmatch(r"(\d+) passed, (\d+) failed", lines[-1] if lines else "")
    passed, failed = (int(counted[1]), int(counted[2])) if counted else (0, 1)
    if failed or result.returncode:
        print(result.stdout, result.stderr, sep="\n", flush=True)
    return passed, max(failed, int(result.returncode != 0))


def run_all(scripts, site, process):
    """Runs every script against one daqd, shows its log where one fails, says what passed, and ends the process."""
    passed = failed = 0
    for script in scripts:
        good, bad = outcome(script, site)
        print(f"{script}: {good} passed, {bad} failed", flush=True)
        passed, failed = passed + good, failed + bad
        if bad:
            print(process.log_tail())
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--servers", default="rsrv,daqd")
    parser.add_argument("scripts", nargs="+")
    options = parser.parse_args()
    passed = failed = 0
    for kind in options.servers.split(","):
        with Server(kind) as server, Repeater(server.port + 2):
            for script in options.scripts:
                good, bad = outcome(script, server)
                print(f"{kind}: {script}: {good} passed, {bad} failed", flush=True)
                passed, failed = passed + good, failed + bad
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
