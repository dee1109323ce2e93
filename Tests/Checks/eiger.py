# Part of daqd
# SPDX-License-Identifier: MIT
"""A beam line's scripts against the shipped site over REST: the seed IOC's names, areaDetector's, and the Python package's."""
import hashlib
import json
import pathlib
import sys
import tempfile
import threading
import time
import traceback
import urllib.error
import urllib.request

from daemon import SHIPPED, Site, expect


class Names:
    """A client of one name set: get and put as `caget` and `caput -c` have them."""

    def __init__(self, site, name):
        self.base = f"http://127.0.0.1:{site.rest}/api/v1/devices/eiger1/names/{name}/"

    def get(self, name):
        with urllib.request.urlopen(self.base + name, timeout=10) as answer:
            return json.load(answer)["value"]

    def put(self, name, value):
        request = urllib.request.Request(
            self.base + name, json.dumps({"value": value}).encode(), {"Content-Type": "application/json"}, method="PUT")
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]


def simulated(site, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{site.simulator}{path}", data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read().decode()


def seed_session_brings_the_detectors_own_files(site):
    seed = Names(site, "seed")
    site.poll("the detector's initialisation", site.initialized)
    seed.put("CountTime", 2)
    seed.put("FrameTime", 0.1)
    seed.put("Trigger", 1)
    expect(seed.get("Trigger_RBV") == "Off" and seed.get("SecondsRemaining") == 0, "after the series")
    main, data = seed.get("LatestFileMain"), seed.get("LatestFileData")
    expect(main == "eiger_1_master.h5" and data == "eiger_1_data_000001.h5", main, data)
    folder = pathlib.Path(site.call("GET", "devices/eiger1/parameters/files/directory")["value"])
    written = {each["name"]: each for each in json.loads(simulated(site, "/sim/files"))}
    for name in (main, data):
        sum_here = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        expect(sum_here == written[name]["sha256"], name, "is not what the detector wrote")
        expect(written[name]["fate"] == "deleted", name, "was left on the detector")
    expect(seed.get("DetectorState") == "idle", seed.get("DetectorState"))


def two_clients_take_exactly_one_series(site):
    seed = Names(site, "seed")
    seed.put("CountTime", 0.5)
    seed.put("FrameTime", 0.1)
    runs = len(site.call("GET", "runs?limit=100")["runs"])
    outcomes = []

    def trigger():
        try:
            outcomes.append(seed.put("Trigger", 1))
        except urllib.error.HTTPError as error:
            outcomes.append(error.code)

    clients = [threading.Thread(target=trigger) for _ in range(2)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    expect(outcomes.count(409) == 1, outcomes)
    expect(len(site.call("GET", "runs?limit=100")["runs"]) == runs + 1, "not one series")


def reads_are_answered_while_the_detector_initializes(site):
    """Two hundred reads of all kinds between the start of a long initialize and its end."""
    seed = Names(site, "seed")
    simulated(site, "/sim/fault", {"fault": "delay", "seconds": 8, "path": "*/command/initialize", "times": 1})
    client = threading.Thread(target=lambda: seed.put("Initialize", 1))
    client.start()
    site.poll("the initialize", lambda: seed.get("Initialize_RBV") == "On")
    times = []
    for index in range(200):
        name = ("DetectorState", "CountTime_RBV", "FrameTime_RBV", "DetectorTime")[index % 4]
        start = time.perf_counter()
        seed.get(name)
        times.append(time.perf_counter() - start)
    expect(seed.get("Initialize_RBV") == "On", "the reads took longer than the initialize")
    client.join()
    expect(seed.get("Initialize_RBV") == "Off", "it has not ended")
    times.sort()
    print(f"  reads during an initialize: median {times[100] * 1e3:.2f} ms, 99 % within {times[197] * 1e3:.2f} ms")


def area_detector_session(site):
    camera = Names(site, "areadetector")
    camera.put("FWNamePattern", "ad_$id")
    camera.put("FWEnable", "Enable")
    camera.put("AcquirePeriod", 0.05)
    camera.put("NumImages", 3)
    expect(camera.put("Acquire", 1) is not None and camera.get("Acquire_RBV") == "Done", "Acquire")
    expect(camera.get("NumImagesCounter_RBV") == 3, camera.get("NumImagesCounter_RBV"))
    expect(pathlib.Path(camera.get("FullFileName_RBV")).is_file(), camera.get("FullFileName_RBV"))


def package_session(site):
    package = Names(site, "dectris_eiger")
    package.put("energy", 12000)
    expect(abs(package.get("threshold") - 6000) < 1, package.get("threshold"))
    package.put("filewriter/filename_pattern", "old_$id")
    expect(package.get("filewriter/filename_pattern") == "old_$id", "the pattern")
    expect(isinstance(package.get("buffer/files"), list), package.get("buffer/files"))


def main():
    checks = [seed_session_brings_the_detectors_own_files, two_clients_take_exactly_one_series,
              reads_are_answered_while_the_detector_initializes, area_detector_session, package_session]
    failed = 0
    with tempfile.TemporaryDirectory(prefix="daqd-eiger-") as directory:
        with Site(pathlib.Path(directory), SHIPPED) as site:
            site.start()
            for check in checks:
                try:
                    check(site)
                    print("passed:", check.__name__)
                except Exception:
                    failed += 1
                    print("FAILED:", check.__name__)
                    traceback.print_exc(file=sys.stdout)
    print(f"{len(checks) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
