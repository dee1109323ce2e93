# Part of daqd
# SPDX-License-Identifier: MIT
"""What scripts do with ophyd's signals, against the server that the environment names; PVs below the prefix given."""
import sys

from checks import await_that, check, equal, expect, run_client

from ophyd import EpicsSignal, EpicsSignalRO
from ophyd.signal import EpicsSignalBase
from ophyd.utils import ReadOnlyError

P = sys.argv[1]
EpicsSignalBase.set_defaults(timeout=60, connection_timeout=60)  # a busy machine may need more than a second or two


def signal(kind, name, **options):
    one = kind(P + name, name=name.lower(), **options)
    one.wait_for_connection(timeout=60)
    return one


@check
def a_number_is_set_read_and_described():
    one = signal(EpicsSignal, "AO")
    one.set(3.25).wait(60)
    equal(one.get(), 3.25, "get")
    reading = one.read()["ao"]
    equal(reading["value"], 3.25, "read")
    expect(reading["timestamp"] > 1.7e9, "time", reading)
    description = one.describe()["ao"]
    equal((description["dtype"], description["units"], description["precision"]), ("number", "mm", 3), "describe")
    equal((description["lower_ctrl_limit"], description["upper_ctrl_limit"]), (-100, 100), "limits")


@check
def set_with_completion_ends_with_the_operation():
    one = signal(EpicsSignal, "BUSY", put_complete=True)
    status = one.set(1)
    expect(not status.done, "done at once")
    status.wait(60)


@check
def put_with_completion():
    one = signal(EpicsSignal, "LO")
    one.put(12, use_complete=True, wait=True)
    equal(one.get(), 12, "value")


@check
def read_only_signals_refuse():
    one = signal(EpicsSignalRO, "RO")
    equal(one.get(), 2.25, "value")
    try:
        one.put(1)
    except ReadOnlyError:
        return
    raise AssertionError("a read-only signal took a value")


@check
def labels_and_long_texts_are_strings():
    states = signal(EpicsSignal, "MB", string=True)
    equal(tuple(states.enum_strs), ("Idle", "Acquire", "Fault"), "labels")
    states.set("Fault").wait(60)
    equal(states.get(), "Fault", "label")
    states.set("Idle").wait(60)
    text = signal(EpicsSignal, "LSTR", string=True)
    long = "/data/" + "y" * 80
    text.set(long).wait(60)
    equal(text.get(), long, "long text")


@check
def a_subscriber_sees_every_value():
    one = signal(EpicsSignal, "AO")
    one.set(0.0).wait(60)
    seen = []
    one.subscribe(lambda value, **_: seen.append(value), run=False)
    for value in (4.0, 5.0, 6.0):
        one.set(value).wait(60)
    await_that("the last value", lambda: seen and seen[-1] == 6.0)
    # A signal without a readback of its own tells each value twice.
    equal(list(dict.fromkeys(value for value in seen if value != 0.0)), [4.0, 5.0, 6.0], "updates")


@check
def arrays_are_read_and_set():
    one = signal(EpicsSignal, "WFS")
    one.put([1.0, 2.0, 3.0], wait=True)
    equal(list(one.get()), [1, 2, 3], "values")
    equal(one.describe()["wfs"]["dtype"], "array", "dtype")


run_client()
