# Part of daqd
# SPDX-License-Identifier: MIT
"""What the client scripts of the simulated Eiger share: the simulator's log, files and faults, and the local folder.

Where they are is in the environment: EIGER_SIMULATOR (URL) and EIGER_DATA (folder); eiger_check.py sets both.
"""
import contextlib
import hashlib
import json
import os
import pathlib
import urllib.request

from checks import equal, expect

SIMULATOR = os.environ.get("EIGER_SIMULATOR", "")
DATA = pathlib.Path(os.environ.get("EIGER_DATA", "."))
SEED, AREA_DETECTOR = "detector_eiger:", "EIG1:cam1:"


def ask(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(SIMULATOR + path, data, method=method), timeout=30) as answer:
        return answer.read().decode()


class Requests:
    """The changes that were asked of the detector since this was made."""

    def __init__(self):
        lines = ask("GET", "/sim/log").splitlines()
        self.first = json.loads(lines[-1])["n"] + 1 if lines else 0

    def all(self):
        entries = map(json.loads, ask("GET", f"/sim/log?from={self.first}").splitlines())
        return [entry for entry in entries if entry["method"] == "PUT"]

    def commands(self, name):
        return [entry for entry in self.all() if entry["path"].endswith("/command/" + name)]

    def values(self, key):
        return [json.loads(entry["body"])["value"] for entry in self.all() if entry["path"].endswith("/config/" + key)]


@contextlib.contextmanager
def fault(kind, **fields):
    """A misbehaviour of the detector."""
    number = json.loads(ask("POST", "/sim/fault", {"fault": kind, **fields}))["id"]
    try:
        yield
    finally:
        ask("DELETE", f"/sim/fault/{number}")


def written():
    """Checksums of every file that the detector ever completed."""
    return {record["sha256"] for record in json.loads(ask("GET", "/sim/files"))}


def hook_calls():
    """How often the site's own program was called after an acquisition."""
    path = DATA.parent / "hook"
    return len(path.read_text().splitlines()) if path.exists() else 0


def stored():
    """Path to checksum of every file that lies below the data folder; numbers of series, so names, begin anew with initialize."""
    return {str(path.relative_to(DATA)): hashlib.sha256(path.read_bytes()).hexdigest() for path in DATA.rglob("*.h5")}


def new_files_are_the_detectors(before, count=None):
    """The files that came since are the simulator's, byte for byte; returns their names."""
    local, remote = stored(), written()
    paths = sorted(set(local) - set(before))
    expect(paths, "no file came")
    if count is not None:
        equal(len(paths), count, f"number of files {paths}")
    for path in paths:
        expect(local[path] in remote, path, "is no file of the detector")
    return [path.rsplit("/", 1)[-1] for path in paths]
