# Part of daqd
# SPDX-License-Identifier: MIT
"""Checks that are functions of a script, each named after what it shows."""
import socket
import sys
import time
import traceback

CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


def until(condition, what, limit=60):
    """Waits for a state, generously: a busy machine is slow."""
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.005)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main():
    """Runs them all; the last line is what `scripts/test` and `scripts/interop` add up."""
    passed = failed = 0
    for function in CHECKS:
        try:
            function()
            passed += 1
            print("ok", function.__name__.replace("_", " "), flush=True)
        except Exception:
            failed += 1
            print("FAILED", function.__name__.replace("_", " "), flush=True)
            traceback.print_exc(file=sys.stdout)
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)
