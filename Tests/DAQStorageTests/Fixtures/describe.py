"""Prints what h5py sees in a file, as one JSON object: every path with type, shape, value or checksum, and attributes."""
import hashlib
import json
import sys

import h5py
import hdf5plugin  # registers the filters 32004 and 32008
import numpy

assert hdf5plugin.version


def plain(value):
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, numpy.ndarray):
        return [plain(item) for item in value.tolist()]
    if isinstance(value, numpy.generic):
        return plain(value.item())
    return value


def describe(item):
    found = {"attributes": {name: plain(item.attrs[name]) for name in item.attrs}}
    if isinstance(item, h5py.Dataset):
        found["dtype"] = str(item.dtype)
        found["shape"] = list(item.shape)
        found["maxshape"] = [-1 if size is None else size for size in item.maxshape]
        found["chunks"] = list(item.chunks) if item.chunks else None
        filters = item.id.get_create_plist()
        found["filters"] = [list(filters.get_filter(i)[:3]) for i in range(filters.get_nfilters())]
        data = item[()]
        if item.size <= 32:
            found["value"] = plain(data)
        found["sha256"] = hashlib.sha256(numpy.ascontiguousarray(data).tobytes()).hexdigest()
    return found


def walk(group, prefix, result):
    for name in group:
        path = f"{prefix}/{name}"
        link = group.get(name, getlink=True)
        if isinstance(link, h5py.ExternalLink):
            result[path + " ->"] = [link.filename, link.path]
        item = group.get(name)
        if item is None:
            result[path] = "absent"
            continue
        result[path] = describe(item)
        if isinstance(item, h5py.Group):
            walk(item, path, result)


result = {}
with h5py.File(sys.argv[1], "r") as file:
    walk(file, "", result)
print(json.dumps(result, default=str))
