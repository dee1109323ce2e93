# Part of daqd
# SPDX-License-Identifier: MIT
"""Compares what the simulated detector wrote, what lies on the disk and what daqd recorded."""

import hashlib
import pathlib

FINAL = ("done", "aborted", "failed")


def sha256(path):
    """The sum of a file."""
    sums = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            sums.update(piece)
    return sums.hexdigest()


class Judge:
    """The three views at one time; each method returns sentences about what is wrong, none when nothing is."""

    def __init__(self, written, data, records, images, files):
        self.written = written
        self.records = records
        self.images = images
        self.files = files
        self.local = {path: sha256(path) for path in sorted(pathlib.Path(data).rglob("*.h5"))}
        self.sums = set(self.local.values())

    def lost(self):
        """Files that the detector no longer has and the disk has not, or has otherwise."""
        problems = []
        for file in self.written:
            if file["fate"] in ("cleared", "lost", "overwritten"):
                problems.append(f"{file['name']} of series {file['series']} was {file['fate']} on the detector")
            elif file["fate"] == "deleted" and file["sha256"] not in self.sums:
                problems.append(f"{file['name']} was deleted on the detector and its content is not here")
        return problems

    def halves(self):
        """Files under a final name that are not, byte for byte, what the detector wrote."""
        known = {file["sha256"]: file["name"] for file in self.written}
        return [
            f"{path} is no file that the detector wrote" for path, total in self.local.items()
            if known.get(total) != path.name
        ]

    def duplicates(self):
        """Content that lies on the disk more than once."""
        seen, problems = {}, []
        for path, total in self.local.items():
            if total in seen:
                problems.append(f"{path} has the content of {seen[total]}")
            seen[total] = path
        return problems

    def dishonest(self):
        """Records whose state does not agree with the files."""
        return [f"{one['id']} ({one['state']}): {text}" for one in self.records for text in self._record(one)]

    def _record(self, record):
        primary = [one for one in record["artifacts"] if one["role"] in ("data", "master")]
        problems = []
        if record["state"] not in FINAL or not record["ended"]:
            problems.append("it has not ended")
        if record["state"] == "aborted":
            problems.append("nobody stopped it")
        if record["state"] == "failed" and not record["result"]:
            problems.append("it does not say why")
        for artifact in primary:
            path = pathlib.Path(artifact["path"])
            if path not in self.local:
                problems.append(f"{artifact['name']} is recorded and not there")
            elif artifact["sha256"] != self.local[path] or artifact["size"] != path.stat().st_size:
                problems.append(f"{artifact['name']} is recorded with another size or sum")
        complete = len(primary) == self.files and record["received"] == self.images
        if record["state"] == "done" and not complete:
            problems.append(f"{len(primary)} files, {record['received']} images are not all")
        if record["state"] == "failed" and len(primary) == self.files:
            problems.append(f"all its files are here, and it says: {record['result']}")
        return problems

    def unrecorded(self):
        """Files on the disk that no record names."""
        named = {artifact["path"] for one in self.records for artifact in one["artifacts"]}
        return [f"{path} is in no record" for path in self.local if str(path) not in named]

    def operations(self, names, marked):
        """Post-operations that neither ran nor say why not."""
        problems = []
        for record in self.records:
            found = {one["name"]: one for one in record["post_operations"]}
            if record["state"] == "done" and set(found) != set(names):
                problems.append(f"{record['id']}: has the operations {sorted(found)}")
            for name, one in found.items():
                if one["state"] not in ("succeeded", "failed", "skipped") or not one["ended"]:
                    problems.append(f"{record['id']}: {name} is {one['state']}")
                if one["state"] == "failed" and not one["last_error"]:
                    problems.append(f"{record['id']}: {name} failed and does not say why")
                if one["state"] == "failed" and record["state"] == "done":
                    problems.append(f"{record['id']}: {name} failed: {one['last_error']}")
            mark = found.get("mark")
            if mark and mark["state"] == "succeeded" and record["id"] not in marked:
                problems.append(f"{record['id']}: mark succeeded and left no mark")
        return problems

    def left(self):
        """Files that are still on the detector, which loses nothing."""
        return [file["name"] for file in self.written if file["fate"] == "present"]
