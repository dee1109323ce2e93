# Part of daqd
# SPDX-License-Identifier: MIT
"""Scripts for the Python driver of Andor cameras, with sipyco's own clients, against daqd and the stand-in of the SDK."""
import asyncio
import pathlib
import signal
import subprocess
import sys
import time

import numpy
from sipyco.pc_rpc import AsyncioClient, GenericRemoteException

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from andor_daemon import COLUMNS, ROWS, Daemon  # noqa: E402
from checks import check, main, until  # noqa: E402

SERIAL = 12859


def expected(index):
    """The stand-in's counter picture."""
    y, x = numpy.indices((ROWS, COLUMNS))
    image = (((x + 3 * y + index) & 4095) + 500).astype("<u2")
    image[0, 0], image[0, 1], image[0, 2] = index & 0xFFFF, index >> 16, SERIAL
    return image


# As the driver's example client decodes it: two characters for each pixel, the high one first.
def photons(data):
    return sum(ord(data[2 * i]) * 256 + ord(data[2 * i + 1]) for i in range(len(data) // 2))


def pixels(data, width, height):
    values = [ord(data[2 * i]) * 256 + ord(data[2 * i + 1]) for i in range(len(data) // 2)]
    return numpy.reshape(values, (height, width))


@check
def E7_3_the_example_client():
    with Daemon() as daemon:
        emccd = daemon.ready()
        assert emccd.start_acquisition_with_watcher() is None
        assert emccd.data_watcher_is_working() is True
        until(lambda: emccd.pipeline_size() >= 12, "twelve images")
        assert emccd.stop_data_watcher() is None
        assert emccd.data_watcher_is_working() is False
        counts, index = [], 0
        data = emccd.get_data_from_pipeline()
        while data:
            index += 1
            counts.append(photons(data))
            assert (pixels(data, COLUMNS, ROWS) == expected(index)).all(), index
            assert counts[-1] == int(expected(index).sum(dtype=int)), index
            data = emccd.get_data_from_pipeline()
        assert len(counts) >= 12
        emccd.close_rpc()


@check
def a_scripted_session():
    with Daemon() as daemon:
        emccd = daemon.ready()
        assert emccd.get_detector() == (1024, 1024)
        assert emccd.get_head_model() == b"DU888_BV"
        assert emccd.get_camera_serial_number() == SERIAL
        assert emccd.get_vs_speeds() == [numpy.float32(x) for x in (0.6, 1.13, 2.2, 4.33)]
        assert emccd.get_hs_speeds(0) == [30, 20, 10, 1]
        assert emccd.get_hs_speeds() == [(0, 30), (0, 20), (0, 10), (0, 1)]
        assert emccd.get_preamp_gains() == [1, 2]
        assert emccd.get_bit_depth() == [16] and emccd.get_bit_depth(0) == 16
        assert emccd.get_capabilities()["ulCameraType"] == 21
        temperature, status = emccd.get_temperature_f()
        assert isinstance(temperature, float) and status.startswith("DRV_TEMP_")
        emccd.set_image(bin=(2, 2), roi=(1, 40, 1, 20))
        emccd.set_exposure_time(0.002)
        exposure, accumulate, kinetic = emccd.get_acquisition_timings()
        assert abs(exposure - 0.002) < 1e-6 and kinetic >= exposure
        emccd.set_trigger_mode(0)
        emccd.set_acquisition_mode(5)
        emccd.shutter(open=True)
        emccd.cooler()
        assert emccd.is_cooler_on() is True
        emccd.start_acquisition_with_watcher()
        until(lambda: not emccd.data_watcher_is_working(), "the series ends by itself")
        images = emccd.get_images(10)
        assert images.shape == (5, 10, 20) and images.dtype == numpy.uint16
        for call in (lambda: emccd.set_image(bin=(3, 1), roi=(1, 40, 1, 20)), lambda: emccd.set_trigger_mode(99)):
            try:
                call()
                raise AssertionError("it must be refused")
            except ValueError:
                pass
        try:
            emccd.abort_acquisition()
            raise AssertionError("an abort while idle must be refused")
        except GenericRemoteException as error:
            assert "20073" in str(error) and "DRV_IDLE" in str(error), error
        assert emccd.ping() is True


@check
def A7_2_method_list_and_typed_target():
    with Daemon() as daemon:
        emccd, typed = daemon.ready(), daemon.ready("emccd_x")
        methods = emccd.get_rpc_method_list()["methods"]
        for name in ("start_acquisition_with_watcher", "get_data_from_pipeline", "set_temperature_until_reach", "stop_camera", "ping"):
            assert name in methods, name
        typed.set_acquisition_exposure(0.005)
        assert typed.get_acquisition_exposure() == 0.005
        assert typed.get_state() == "idle"
        typed.set_pipeline_format("ndarray")
        typed.set_acquisition_limit(3)
        typed.acquire()
        for index in range(1, 4):
            image = emccd.get_data_from_pipeline()
            assert image.dtype == numpy.uint16 and (image == expected(index)).all()
        assert emccd.get_data_from_pipeline() is None
        frame = typed.get_frame()
        assert frame is None


@check
def A7_9_two_clients_while_one_waits():
    async def both(port):
        one, two = AsyncioClient(), AsyncioClient()
        await one.connect_rpc("127.0.0.1", port, "emccd")
        await two.connect_rpc("127.0.0.1", port, "emccd")
        await one.cooler()
        waiting = asyncio.ensure_future(one.set_temperature_until_reach(-60, 3600))
        begin = time.monotonic()
        for _ in range(100):
            await two.get_temperature_f()
        assert not waiting.done()
        await two.start_acquisition_with_watcher()
        image = await two.get_image(20)
        await two.stop_data_watcher()
        waiting.cancel()
        await one.close_rpc()
        await two.close_rpc()
        return time.monotonic() - begin, image

    with Daemon("speed=1 start=20") as daemon:
        daemon.ready().close_rpc()
        _, image = asyncio.run(both(daemon.port))
        assert (image == expected(1)).all()


@check
def A7_9_the_port_listens_while_the_camera_opens():
    with Daemon("init_ms=2000 speed=20 start=20") as daemon:
        client = daemon.client()
        assert client.ping() is True
        assert client.get_data_from_pipeline() is None
        try:
            client.get_status()
        except Exception:
            pass
        daemon.ready()


@check
def E7_10_a_signal_ends_a_warm_up_and_a_second_one_hurries():
    with Daemon("speed=1 start=-80", shutdown="warm", start={"target_temperature": -80}) as daemon:
        daemon.ready()
        trace = daemon.trace
        daemon.process.send_signal(signal.SIGTERM)
        until(lambda: "CoolerOFF" in trace.read_text(), "it warms up")
        assert daemon.process.poll() is None and "ShutDown" not in trace.read_text(), "it warms up"
        daemon.process.send_signal(signal.SIGTERM)
        daemon.process.wait(60)
        assert "ShutDown" in trace.read_text(), trace.read_text()[-500:]


@check
def E7_10_kill_and_restart():
    with Daemon() as daemon:
        emccd = daemon.ready()
        emccd.start_acquisition_with_watcher()
        until(lambda: emccd.pipeline_size() >= 3, "images")
        daemon.process.kill()
        daemon.process.wait()
        daemon.process = subprocess.Popen(daemon.process.args, stdout=daemon.log, stderr=daemon.log)
        emccd = daemon.ready()
        emccd.set_acquisition_mode(2)
        emccd.start_acquisition_with_watcher()
        until(lambda: not emccd.data_watcher_is_working(), "the series ends")
        assert emccd.pipeline_size() == 2


if __name__ == "__main__":
    main()
