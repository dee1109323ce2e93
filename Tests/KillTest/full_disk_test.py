# Part of daqd
# SPDX-License-Identifier: MIT
"""The local disk fills up in the middle of a fetch: one alarm, nothing lost at the detector, nothing half here; with room again
the series is completed by itself.

The disk is full for daqd alone, by a library in front of write(2) (Tests/FullDisk)."""

from bench import Daemon, Failure, Simulator, arguments, carry_out, ending, executable, free_port, wait_for
from judge import Judge

IMAGES, FRAME_SECONDS, PER_FILE = 24, 0.02, 4
FILES = IMAGES // PER_FILE + 1
ALARM = "devices/eiger1/parameters/health/disk_full"

CONFIG = """\
site: {{name: full, data: {data}, state: {state}}}
plugins: [EigerPlugin, RESTFrontend]
devices:
  eiger1: {{type: eiger, host: 127.0.0.1, port: {detector}, images_per_file: {per_file}, poll_idle: 100 ms}}
frontends:
  rest: {{type: rest, port: {rest}}}
"""


class FullDiskTest:
    def __init__(self, binaries, folder, rounds, _):
        self.binaries, self.folder, self.rounds = binaries, folder, rounds
        self.passed, self.problems = 0, []
        self.data, self.room = folder / "data", folder / "room"
        self.port = free_port()

    def expect(self, condition, problem):
        if not condition:
            self.problems.append(problem)
            print(f"FAILED {problem}", flush=True)

    def begin(self, daemon):
        daemon.put("series/frame_time", FRAME_SECONDS)
        daemon.put("series/exposure_time", IMAGES * FRAME_SECONDS)
        daemon.post("devices/eiger1/commands/acquire?wait=0")

    def judged(self, simulator, records):
        judge = Judge(simulator.written(), self.data, records, IMAGES, FILES)
        for problem in judge.lost() + judge.halves() + judge.duplicates():
            self.expect(False, problem)
        return judge

    def fill(self, files, daemon, simulator):
        """One series for which the disk has room for so many data files."""
        before = len(simulator.written())
        size = next(file["size"] for file in simulator.written() if file["name"].endswith("_data_000001.h5"))
        self.room.write_text(str(int(files * size)))
        self.begin(daemon)
        alarm = wait_for(
            "the alarm of the full disk", lambda: (one := daemon.get(ALARM))["value"] and one["alarm"], 60, daemon.process, daemon.log)
        self.expect(alarm["severity"] == "major" and "room" in alarm["message"], f"the alarm is {alarm}")
        wait_for("every file is written there", lambda: len(simulator.written()) == before + FILES, 60)
        # It tries again and again, and nothing changes but that.
        attempts = self.attempts()
        wait_for("another attempt", lambda: self.attempts() > attempts + 2, 60)
        record = daemon.acquisitions()[0]
        self.expect(record["ended"] is None, f"the series ended on the full disk: {record['state']} {record['result']}")
        judge = self.judged(simulator, [])
        there = [file for file in simulator.written()[before:] if file["fate"] == "present"]
        here = len(judge.local) - before
        self.expect(there and here + len(there) == FILES, f"{here} files are here and {len(there)} on the detector, of {FILES}")
        self.expect(any(self.data.rglob(".*.part")), "no file was begun: the disk was not full in the middle of a fetch")
        self.room.unlink()
        records = daemon.wait_until_settled(120)
        self.expect([one["state"] for one in records] == ["done"] * len(records), f"{records[0]['state']}: {records[0]['result']}")
        for problem in self.judged(simulator, records).dishonest():
            self.expect(False, problem)
        self.expect(not any(file["fate"] == "present" for file in simulator.written()), "files were left on the detector")
        wait_for("the end of the alarm", lambda: daemon.get(ALARM)["value"] is False, 60, daemon.process, daemon.log)

    def attempts(self):
        return (self.folder / "daqd.log").read_text().count("A file could not be fetched")

    def run(self):
        simulator = Simulator(
            executable(self.binaries / "eiger-sim"), self.folder, "--initialize-time", "0.2", "--energy-time", "0.1")
        with ending(simulator):
            (self.folder / "plugins.conf").write_text(CONFIG.format(
                data=self.data, state=self.folder / "state", detector=simulator.port, rest=self.port, per_file=PER_FILE))
            library = self.binaries / "libFullDisk.so"
            if not library.is_file():
                raise Failure(f"{library} is not built; scripts/test builds it")
            daemon = Daemon(
                executable(self.binaries / "daqd"), self.folder / "plugins.conf", self.port, self.folder,
                LD_PRELOAD=library, FULL_DISK_FOLDER=self.data, FULL_DISK_ROOM=self.room)
            with ending(daemon):
                daemon.wait_until_connected()
                # One with room for everything: the library is not in the way, and the sizes of the files are known.
                self.begin(daemon)
                wait_for("a series", daemon.acquisitions, 60)
                records = daemon.wait_until_settled(120)
                self.expect(not self.judged(simulator, records).dishonest(), "the series with room is not whole")
                for number in range(self.rounds):
                    files, found = 0.5 + 2.5 * (number % 3), len(self.problems)
                    self.fill(files, daemon, simulator)
                    self.passed += len(self.problems) == found
                    print(f"room for {files} data files: {'ok' if len(self.problems) == found else 'FAILED'}", flush=True)
                self.expect(daemon.terminate() == 0, "daqd did not end in order")


carry_out(FullDiskTest, arguments(__doc__, rounds=3, limit=390).parse_args(), "daqd-full-")
