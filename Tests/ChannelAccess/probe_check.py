# Part of daqd
# SPDX-License-Identifier: MIT
"""Compares daqd's answers to probe.py with those of the reference server in the same run.

Every difference must stand in probe-differences.txt with its reason, and everything that stands there must differ.

  probe_check.py            compares
  probe_check.py --list     prints the differences in the form of that file
"""
import sys

from probe import Probe
from servers import HERE, Server

ACCEPTED = HERE / "probe-differences.txt"
LARGE = dict(waveform=1_000_000, image=8_000_000)


def answers(kind):
    """The answers by label, in order."""
    lines = []
    with Server(kind, **LARGE) as server:
        Probe(server.port, server.prefix, lines.append).all()
    return dict(line.split(" => ", 1) for line in lines)


def accepted():
    """Label to daqd's answer. A block of the file: lines of reason that begin with #, then `label => answer` of daqd."""
    entries, reason = {}, ""
    for number, line in enumerate(ACCEPTED.read_text().splitlines(), 1):
        if line.startswith("#"):
            reason = line[1:].strip()
        elif line.strip():
            if not reason:
                raise SystemExit(f"{ACCEPTED}:{number}: a difference without a reason above it")
            label, answer = line.split(" => ", 1)
            entries[label] = answer
        else:
            reason = ""
    return entries


def main():
    reference, ours = answers("rsrv"), answers("daqd")
    different = {label: ours.get(label, "never asked") for label in reference if ours.get(label) != reference[label]}
    if "--list" in sys.argv:
        for label, answer in different.items():
            print(f"# rsrv: {reference[label]}\n{label} => {answer}\n")
        return
    known = accepted()
    failures = []
    for label in {**reference, **known}:
        answer = different.get(label)
        if answer == known.get(label):
            continue
        failures.append(f"{label}\n    rsrv: {reference.get(label)}\n    daqd: {ours.get(label)}\n    accepted: {known.get(label)}")
    print("\n".join(failures))
    print(f"{len(reference)} answers compared, {len(different)} differ, {len(known)} differences are accepted")
    print(f"{len(reference) - len(failures)} passed, {len(failures)} failed")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
