"""Writes frames with h5py and hdf5plugin: argument 1 the file, 2 the filter (bslz4, lz4, none)."""
import sys

import h5py
import hdf5plugin
import numpy

path, name = sys.argv[1:3]
filters = {"bslz4": hdf5plugin.Bitshuffle(cname="lz4"), "lz4": hdf5plugin.LZ4(), "none": {}}[name]
frames = (numpy.arange(3 * 61 * 67, dtype=numpy.uint32) * 2654435761 % 4001).astype(numpy.uint32).reshape(3, 61, 67)
with h5py.File(path, "w") as file:
    data = file.create_dataset("/entry/data/data", data=frames, chunks=(1, 61, 67), maxshape=(None, 61, 67), **filters)
    data.attrs["image_nr_low"] = numpy.uint64(1)
    file["/entry/definition"] = "NXmx"
