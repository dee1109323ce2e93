"""Writes a master with a virtual dataset and a data file as a 2024 file writer does: argument 1 the master, 2 the data."""
import os
import sys

import h5py
import hdf5plugin
import numpy

master, data = sys.argv[1:3]
shape = (4, 1, 8, 8)
with h5py.File(data, "w", libver="latest") as file:
    file.create_dataset(
        "/entry/data/data", data=numpy.zeros(shape, "u2"), chunks=(1, 1, 8, 8), maxshape=(None, 1, 8, 8),
        **hdf5plugin.Bitshuffle(),
    )
with h5py.File(master, "w", libver="latest") as file:
    layout = h5py.VirtualLayout(shape, "u2", maxshape=(None, 1, 8, 8))
    layout[:4] = h5py.VirtualSource(os.path.basename(data), "/entry/data/data", shape, maxshape=(None, 1, 8, 8))
    file.create_virtual_dataset("/entry/data/data", layout)
    file["/entry/definition"] = "NXmx"
