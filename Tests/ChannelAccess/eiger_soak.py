# Part of daqd
# SPDX-License-Identifier: MIT
"""K4-9 over Channel Access: a series a second on the simulated Eiger by put-callback, some stopped on the way; memory stays flat.

  eiger_soak.py DAQD [SECONDS]
"""
import os
import pathlib
import random
import sys
import tempfile
import time

from checks import await_that, expect
from daqd_process import DaqdProcess
from eiger_check import CONFIGURATION, Site
from servers import Repeater, free_port
from soak import GROWTH, WARM_PART, usage


def series(pvs, stopped):
    """One series; returns the files that it left."""
    done = []
    pvs["Trigger"].put(1, use_complete=True, callback=lambda **_: done.append(True))
    if stopped:
        await_that("the start", lambda: pvs["Trigger_RBV"].get() == 1 or done)
        time.sleep(random.uniform(0, 0.3))
        pvs["Trigger"].put(0)
    await_that("the end of a series", lambda: done, 60)
    await_that("Off", lambda: pvs["Trigger_RBV"].get() == 0)


def soak(process, site, seconds):
    os.environ.update(site.environment())
    import epics
    from eiger_site import SEED
    pvs = {name: epics.PV(SEED + name) for name in ("CountTime", "FrameTime", "Trigger", "Trigger_RBV", "DetectorState")}
    expect(all(pv.wait_for_connection(30) for pv in pvs.values()), "not every PV connected")
    await_that("the detector's readiness", lambda: pvs["DetectorState"].get() == "idle", 60)
    for name, value in (("CountTime", 0.3), ("FrameTime", 0.05)):
        expect(pvs[name].put(value, wait=True, timeout=60) == 1, name)
    samples, number, begin = [], 0, time.monotonic()
    while time.monotonic() < begin + seconds:
        series(pvs, number % 5 == 4)
        files = sorted(site.folder.rglob("*.h5"))
        expect(files or number % 5 == 4, "a series left no file")
        for path in files:  # the soak is about daqd, not about the disk
            path.unlink()
        number += 1
        samples.append(((time.monotonic() - begin) / seconds, *usage(process.pid)))
    warm = [sample for sample in samples if sample[0] > WARM_PART]
    third = max(1, len(warm) // 3)
    early, late = (sum(sample[1] for sample in part) / len(part) for part in (warm[:third], warm[-third:]))
    print(f"{number} series; {early:.1f} MB early, {late:.1f} MB late; {warm[-1][2]} threads, {warm[-1][3]} files at the end")
    expect(late < early * GROWTH, f"memory grew from {early:.1f} MB to {late:.1f} MB")
    expect(max(sample[3] for sample in warm[-third:]) <= max(sample[3] for sample in warm[:third]) + 4, "open files grew")


def main():
    seconds = float(sys.argv[2] if len(sys.argv) > 2 else os.environ.get("DAQD_SOAK_SECONDS", "600"))
    with tempfile.TemporaryDirectory(prefix="daqd-eiger-soak-") as directory:
        folder = pathlib.Path(directory)
        port, simulator = free_port(), free_port()
        text = CONFIGURATION.format(folder=folder, simulator=simulator, port=port, beacons=port + 1)
        with DaqdProcess(sys.argv[1], folder, text, folder / "log") as process, Repeater(port + 2):
            try:
                soak(process, Site(port, simulator, folder), seconds)
            except AssertionError:
                print(process.log_tail())
                raise
    print("1 passed, 0 failed")


if __name__ == "__main__":
    main()
