# Part of daqd
# SPDX-License-Identifier: MIT
"""A beam line's scripts against the shipped site over REST: the seed IOC's names, areaDetector's, and the Python package's."""
import contextlib
import hashlib
import json
import pathlib
import threading
import time
import urllib.error
import urllib.request

from daemon import SHIPPED, expect, run_on_one_site


class Names:
    """A client of one name set: get and put as `caget` and `caput -c` have them."""

    def __init__(self, site, name):
        self.base = f"http://127.0.0.1:{site.rest}/api/v1/devices/eiger1/names/{name}/"

    def get(self, name):
        with urllib.request.urlopen(self.base + name, timeout=60) as answer:
            return json.load(answer)["value"]

    def put(self, name, value):
        request = urllib.request.Request(
            self.base + name, json.dumps({"value": value}).encode(), {"Content-Type": "application/json"}, method="PUT")
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]


def simulated(site, path, body=None, method=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{site.simulator}{path}", data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read().decode()


@contextlib.contextmanager
def fault(site, **order):
    """A misbehaviour of the detector; what it holds up goes on afterwards."""
    number = json.loads(simulated(site, "/sim/fault", order))["id"]
    try:
        yield
    finally:
        simulated(site, f"/sim/fault/{number}", method="DELETE")


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
    with fault(site, fault="delay", seconds=3600, path="*/command/trigger"):
        for client in clients:
            client.start()
        site.poll("the refusal of one of them", lambda: outcomes)
    for client in clients:
        client.join()
    expect(outcomes.count(409) == 1, outcomes)
    expect(len(site.call("GET", "runs?limit=100")["runs"]) == runs + 1, "not one series")


def reads_are_answered_while_the_detector_initializes(site):
    """Two hundred reads of all kinds between the start of a long initialize and its end."""
    seed = Names(site, "seed")
    client = threading.Thread(target=lambda: seed.put("Initialize", 1))
    times = []
    with fault(site, fault="delay", seconds=3600, path="*/command/initialize"):
        client.start()
        site.poll("the initialize", lambda: seed.get("Initialize_RBV") == "On")
        for index in range(200):
            name = ("DetectorState", "CountTime_RBV", "FrameTime_RBV", "DetectorTime")[index % 4]
            start = time.perf_counter()
            seed.get(name)
            times.append(time.perf_counter() - start)
        expect(seed.get("Initialize_RBV") == "On", "the initialize ended before the reads were answered")
    client.join()
    expect(seed.get("Initialize_RBV") == "Off", "it has not ended")
    times.sort()
    print(f"  reads during an initialize: median {times[100] * 1e3:.2f} ms, 99 % within {times[197] * 1e3:.2f} ms")


def limits_that_change_reach_clients(site):
    """The detector states other limits: a listening client is told, reads them, and is judged by them."""
    parameter = "devices/eiger1/parameters/series/frame_time"
    before = site.call("GET", parameter)["limits"]
    other = json.dumps({"value": 0.5, "value_type": "float", "min": 0.4, "max": 10, "unit": "s"})
    events = f"http://127.0.0.1:{site.rest}/api/v1/events?topics=tree&prefix=series/frame_time"
    with urllib.request.urlopen(events, timeout=60) as stream:
        # The preface; whatever happens from now on is told.
        while not stream.readline().startswith(b"retry:"):
            pass
        with fault(site, fault="status", status=200, path="*/config/frame_time", method="GET", text=other):
            site.call("PUT", "devices/eiger1/parameters/detector/config/count_time", {"value": 0.1})
            expect(told(stream) == ("metadata_changed", "series/frame_time"), "the event")
            expect(site.call("GET", parameter)["limits"] == {"low": 0.4, "high": 10}, "the limits")
            try:
                site.call("PUT", parameter, {"value": 0.2})
                raise AssertionError("a value below the new limit was taken")
            except urllib.error.HTTPError as error:
                expect(error.code == 422 and "0.4" in error.read().decode(), error.code)
        site.call("PUT", "devices/eiger1/parameters/detector/config/count_time", {"value": 0.2})
        expect(told(stream) == ("metadata_changed", "series/frame_time"), "the event of the way back")
    expect(site.call("GET", parameter)["limits"] == before, "the limits are not what they were")


def told(stream):
    """What the next event of the tree says; comments are passed over."""
    while True:
        line = stream.readline()
        expect(line, "the stream ended")
        if line.startswith(b"data: "):
            event = json.loads(line[6:])
            return event["event"], event["name"]


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
    run_on_one_site("daqd-eiger-", SHIPPED, [
        seed_session_brings_the_detectors_own_files, two_clients_take_exactly_one_series,
        reads_are_answered_while_the_detector_initializes, limits_that_change_reach_clients, area_detector_session, package_session])


if __name__ == "__main__":
    main()
