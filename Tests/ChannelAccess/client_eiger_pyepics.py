# Part of daqd
# SPDX-License-Identifier: MIT
"""The seed IOC's PVs with pyepics: K4-1, K4-7 and those defects of the seed IOC (B8) that a client sees."""
import time

import patient
from caproto import ChannelType, ErrorResponseReceived
from caproto.sync.client import write
from checks import await_that, check, equal, expect, run_client
from eiger_site import SEED, Requests, fault, hook_calls, new_files_are_the_detectors, stored

NAMES = ("DetectorState DetectorTemperature DetectorTime CountTime_RBV FrameTime_RBV ThresholdEnergy PhotonEnergy FrameTime CountTime "
         "CountRateCorrection FlatFieldCorrection PixelMaskCorrection Restart Restart_RBV Initialize Initialize_RBV Configure Configure_RBV "
         "Trigger Trigger_RBV OutputFilePrefix LatestFile LatestFileData LatestFileMain SecondsRemaining").split()
COMMANDS = ("Restart", "Initialize", "Configure", "Trigger")
pvs = {}


def pv(name):
    if name not in pvs:
        pvs[name] = patient.PV(SEED + name)
    return pvs[name]


def get(name, as_string=False):
    return pv(name).get(use_monitor=False, as_string=as_string)


def refusal(name, value, seconds=60):
    """Why a put with callback failed, by caproto, which tells it where pyepics does not; None when it succeeded."""
    kind = {"data_type": ChannelType.STRING} if isinstance(value, str) else {}
    data = [value.encode()] if isinstance(value, str) else [value]
    try:
        response = write(SEED + name, data, notify=True, timeout=seconds, repeater=False, **kind)
    except ErrorResponseReceived as error:
        return str(error)
    return None if response.status.success else response.status.name


def idle():
    await_that("the detector's readiness", lambda: get("DetectorState") == "idle" and get("Initialize_RBV") == 0
               and get("Trigger_RBV") == 0 and get("Configure_RBV") == 0, 60)


def short_series(exposure=0.3, frame=0.1):
    idle()
    for name, value in (("CountTime", exposure), ("FrameTime", frame)):
        expect(pv(name).put(value, wait=True, timeout=60) == 1, name)


@check
def names_types_and_labels_are_the_seeds():
    numbers = ("DetectorTemperature CountTime_RBV FrameTime_RBV ThresholdEnergy PhotonEnergy FrameTime CountTime SecondsRemaining").split()
    texts = "DetectorState DetectorTime OutputFilePrefix LatestFile LatestFileData LatestFileMain".split()
    for name in NAMES:
        kind = "time_double" if name in numbers else "time_string" if name in texts else "time_enum"
        equal((pv(name).type, pv(name).count), (kind, 1), name)
        if kind == "time_enum":
            equal(tuple(pv(name).enum_strs), ("Off", "On"), name)


@check
def K4_1_series_with_pyepics():
    short_series()
    before = stored()
    equal(pv("Trigger").put(1, wait=True, timeout=60), 1, "put")
    equal(get("Trigger_RBV"), 0, "Trigger_RBV")
    names = new_files_are_the_detectors(before, 2)
    equal(get("LatestFileMain"), next(name for name in names if "master" in name), "LatestFileMain")
    equal(get("LatestFileData"), next(name for name in names if "data" in name), "LatestFileData")


@check
def B8_1_post_operations_are_done_when_the_put_ends():
    short_series()
    before, calls = stored(), hook_calls()
    pv("Trigger").put(1, wait=True, timeout=60)
    new_files_are_the_detectors(before, 2)
    equal(hook_calls(), calls + 1, "calls of the site's program when the put ended")
    equal(get("Trigger_RBV"), 0, "Trigger_RBV")


@check
def B8_2_off_calls_no_command():
    idle()
    requests = Requests()
    for name in COMMANDS:
        for value in (0, "Off"):
            equal(pv(name).put(value, wait=True, timeout=60), 1, name)
    equal([entry["path"] for entry in requests.all() if "/command/" in entry["path"]], [], "commands sent")


@check
def B8_3_a_command_is_on_until_it_ended_and_then_off_again():
    idle()
    seen = []
    watched = patient.PV(SEED + "Configure", auto_monitor=True)
    # Told now, for the subscription's first update may have come before there was a callback.
    watched.add_callback(lambda value, **_: seen.append(value), run_now=True)
    await_that("the value of before", lambda: seen)
    expect(pv("Configure").put(1, wait=True, timeout=60) == 1, "put")
    await_that("Off", lambda: 1 in seen and seen[-1:] == [0])
    # The value of before is told a second time where the subscription's first update comes after that.
    equal(set(seen[:seen.index(1)]), {0}, "values of Configure before")
    equal(seen[seen.index(1):], [1, 0], "values of Configure")
    watched.clear_callbacks()


@check
def B8_4_corrections_are_sent_as_truth_values():
    idle()
    for name, value in [("CountRateCorrection", "Off"), ("FlatFieldCorrection", "On"), ("PixelMaskCorrection", 1)]:
        equal(pv(name).put(value, wait=True, timeout=60), 1, name)
    requests = Requests()
    equal(pv("Configure").put(1, wait=True, timeout=60), 1, "Configure")
    for key, value in [("countrate_correction_applied", False), ("flatfield_correction_applied", True), ("pixel_mask_applied", True)]:
        sent = requests.values(key)
        expect(sent and all(one is value for one in sent), key, "was sent as", sent)
    for name, value in [("CountRateCorrection", 1), ("FlatFieldCorrection", 0), ("PixelMaskCorrection", 0)]:
        pv(name).put(value, wait=True, timeout=60)


@check
def B8_5_initialize_is_sent_once():
    idle()
    requests = Requests()
    equal(pv("Initialize").put("On", wait=True, timeout=60), 1, "put")
    equal(len(requests.commands("initialize")), 1, "initialize commands")


@check
def K4_7_and_B8_12_reads_are_answered_during_initialize():
    idle()
    done = []
    times = []
    with fault("delay", path="*/command/initialize", seconds=3600):
        pv("Initialize").put(1, callback=lambda **_: done.append(True), use_complete=True)
        await_that("the start", lambda: get("Initialize_RBV") == 1)
        while len(times) < 500:
            begin = time.monotonic()
            get("DetectorTime"), get("CountTime_RBV"), get("DetectorState")
            times.append((time.monotonic() - begin) / 3)
        expect(not done and get("Initialize_RBV") == 1, "the initialize ended before the reads were answered")
    times.sort()
    print(f"  {len(times)} rounds of three reads during initialize: median {times[len(times) // 2] * 1e3:.2f} ms, "
          f"slowest {times[-1] * 1e3:.2f} ms a read")
    await_that("the end", lambda: done, 60)


@check
def B8_10_a_second_trigger_is_refused_and_sends_nothing():
    short_series(1.0, 0.2)
    before, requests, done = stored(), Requests(), []
    with fault("delay", path="*/command/trigger", seconds=3600):
        pv("Trigger").put(1, callback=lambda **_: done.append(True), use_complete=True)
        await_that("the start", lambda: get("Trigger_RBV") == 1)
        reason = refusal("Trigger", 1)
    expect(reason, "a second Trigger was taken")
    await_that("the end", lambda: done, 60)
    equal(len(requests.commands("arm")), 1, "arm commands")
    new_files_are_the_detectors(before, 2)


@check
def B8_11_off_stops_a_series():
    short_series(30.0, 0.5)
    done = []
    pv("Trigger").put(1, callback=lambda **_: done.append(True), use_complete=True)
    await_that("the start", lambda: get("DetectorState") == "acquire")
    equal(pv("Trigger").put(0, wait=True, timeout=60), 1, "put 0")
    await_that("the end", lambda: done)
    await_that("Off", lambda: get("Trigger_RBV") == 0)


@check
def B8_16_readbacks_are_read_only_with_unit_limits_and_digits():
    for name in ("CountTime_RBV", "FrameTime_RBV", "DetectorTemperature", "Trigger_RBV", "LatestFile", "SecondsRemaining"):
        expect(not pv(name).write_access, name, "can be written")
    found = pv("FrameTime").get_ctrlvars()
    equal((found["units"], found["precision"]), ("s", 6), "FrameTime")
    expect(0 < found["lower_ctrl_limit"] < found["upper_ctrl_limit"], "limits", found)


@check
def B8_17_the_time_of_one_frame_is_sent():
    short_series(0.6, 0.2)
    equal(pv("Configure").put(1, wait=True, timeout=60), 1, "Configure")
    # What differs from that is sent for certain.
    short_series(0.5, 0.1)
    requests = Requests()
    equal(pv("Configure").put(1, wait=True, timeout=60), 1, "Configure")
    times = requests.values("count_time")
    expect(times and all(value <= 0.1 for value in times), "count_time sent", times)
    equal(requests.values("nimages")[-1:], [5], "nimages sent")


@check
def B8_18_a_temperature_of_null_is_an_alarm_of_that_name_alone():
    severity = {name: lambda name=name: pv(name).get_timevars()["severity"] for name in ("DetectorTemperature", "DetectorState")}
    await_that("a temperature", lambda: severity["DetectorTemperature"]() == 0)
    with fault("status", path="*/status/temperature", status=200, text='{"value":null,"value_type":"float"}'):
        await_that("the alarm", lambda: severity["DetectorTemperature"]() == 3)
        equal(severity["DetectorState"](), 0, "severity of the state")
    await_that("the end of the alarm", lambda: severity["DetectorTemperature"]() == 0)


@check
def B8_23_a_failed_series_fails_the_put_and_raises_an_alarm():
    short_series()
    with fault("arm_fails", times=100):
        reason = refusal("Trigger", 1)
    expect(reason, "the put succeeded though arm failed")
    await_that("the alarm", lambda: pv("Trigger_RBV").get_timevars()["severity"] > 0)
    equal(get("Trigger_RBV"), 0, "Trigger_RBV")
    before = stored()
    equal(pv("Trigger").put(1, wait=True, timeout=60), 1, "the next put")
    new_files_are_the_detectors(before, 2)
    await_that("the end of the alarm", lambda: pv("Trigger_RBV").get_timevars()["severity"] == 0)


@check
def B8_26_an_error_inside_a_command_answers_the_put_and_clears_the_busy_flag():
    short_series()
    with fault("status", status=404, path="*/config/nimages", method="PUT", times=100):
        pv("CountTime").put(0.4, wait=True, timeout=60)
        reason = refusal("Configure", 1)
    expect(reason, "Configure succeeded though a key was missing")
    await_that("Off", lambda: get("Configure_RBV") == 0)
    equal(pv("Configure").put(1, wait=True, timeout=60), 1, "the next put")


@check
def B8_27_values_are_judged_when_they_are_written():
    for name, value in [("FrameTime", -1.0), ("CountTime", -5.0), ("FrameTime", 1e9)]:
        before = get(name)
        expect(refusal(name, value), name, "took", value)
        equal(get(name), before, name)
    for value in ("Perhaps", 7):
        expect(refusal("FlatFieldCorrection", value), "FlatFieldCorrection took", value)


run_client()
