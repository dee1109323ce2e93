# Part of daqd
# SPDX-License-Identifier: MIT
"""Series after series on the simulated Eiger, some aborted, with reloads; then every file and every number is looked at."""
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import time
import urllib.request

import daemon

SECONDS = float(os.environ.get("DAQD_SOAK_SECONDS", "600"))
# Caches and the run log fill up at first; what is compared is the growth after the first quarter, two minutes at least.
GROWTH_LIMIT = 1.25
WARM_SECONDS = max(SECONDS / 4, 120)


def usage(process):
    """Resident memory in MB, threads, open files."""
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    fields = dict(line.split(":", 1) for line in status.splitlines())
    return int(fields["VmRSS"].split()[0]) / 1024, int(fields["Threads"]), len(os.listdir(f"/proc/{process.pid}/fd"))


def series(site, number):
    """One series; every fifth is aborted on the way. Returns the operation."""
    operation = site.call("POST", "devices/eiger1/commands/acquire?wait=0")
    path = f"operations/{operation['id']}"
    if number % 5 == 4:
        site.poll("the exposure", lambda: latest(site)["state"] in ("acquiring", "finishing", "done"))
        site.call("POST", "devices/eiger1/commands/abort?wait=20")
    if number % 7 == 6:
        level = ("info", "notice")[number % 2]
        site.write(daemon.SHIPPED + f"logging: {{levels: {{eiger1: {level}}}}}\n")
        site.process.send_signal(signal.SIGHUP)
    site.poll("the end of the series", lambda: site.call("GET", path)["ended"])


def forget_requests(site):
    """The simulator, in the same process, keeps 100,000 requests for tests; they would look like daqd's own growth."""
    request = urllib.request.Request(f"http://127.0.0.1:{site.simulator}/sim/log", method="DELETE")
    urllib.request.urlopen(request, timeout=20).close()


def latest(site):
    return site.call("GET", "acquisitions?device=eiger1&limit=1")["acquisitions"][0]


def judge(site, states):
    """The newest acquisition's state is honest and its files are there."""
    record = latest(site)
    daemon.expect(record["state"] in ("done", "aborted"), record)
    if record["state"] == "done":
        daemon.expect(record["received"] == record["expected"], record)
    for artifact in record["artifacts"]:
        if artifact["size"] is not None:
            daemon.expect(pathlib.Path(artifact["path"]).stat().st_size == artifact["size"], artifact)
            # The soak is about daqd, not about the disk.
            if artifact["role"] == "data":
                os.unlink(artifact["path"])
    states[record["state"]] = states.get(record["state"], 0) + 1


def main():
    directory = pathlib.Path(tempfile.mkdtemp(prefix="daqd-soak-"))
    states, samples, number = {}, [], 0
    try:
        with daemon.Site(directory) as site:
            site.start()
            site.poll("initialization", site.initialized)
            for name, value in (("frame_time", 0.05), ("exposure_time", 0.5), ("file_prefix", "soak_")):
                site.call("PUT", f"devices/eiger1/parameters/series/{name}", {"value": value})
            begin = shown = time.monotonic()
            while time.monotonic() < begin + SECONDS:
                series(site, number)
                site.poll("the post-operations' end", lambda: all(
                    one["ended"] for one in site.call("GET", f"runs/{latest(site)['id']}")["post_operations"]))
                judge(site, states)
                if number % 50 == 49:
                    forget_requests(site)
                number += 1
                samples.append((time.monotonic() - begin, *usage(site.process)))
                if time.monotonic() > shown + SECONDS / 20:
                    shown = time.monotonic()
                    print("%5.0f s  %6.1f MB  %3d threads  %3d files" % samples[-1], states, flush=True)
            daemon.expect(site.stop() == 0, "status")
    except Exception:
        print((directory / "log").read_text()[-5000:])
        raise
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    first = next((sample for sample in samples if sample[0] > WARM_SECONDS), samples[-1])
    last = samples[-1]
    print(f"{number} series {states}; memory {first[1]:.1f} to {last[1]:.1f} MB, threads {first[2]} to {last[2]}, "
          f"open files {first[3]} to {last[3]}, since {first[0]:.0f} s")
    daemon.expect(last[1] < first[1] * GROWTH_LIMIT, "memory grows")
    daemon.expect(last[2] <= first[2] + 8 and last[3] <= first[3] + 8, "threads or files grow")
    sys.exit(0)


main()
