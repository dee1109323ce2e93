# Part of daqd
# SPDX-License-Identifier: MIT
"""Kills daqd (SIGKILL) at random moments of measurements with fetch and post-operations, starts it again, and proves that
nothing is lost: every file complete and verified, every acquisition in an honest final state, every post-operation run or reported.

The moments are spread over the whole measurement, one in each part of it; --seed repeats a run."""

import pathlib
import random
import time

from bench import Daemon, Failure, Simulator, arguments, carry_out, ending, executable, free_port, tail
from judge import Judge

IMAGES, FRAME_SECONDS, PER_FILE = 24, 0.05, 4
FILES = IMAGES // PER_FILE + 1
OPERATIONS = ("verify", "mark", "thumbnail")

CONFIG = """\
site: {{name: kill, data: {data}, state: {state}}}
plugins: [StandardOperations, EigerPlugin, RESTFrontend]
devices:
  eiger1:
    type: eiger
    host: 127.0.0.1
    port: {detector}
    images_per_file: {per_file}
    poll_idle: 100 ms
    poll_acquiring: 50 ms
    post_operations: [verify, mark, thumbnail]
frontends:
  rest: {{type: rest, port: {rest}}}
post_operations:
  mark: {{type: command, command: [{mark}, {marks}]}}
"""

MARK = """\
#!/bin/sh
# Takes a moment, so that some kills meet it at work.
sleep 0.2
echo "$DAQD_ACQUISITION" >>"$1"
"""


class KillTest:
    """One detector, and one daemon after the other."""

    def __init__(self, binaries, folder, rounds, seed):
        self.binaries = binaries
        self.folder = folder
        self.rounds = rounds
        self.random = random.Random(seed)
        self.passed = 0
        self.problems = []
        self.data = folder / "data"
        self.marks = folder / "marks"
        self.marks.touch()
        self.port = free_port()
        self.config = folder / "plugins.conf"

    def configure(self, simulator):
        script = self.folder / "mark.sh"
        script.write_text(MARK)
        script.chmod(0o755)
        self.config.write_text(CONFIG.format(
            data=self.data, state=self.folder / "state", detector=simulator.port, rest=self.port, per_file=PER_FILE,
            mark=script, marks=self.marks))

    def daemon(self):
        return Daemon(executable(self.binaries / "daqd"), self.config, self.port, self.folder)

    def begin(self, daemon):
        """Asks for a series; the reply comes before it begins."""
        daemon.put("series/frame_time", FRAME_SECONDS)
        daemon.put("series/exposure_time", IMAGES * FRAME_SECONDS)
        daemon.post("devices/eiger1/commands/acquire?wait=0")

    def whole_measurement(self, simulator):
        """One that nobody kills; how long it takes sets the moments of the kills."""
        with ending(self.daemon()) as daemon:
            daemon.wait_until_connected()
            before = time.monotonic()
            self.begin(daemon)
            while not daemon.acquisitions():
                time.sleep(0.02)
            records = daemon.wait_until_settled(120)
            length = time.monotonic() - before
            self.check("undisturbed", simulator, records)
            if [one["state"] for one in records] != ["done"]:
                raise Failure(f"the undisturbed measurement is not done: {records[0]['result']}")
            status = daemon.terminate()
            if status != 0:
                raise Failure(f"daqd ended with status {status}; {tail(daemon.log)}")
        return length

    def kill_round(self, number, moment, simulator):
        """Begins a measurement, kills the daemon at that moment, starts it again and waits until all has settled."""
        with ending(self.daemon()) as daemon:
            daemon.wait_until_connected()
            self.begin(daemon)
            time.sleep(moment)
            daemon.kill()
        again = ""
        if number % 3 == 0:
            # Once more while it takes up what the first kill left.
            pause = self.random.uniform(0.1, 1.5)
            again = f" and {pause:.2f} s after the restart"
            with ending(self.daemon()) as daemon:
                time.sleep(pause)
        with ending(self.daemon()) as daemon:
            daemon.wait_until_connected()
            records = daemon.wait_until_settled(120)
            newest = max(records, key=lambda one: one["began"])
            said = f"{len(records)} acquisitions, the last is {newest['state']}"
            if newest["state"] != "done":
                said += f": {newest['result']}"
            self.check(f"kill {number} after {moment:.2f} s{again} ({said})", simulator, records)
            daemon.terminate()
        return records

    def check(self, what, simulator, records):
        marked = set(self.marks.read_text().split())
        judge = Judge(simulator.written(), self.data, records, IMAGES, FILES)
        found = (
            judge.lost() + judge.halves() + judge.duplicates() + judge.dishonest() + judge.unrecorded()
            + judge.operations(OPERATIONS, marked))
        left = judge.left()
        note = f"; still on the detector: {', '.join(left)}" if left else ""
        print(f"{'FAILED' if found else 'ok    '} {what}{note}", flush=True)
        for problem in found:
            print(f"       {problem}", flush=True)
        self.problems += found
        self.passed += not found

    def run(self):
        simulator = Simulator(
            executable(self.binaries / "eiger-sim"), self.folder, "--initialize-time", "0.2", "--energy-time", "0.1")
        with ending(simulator):
            # Downloads as slow as over a busy network, so that kills meet them at work.
            simulator.order(fault="slow", path="/data/*", bytes_per_second=10_000_000)
            self.configure(simulator)
            length = self.whole_measurement(simulator)
            print(f"an undisturbed measurement takes {length:.2f} s", flush=True)
            moments = [length * (part + self.random.random()) / self.rounds for part in range(self.rounds)]
            self.random.shuffle(moments)
            for number, moment in enumerate(moments, 1):
                records = self.kill_round(number, moment, simulator)
            self.summary(simulator)
            self.check_the_judge(simulator, records)

    def check_the_judge(self, simulator, records):
        """Shows the judge what must not be; a judge that overlooks it makes all its verdicts worthless."""
        marked = set(self.marks.read_text().split())
        done = next(one for one in records if one["state"] == "done")
        master = next(pathlib.Path(one["path"]) for one in done["artifacts"] if one["role"] == "master")
        content = master.read_bytes()

        def judge(changed=None):
            changed = changed or {}
            return Judge(
                simulator.written(), self.data, [one | changed if one is done else one for one in records], IMAGES, FILES)

        master.write_bytes(content[:-1])
        half = judge()
        master.unlink()
        gone = judge()
        master.write_bytes(content)
        copy = master.with_name("copy.h5")
        copy.write_bytes(content)
        twice = judge()
        copy.unlink()
        waiting = [one | {"state": "waiting", "ended": None} for one in done["post_operations"]]
        cases = {
            "a half file": half.halves() and half.lost() and half.dishonest(), "a lost file": gone.lost() and gone.dishonest(),
            "a doubled file": twice.duplicates() and twice.unrecorded(),
            "too few images called done": judge({"received": IMAGES - 1}).dishonest(),
            "an acquisition that has not ended": judge({"state": "finishing", "ended": None}).dishonest(),
            "a failure without a reason": judge({"state": "failed", "result": None}).dishonest(),
            "a post-operation that never ran": judge({"post_operations": waiting}).operations(OPERATIONS, marked),
            "a mark that is missing": judge().operations(OPERATIONS, set()),
        }
        overlooked = [name for name, found in cases.items() if not found]
        print(f"{'FAILED' if overlooked else 'ok    '} the judge sees what it is shown", flush=True)
        self.problems += [f"the judge overlooked {name}" for name in overlooked]
        self.passed += not overlooked

    def summary(self, simulator):
        written = simulator.written()
        fates = {fate: sum(one["fate"] == fate for one in written) for fate in ("deleted", "present")}
        print(
            f"the detector wrote {len(written)} files: {fates['deleted']} fetched, verified and then deleted there, "
            f"{fates['present']} still there")


carry_out(KillTest, arguments(__doc__, rounds=20, limit=390).parse_args(), "daqd-kill-")
