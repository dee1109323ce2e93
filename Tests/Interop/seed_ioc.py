# Part of daqd
# SPDX-License-Identifier: MIT
"""A client's session with the seed IOC over Channel Access: initialize, configure, trigger, and its files on the disk."""
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

from simulated import Count, Detector, sha256

PREFIX = "detector_eiger:"
PVS = """DetectorState DetectorTemperature DetectorTime CountTime_RBV FrameTime_RBV ThresholdEnergy PhotonEnergy FrameTime
CountTime CountRateCorrection FlatFieldCorrection PixelMaskCorrection Restart Restart_RBV Initialize Initialize_RBV Configure
Configure_RBV Trigger Trigger_RBV OutputFilePrefix LatestFile LatestFileData LatestFileMain SecondsRemaining""".split()


def free_port():
    """A UDP and TCP port that nobody has."""
    with socket.socket() as tcp:
        tcp.bind(("127.0.0.1", 0))
        return tcp.getsockname()[1]


def main():
    checkout = pathlib.Path(sys.argv[1]).resolve()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="seed-ioc-"))
    port = free_port()
    os.environ.update(
        EPICS_CA_ADDR_LIST="127.0.0.1", EPICS_CA_AUTO_ADDR_LIST="NO", EPICS_CA_SERVER_PORT=str(port),
        EPICS_CAS_SERVER_PORT=str(port), EPICS_CAS_BEACON_ADDR_LIST="", EPICS_CAS_AUTO_BEACON_ADDR_LIST="NO")
    count = Count()
    with Detector("--lenient", "--model", "eiger-500k") as detector, open(folder / "ioc.log", "w") as log:
        ioc = subprocess.Popen(
            [sys.executable, "-B", "dectris_eiger_ioc.py", "--host", "127.0.0.1", "--port", str(detector.port), "-L",
             str(folder / "files"), "--interfaces", "127.0.0.1"],
            cwd=checkout, stdout=log, stderr=subprocess.STDOUT)
        try:
            session(detector, folder / "files", count)
        except Exception as error:
            count.check("the session ends", False, repr(error))
        finally:
            ioc.terminate()
            try:
                ioc.wait(10)
            except subprocess.TimeoutExpired:
                ioc.kill()
                ioc.wait()
    if count.failed:
        print((folder / "ioc.log").read_text()[-3000:], file=sys.stderr)
    count.end()


def session(detector, files, count):
    from caproto.threading.client import Context

    context = Context()
    pvs = dict(zip(PVS, context.get_pvs(*[PREFIX + name for name in PVS])))
    for pv in pvs.values():
        pv.wait_for_connection(timeout=30)
    count.check("all 25 PVs connect", len(pvs) == 25)

    def value(name):
        data = pvs[name].read(timeout=20).data[0]
        return data.decode() if isinstance(data, bytes) else data

    def until(what, condition, limit=60):
        end = time.monotonic() + limit
        while not condition():
            if time.monotonic() > end:
                count.check(what, False, f"not within {limit} s")
                return
            time.sleep(0.1)
        count.check(what, True)

    until("the state is read", lambda: value("DetectorState") == "na")
    pvs["Initialize"].write(1, wait=True, timeout=60)
    until("the detector is initialized", lambda: value("DetectorState") == "idle")
    count.check("the temperature is read", value("CountTime_RBV") != -999, value("CountTime_RBV"))
    for name, number in (("CountTime", 1.0), ("FrameTime", 0.1), ("PhotonEnergy", 8050), ("ThresholdEnergy", 4025)):
        pvs[name].write(number, wait=True, timeout=20)
    pvs["OutputFilePrefix"].write([b"interop_"], wait=True, timeout=20)
    pvs["Configure"].write(1, wait=True, timeout=60)
    count.check("the detector is configured", abs(value("FrameTime_RBV") - 0.1) < 1e-6, value("FrameTime_RBV"))
    begin = time.monotonic()
    pvs["Trigger"].write(1, wait=True, timeout=120)
    print(f"a trigger of 10 frames of 0.1 s took {time.monotonic() - begin:.2f} s")
    triggers = [r for r in detector.requests() if r["path"].endswith("command/trigger")]
    count.check("one trigger was enough", len(triggers) == 1, len(triggers))
    count.check("the busy flag is off", value("Trigger_RBV") in (0, "Off"), value("Trigger_RBV"))
    written = [f for f in detector.written() if f["name"].startswith("interop_")]
    count.check("the detector wrote a master and a data file", len(written) == 2, written)
    for file in written:
        local = files / file["name"]
        count.check(f"{file['name']} is here, whole", local.exists() and sha256(local) == file["sha256"])
    count.check("the latest file is told", value("LatestFileMain") == "interop_1_master.h5", value("LatestFileMain"))
    # Before it is initialized the detector answers nothing but its state.
    refused = [r for r in detector.requests() if r["status"] not in (200, 204) and r["state"] != "na"]
    count.check("the simulator refused nothing", not refused, refused[:3])


if __name__ == "__main__":
    main()
