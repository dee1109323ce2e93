# Part of daqd
# SPDX-License-Identifier: MIT
"""Runs caproto's own client tests, as its wheel installs them or of a checkout, against a server of ours.

  caproto_tests.py [--servers daqd] [--checkout FOLDER] [pytest arguments]
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import caproto.tests
from servers import HERE, Repeater, Server

# Two halves of about one length, each with a server of its own: most of the time goes into starting command-line tools.
HALVES = [["test_cli_scripts.py"],
          ["test_threading_client.py", "test_channel_filters.py", "test_pyepics_compat.py", "test_pyepics_compat2.py",
           "test_fixtures.py", "test_examples.py::test_asyncio_client_example"]]
# Those that start or end a server of their own, and those that look for the motor record `sim:mtr1`, which no server here has.
LEFT_OUT = "not epics-base and not server_crash and not two_iocs and not test_putcomplete and not test_putwait and not test_pyepics_pv"
PREFIX = "T:"
# What EPICS' own server passes of them.
ALL = 191


def outcome(kind, files, folder, arguments):
    """What passed and failed of some files on a server of this kind."""
    with Server(kind, "--caproto-tests", prefix=PREFIX) as server, Repeater(server.port + 2):
        environment = {**os.environ, **server.environment(), "FOREIGN_PREFIX": PREFIX, "PYTHONPATH": f"{folder.parents[1]}:{HERE}"}
        command = [sys.executable, "-B", "-m", "pytest", "-p", "foreign_server", "-p", "no:cacheprovider", "--timeout", "120", "--reruns", "2", "-q",
                   "-k", LEFT_OUT, "--rootdir", folder, *arguments, *(folder / name for name in files)]
        with tempfile.TemporaryDirectory() as directory:  # where coverage, which caproto's runner of programs starts, leaves its file
            result = subprocess.run(list(map(str, command)), cwd=directory, env=environment, text=True, capture_output=True, timeout=1500)
    counts = {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|error|rerun)", result.stdout.splitlines()[-1])}
    failed = counts.get("failed", 0) + counts.get("error", 0)
    if failed or result.returncode or arguments:
        print(result.stdout[-20000:], result.stderr[-5000:], sep="\n")
    return counts.get("passed", 0), max(failed, int(result.returncode != 0)), counts.get("rerun", 0)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--servers", default="daqd")
    parser.add_argument("--checkout", type=pathlib.Path, help="tests and library of this checkout, not of the wheel")
    options, arguments = parser.parse_known_args()
    folder = options.checkout.resolve() / "caproto/tests" if options.checkout else pathlib.Path(caproto.tests.__file__).parent
    passed = failed = 0
    for kind in options.servers.split(","):
        with concurrent.futures.ThreadPoolExecutor() as pool:
            outcomes = list(pool.map(lambda files: outcome(kind, files, folder, arguments), HALVES))
        good, bad, again = (sum(numbers) for numbers in zip(*outcomes))
        print(f"{kind}: {good} passed, {bad} failed, {again} run again", flush=True)
        if good + bad != ALL and not arguments:
            print(f"there are {ALL}, not {good + bad}")
            bad += abs(ALL - good - bad)
        passed, failed = passed + good, failed + bad
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
