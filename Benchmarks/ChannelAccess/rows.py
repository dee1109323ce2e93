# Part of daqd
# SPDX-License-Identifier: MIT
"""What the Channel Access bench measures: one row a number, with what daqd must reach beside the reference server."""
from dataclasses import dataclass


@dataclass
class Row:
    test: str
    key: str
    label: str
    more_is_better: bool = True
    must: float | None = None  # ratio daqd/rsrv: at least, or at most where less is better
    must_caproto: float = 1.0  # the same beside caproto
    must_absolute: float | None = None  # at most, whatever the others reach


def less(test, key, label, must=None, **options):
    return Row(test, key, label, False, must, **options)


def more(test, key, label, must=None, **options):
    return Row(test, key, label, True, must, **options)


ROWS = [
    less("connect", "seconds", "connect 1,000 PVs, UDP search, libca [s]", 2),
    less("connect_tcp", "seconds", "connect 1,000 PVs, TCP search, libca [s]", 2),
    less("connect_big", "seconds", "connect 10,000 PVs, UDP search, libca [s]", 2),
    less("connect_big_tcp", "seconds", "connect 10,000 PVs, TCP search, libca [s]", 2),
    more("rawcreate", "per_s", "CREATE_CHAN/s, raw, 1,000"),
    more("rawcreate_big", "per_s", "CREATE_CHAN/s, raw, 10,000"),
    less("getlat", "p50_us", "get round trip p50 [µs], libca", 1.5),
    less("getlat", "p99_us", "get round trip p99 [µs], libca", 1.5),
    less("putlat", "p50_us", "put-callback round trip p50 [µs], libca", 1.5),
    less("putlat", "p99_us", "put-callback round trip p99 [µs], libca"),
    more("get", "per_s", "get/s DOUBLE, libca, 256 outstanding"),
    more("gettime", "per_s", "get/s TIME_DOUBLE, libca"),
    more("getctrl", "per_s", "get/s CTRL_DOUBLE, libca"),
    more("rawget", "per_s", "get/s DOUBLE, raw, 256 outstanding"),
    more("rawget_w4096", "per_s", "get/s DOUBLE, raw, 4,096 outstanding", 0.3),
    more("rawgettime", "per_s", "get/s TIME_DOUBLE, raw"),
    less("rawget", "server_us", "server CPU per get [µs]", 3),
    more("putcb", "per_s", "put-callback/s, libca, 256 outstanding on 1,000 PVs", 0.5),
    less("putcb", "server_us", "server CPU per put-callback [µs]"),
    more("put", "per_s", "put/s without callback, libca", 0.2),
    less("put", "server_us", "server CPU per put [µs]"),
    more("mon", "per_s", "monitor updates/s delivered, 1,000 PVs, saturated", 0.4),
    more("mon", "delivered_frac", "fraction of the updates delivered"),
    less("mon", "server_us", "server CPU per update, produced and sent [µs]", 3),
    more("rate", "per_s", "updates/s at 1,000 PVs × 10 Hz", 0.99, must_caproto=0.99),
    less("rate", "server_us", "server CPU per update at 10 Hz [µs]", 1.5),
    more("wfget", "MB_s", "get 1M doubles, libca [MB/s]", 0.8),
    more("rawwf", "MB_s", "get 1M doubles, raw [MB/s]", 0.8),
    less("rawwf", "server_us", "server CPU per 8-MB DOUBLE get [µs]"),
    more("wfmon", "MB_s", "monitor 1M doubles, libca [MB/s]", 0.8),
    more("imgget", "MB_s", "get 8 MB CHAR, libca [MB/s]", 0.8),
    more("rawimg", "MB_s", "get 8 MB CHAR, raw [MB/s]", 0.8),
    less("rawimg", "server_us", "server CPU per 8-MB CHAR get [µs]"),
    more("imgmon", "MB_s", "monitor 8 MB CHAR, libca [MB/s]", 0.8),
    less("wfput", "seconds", "put-callback of 8 MB DOUBLE + 8 MB CHAR [s]"),
    less("memory", "kB_per_pv", "server memory per PV [kB]", must_caproto=1.5),
    less("memory", "kB_per_channel", "server memory per connected channel [kB]", 1.5),
    less("memory", "kB_per_subscription", "server memory per subscription [kB]", 1.5),
    less("idle", "kB", "server memory per idle connection [kB]", must_caproto=float("inf"), must_absolute=8),
    less("start_big", "seconds", "start with 10,000 PVs [s]", must_caproto=1.5),
]


def misses(row, ours, rsrv, caproto):
    """What daqd's number does not reach."""
    found = []
    for name, reference, must in (("rsrv", rsrv, row.must), ("caproto", caproto, row.must_caproto)):
        if must is None or not reference:
            continue
        ratio = ours / reference
        if (ratio < must) if row.more_is_better else (ratio > must):
            found.append(f"{name} × {must:g}")
    if row.must_absolute is not None and ours > row.must_absolute:
        found.append(f"{row.must_absolute:g}")
    return found
