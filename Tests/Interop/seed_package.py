# Part of daqd
# SPDX-License-Identifier: MIT
"""A session with the Python package dectris_eiger: properties, a series, and its files by pattern."""
import pathlib
import sys
import tempfile

from simulated import Count, Detector, sha256


def main():
    checkout = pathlib.Path(sys.argv[1]).resolve()
    package = checkout / "dectris_eiger" if (checkout / "dectris_eiger").is_dir() else checkout
    # One of its files imports its neighbour as Python 2 did.
    sys.path[:0] = [str(package.parent), str(package)]
    count = Count()
    for version in ("1.6.0", "1.8.0"):
        with Detector("--lenient", "--api", version, "--model", "eiger-500k") as detector:
            try:
                session(detector, version, count)
            except Exception as error:
                count.check(f"{version}: the session ends", False, repr(error))
    count.end()


def put(detector, path, value):
    """Sets what the package has no name for."""
    import requests

    requests.put(f"http://127.0.0.1:{detector.port}{path}", json={"value": value}, timeout=20).raise_for_status()


def session(detector, version, count):
    from dectris_eiger.buffer import UnknownDataFileError
    from dectris_eiger.eiger import EigerDetector

    def check(what, holds, detail=""):
        count.check(f"{version}: {what}", holds, detail)

    device = EigerDetector("127.0.0.1", detector.port, api_version=version)
    check("the state is na", device.state == "na", device.state)
    device.initialize()
    check("the state is idle", device.state == "idle", device.state)
    for name in ("temperature", "humidity", "bit_depth", "readout_time", "description", "sensor_material",
                 "sensor_thickness", "serial_number", "firmware_version", "wavelength", "threshold"):
        try:
            check(f"{name} is read", getattr(device, name) is not None)
        except Exception as error:
            check(f"{name} is read", False, repr(error))
    device.trigger_mode = "ints"
    device.energy = 9000.0
    check("the energy is set", abs(device.energy - 9000) < 0.1, device.energy)
    device.frame_time = 0.1
    device.count_time = 0.09
    device.nimages = 5
    check("the times are set", abs(device.count_time - 0.09) < 1e-6 and device.nimages == 5)
    for name in ("flatfield_enabled", "rate_correction_enabled", "auto_summation_enabled"):
        setattr(device, name, True)
        check(f"{name} is set", getattr(device, name) is True)
    put(detector, f"/detector/api/{version}/config/ntrigger", 1)
    writer = device.filewriter
    # Older copies of the package have neither of the two.
    if hasattr(writer, "initialize"):
        writer.initialize()
    if hasattr(type(writer), "mode"):
        writer.mode = "enabled"
    else:
        put(detector, f"/filewriter/api/{version}/config/mode", "enabled")
    writer.images_per_file = 2
    writer.filename_pattern = "package_$id"
    check("the file writer is on", writer.status == "ready" and writer.images_per_file == 2, writer.status)
    number = device.arm()
    check("arm tells the series", number == 1, number)
    device.trigger()
    device.disarm()
    names = device.buffer.files
    check("the files are listed", names == [f"package_1_data_00000{n}.h5" for n in (1, 2, 3)] + ["package_1_master.h5"], names)
    with tempfile.TemporaryDirectory() as folder:
        device.buffer.download("package_1_*", folder)
        for file in detector.written():
            check(f"{file['name']} is here, whole", sha256(pathlib.Path(folder) / file["name"]) == file["sha256"])
    try:
        device.buffer.get_file("nosuch.h5")
        check("an unknown file is an error", False)
    except UnknownDataFileError:
        check("an unknown file is an error", True)
    device.buffer.clear_buffer()
    check("the buffer is cleared", device.buffer.files == [], device.buffer.files)
    check("every file was deleted by name", {f["fate"] for f in detector.written()} == {"deleted"})


if __name__ == "__main__":
    main()
