# Part of daqd
# SPDX-License-Identifier: MIT
"""A control session in the shape of DECTRIS' Python client: one http.client connection, values as {"value": …},
commands with an empty body and Content-Type text/html; then every file is read with h5py and hdf5plugin."""

import argparse
import hashlib
import http.client
import json
import os
import tempfile

import h5py
import hdf5plugin  # noqa: F401  registers the filters
import numpy


class Client:
    """GET, PUT and commands of one control unit, on one connection that is kept open."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.version = self.get("detector", "version", "")["value"]

    def url(self, module, task, parameter):
        if task == "version":
            return f"/{module}/api/version/"
        return f"/{module}/api/{self.version}/{task}/{parameter}"

    def request(self, method, url, body=None, mime="application/json; charset=utf-8"):
        headers = {"Accept": "application/json; charset=utf-8"}
        if method == "PUT":
            headers["Content-Type"] = mime
        self.connection.request(method, url, body, headers)
        reply = self.connection.getresponse()
        data = reply.read()
        if not 200 <= reply.status < 300:
            raise RuntimeError((reply.reason, data))
        if reply.headers.get("Content-Type", "").startswith("application/json"):
            return json.loads(data)
        return data

    def get(self, module, task, parameter):
        return self.request("GET", self.url(module, task, parameter))

    def set(self, module, parameter, value):
        return self.request("PUT", self.url(module, "config", parameter), json.dumps({"value": value}))

    def command(self, name, module="detector"):
        return self.request("PUT", self.url(module, "command", name), "", "text/html")


def configure(client, options, frame_time=0.05):
    changed = client.set("detector", "photon_energy", 8050)
    assert "threshold/1/energy" in changed and "wavelength" in changed, changed
    client.set("detector", "threshold_energy", 4025)
    client.set("detector", "count_time", 1.2)
    client.set("detector", "frame_time", frame_time)
    count_time = client.get("detector", "config", "count_time")
    assert abs(count_time["value"] - (frame_time - 1e-7)) < 1e-9, count_time
    client.set("detector", "nimages", options.images)
    client.set("detector", "ntrigger", 1)
    client.set("detector", "trigger_mode", "ints")
    client.command("clear", "filewriter")
    client.set("filewriter", "mode", "enabled")
    client.set("filewriter", "name_pattern", "py_$id")
    client.set("filewriter", "nimages_per_file", 0 if options.in_master else 10)
    client.set("detector", "compression", options.compression)
    client.set("detector", "countrate_correction_applied", True)


def download(client, folder):
    names = client.request("GET", f"/filewriter/api/{client.version}/files/")
    written = {entry["name"]: entry for entry in client.request("GET", "/sim/files") if entry["fate"] == "present"}
    assert sorted(names) == sorted(written), (names, written)
    for name in names:
        content = client.request("GET", f"/data/{name}")
        assert hashlib.sha256(content).hexdigest() == written[name]["sha256"], name
        with open(os.path.join(folder, name), "wb") as file:
            file.write(content)
    return names


def check_frame(frame, number, series):
    found = sum(int(frame[0, place]) << 8 * place for place in range(4))
    assert found == number, (found, number)
    assert int(frame[0, 4]) | int(frame[0, 5]) << 8 == series
    assert (int(frame[0, 6]), int(frame[0, 7])) == (0xDA, 0x9D)


def check(folder, names, images, series, dtype, in_master=False, missing=0):
    masters = [name for name in names if name.endswith("_master.h5")]
    assert masters == [f"py_{series}_master.h5"], names
    with h5py.File(os.path.join(folder, masters[0]), "r") as master:
        assert master["entry/definition"][()] == b"NXmx"
        detector = master["entry/instrument/detector"]
        assert 0 < detector["count_time"][()] < detector["frame_time"][()]
        mask = detector["detectorSpecific/pixel_mask"][()]
        assert mask.shape == (512, 1028) and (mask != 0).sum() == 24
        assert detector["detectorSpecific/nimages"][()] >= images
        number = 0
        links = ["data"] if in_master else sorted(master["entry/data"])
        if missing:
            for name in links[-missing:]:
                assert isinstance(master["entry/data"].get(name, getlink=True), h5py.ExternalLink)
                assert master["entry/data"].get(name) is None, name
            links = links[:-missing]
        for name in links if images else []:
            data = master["entry/data"][name]
            assert data.dtype == dtype and data.chunks == (1, 512, 1028), (data.dtype, data.chunks)
            assert data.attrs["image_nr_low"] == number + 1
            assert data.attrs["image_nr_high"] == number + data.shape[0]
            for frame in data:
                check_frame(frame, number, series)
                assert (frame[mask != 0] == numpy.iinfo(dtype).max).all()
                assert frame[mask == 0].max() < 255
                number += 1
        assert number == images, (number, images)


def series(client, options, expected, dtype):
    number = client.command("arm")["sequence id"]
    assert client.command("trigger") == {}
    client.command("disarm")
    with tempfile.TemporaryDirectory() as folder:
        names = download(client, folder)
        check(folder, names, expected, number, dtype, options.in_master)


def aborted_series(port, options):
    client = Client(port)
    client.command("initialize")
    configure(client, options, 1.0)
    client.set("detector", "nimages", 1000)  # far more than are taken until the abort comes, however slow this machine is
    client.command("arm")
    other = Client(port)
    client.connection.request("PUT", client.url("detector", "command", "trigger"), "", {"Content-Type": "text/html"})
    while len(other.request("GET", f"/filewriter/api/{other.version}/files")) < 2:
        pass
    assert other.command("abort")["sequence id"] == 1
    assert client.connection.getresponse().status == 200
    other.command("disarm")
    taken = sum(entry["images"] for entry in other.request("GET", "/sim/files"))
    assert 10 <= taken < 1000, taken
    with tempfile.TemporaryDirectory() as folder:
        names = download(other, folder)
        check(folder, names, taken, 1, numpy.uint32, missing=100 - (len(names) - 1))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--compression", default="bslz4")
    parser.add_argument("--images", type=int, default=25)
    parser.add_argument("--in-master", action="store_true")
    parser.add_argument("--depths", action="store_true")
    parser.add_argument("--abort", action="store_true")
    options = parser.parse_args()
    if options.abort:
        aborted_series(options.port, options)
        print("ok")
        return
    client = Client(options.port)
    assert client.version == "1.8.0"
    try:
        client.get("detector", "config", "count_time")
        raise AssertionError("config answered before initialize")
    except RuntimeError as error:
        assert b"does not exist" in error.args[0][1]
    client.command("initialize")
    depths = [(0.05, numpy.uint32), (0.005, numpy.uint16), (0.0003, numpy.uint8)]
    for frame_time, dtype in depths if options.depths else depths[:1]:
        configure(client, options, frame_time)
        assert client.get("detector", "config", "bit_depth_image")["value"] == numpy.iinfo(dtype).bits
        series(client, options, options.images, dtype)
    client.command("clear", "filewriter")
    assert client.request("GET", f"/filewriter/api/{client.version}/files/") == []
    print("ok")


main()
