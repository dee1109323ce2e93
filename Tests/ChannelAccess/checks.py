# Part of daqd
# SPDX-License-Identifier: MIT
"""A list of check functions, run one after the other; the last line says how many passed."""
import os
import sys
import time
import traceback

CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


def expect(condition, *shown):
    if not condition:
        raise AssertionError(" ".join(map(str, shown)))


def equal(found, wanted, what=""):
    expect(found == wanted, what, "is", repr(found)[:2000], "and not", repr(wanted)[:2000])


def await_that(what, condition, seconds=60):
    """Waits until the condition holds and returns what it gave."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if result := condition():
            return result
        time.sleep(0.01)
    raise AssertionError(f"{what} did not happen within {seconds} s")


def run(end=sys.exit):
    """Runs every check; ends the process."""
    passed = failed = 0
    for function in CHECKS:
        begin = time.monotonic()
        try:
            function()
            passed += 1
            print(f"passed {function.__name__} ({time.monotonic() - begin:.2f} s)", flush=True)
        except Exception:
            failed += 1
            print(f"FAILED {function.__name__}\n{traceback.format_exc()}", flush=True)
    print(f"{passed} passed, {failed} failed", flush=True)
    end(failed > 0)


def run_client():
    """As run, but without Python's own end, in which a client library's threads may fall over what is gone already."""
    run(end=os._exit)
