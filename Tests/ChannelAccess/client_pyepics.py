# Part of daqd
# SPDX-License-Identifier: MIT
"""What scripts do with pyepics, against the server that the environment names; PVs below the prefix given."""
import sys

import numpy as np
from checks import await_that, check, equal, expect, run_client

import epics
import patient

P = sys.argv[1]


def connected(name, auto_monitor=False):
    return patient.PV(P + name, auto_monitor)


@check
def numbers_are_read_and_shown_with_their_precision():
    pv = connected("AO")
    expect(pv.put(1.5, wait=True), "put")
    equal(pv.get(use_monitor=False), 1.5, "value")
    equal(pv.get(as_string=True, use_monitor=False), "1.500", "text")
    equal(pv.char_value, "1.500", "char_value")
    equal(pv.type, "time_double", "type")
    equal(pv.count, 1, "count")


@check
def put_with_wait_then_monitor_shows_value_severity_and_time():
    pv = connected("AO", auto_monitor=True)
    expect(pv.put(2.0, wait=True), "put 2")
    seen = []
    pv.add_callback(lambda **update: seen.append((update["value"], update["severity"], update["timestamp"])))
    for value, severity in [(85.0, 1), (95.0, 2), (3.0, 0)]:
        expect(pv.put(value, wait=True), "put", value)
        await_that(f"the update to {value}", lambda: seen and seen[-1][0] == value)
        equal(seen[-1][1], severity, f"severity of {value}")
    times = [time for _, _, time in seen]
    expect(times == sorted(times) and times[-1] > 1.7e9, "times", times)
    pv.clear_callbacks()


@check
def control_values_hold_limits_unit_and_precision():
    found = connected("AO").get_ctrlvars()
    wanted = {"units": "mm", "precision": 3, "upper_disp_limit": 50, "lower_disp_limit": -50, "upper_alarm_limit": 90,
              "upper_warning_limit": 80, "lower_warning_limit": -80, "lower_alarm_limit": -90, "upper_ctrl_limit": 100,
              "lower_ctrl_limit": -100}
    for key, value in wanted.items():
        equal(found[key], value, key)


@check
def enumerations_take_labels_and_numbers():
    pv = connected("MB")
    equal(tuple(pv.get_ctrlvars()["enum_strs"]), ("Idle", "Acquire", "Fault"), "enum_strs")
    for value, number, label in [("Fault", 2, "Fault"), (0, 0, "Idle"), ("Acquire", 1, "Acquire"), ("2", 2, "Fault")]:
        expect(pv.put(value, wait=True), "put", value)
        equal(pv.get(use_monitor=False), number, f"number after {value!r}")
        equal(pv.get(as_string=True, use_monitor=False), label, f"label after {value!r}")


@check
def long_texts_travel_as_characters():
    pv = connected("LSTR")
    text = "/data/experiment 7/" + "x" * 100
    expect(pv.put(text, wait=True), "put")
    equal(pv.get(as_string=True, use_monitor=False), text, "text")
    equal(pv.count if pv.nelm is None else pv.nelm, 256, "capacity")
    expect(pv.put("short", wait=True), "put")
    equal(pv.get(as_string=True, use_monitor=False), "short", "shorter text")


@check
def short_texts_are_strings():
    pv = connected("STR")
    expect(pv.put("hello world", wait=True), "put")
    equal(pv.get(use_monitor=False), "hello world", "text")


@check
def arrays_have_their_present_length():
    never_written = connected("WFF")
    equal(len(np.atleast_1d(never_written.get(use_monitor=False))), 0, "elements of an array never written")
    pv = connected("WFS")
    expect(pv.put(np.array([1.0, 2.0, 3.0]), wait=True), "put")
    equal(list(pv.get(use_monitor=False)), [1, 2, 3], "all")
    equal(list(pv.get(count=2, use_monitor=False)), [1, 2], "two")
    equal(pv.nelm, 16, "capacity")


@check
def many_are_read_at_once():
    names = [f"{P}A{index:05d}" for index in range(10)]
    patient.caput_many(names, list(range(10)), wait="all")
    equal([float(value) for value in patient.caget_many(names)], list(map(float, range(10))), "values")


@check
def caget_caput_and_cainfo_work():
    expect(patient.caput(P + "LO", 42, wait=True) == 1, "caput")
    # From the server: the monitor's value, which caget takes otherwise, may come after the put's completion.
    equal(patient.caget(P + "LO", use_monitor=False), 42, "caget")
    text = patient.cainfo(P + "LO", print_out=False)
    for word in ("long", "cts", "read/write"):
        expect(word in text, word, "is missing in", text)


@check
def read_only_is_refused():
    pv = connected("RO")
    expect(not pv.write_access and pv.read_access, "access", pv.access)
    try:
        outcome = pv.put(1.0, wait=True)
    except epics.ca.CASeverityException:
        outcome = None
    expect(outcome is None or outcome < 0, "a put to a read-only PV returned", outcome)
    equal(pv.get(use_monitor=False), 2.25, "value")


@check
def a_put_callback_waits_for_the_operation():
    pv = connected("BUSY")
    pv.put(1.0, use_complete=True)
    expect(not pv.put_complete, "complete at once")
    await_that("completion", lambda: pv.put_complete)


@check
def fields_are_served():
    equal(patient.caget(P + "AO.DESC"), "probe double", "DESC")
    equal(patient.caget(P + "AO.EGU"), "mm", "EGU")
    equal(patient.caget(P + "AO.PREC"), 3, "PREC")
    equal(patient.caget(P + "AO.HOPR"), 50, "HOPR")
    equal(patient.caget(P + "AO.RTYP"), "ao", "RTYP")
    equal(patient.caget(P + "AO.NAME"), P + "AO", "NAME")


run_client()
