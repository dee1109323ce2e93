# Part of daqd
# SPDX-License-Identifier: MIT
"""Lets the Python driver of Andor cameras run, unmodified, on Linux with any library, and says what it returns.

The driver wants Windows in two places: `ctypes.oledll`, and a backslash in the path of its configuration. Its scripts have a
laboratory's address and port, and a client that draws.

    andor_seed_shim.py drive           calls as lines of JSON on the standard input, results on the standard output
    andor_seed_shim.py members         the member functions and their arguments, on the standard output
    andor_seed_shim.py serve PORT      the driver's own server script
    andor_seed_shim.py client PORT     the driver's own example client; the photon counts on the standard output
    andor_seed_shim.py artiq PORT      the driver's own experiment and device database; its data on the standard output
"""
import ctypes
import inspect
import json
import os
import runpy
import socket
import sys
import time
import types
import warnings


class AnyLibrary:
    """In place of Windows' loader: the library that ANDOR_LIBRARY names, whatever the configuration says."""

    @staticmethod
    def LoadLibrary(_path):
        return ctypes.CDLL(os.environ["ANDOR_LIBRARY"])


def plain(value):
    """What JSON can say of a result: sequences as lists, C buffers and bytes as lists of numbers."""
    if inspect.isgenerator(value) or isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, ctypes.Structure):
        return {name: getattr(value, name) for name, _ in value._fields_}
    if isinstance(value, ctypes.Array):
        return list(value.raw)
    if isinstance(value, bytes):
        return list(value)
    return value


def drive():
    import andor

    camera = andor.Camera.by_serial_number()
    print(json.dumps({"result": "ready"}), flush=True)
    for line in sys.stdin:
        name, arguments, named = json.loads(line)
        try:
            if name == "pipeline_size":
                result = camera._data_pipeline.qsize()
            elif name == "take":  # past the conversion, which present versions of NumPy refuse
                result = camera._data_pipeline.get_nowait()
            else:
                result = getattr(camera, name)(*arguments, **named)
            print(json.dumps({"result": plain(result)}), flush=True)
        except Exception as error:
            print(json.dumps({"error": f"{type(error).__name__}: {error}"}), flush=True)


def members():
    """Names of the arguments, and how many of them have defaults."""
    import andor

    functions = inspect.getmembers(andor.Camera, inspect.isfunction)
    signatures = {name: list(inspect.signature(function).parameters.values())[1:] for name, function in functions}
    print(json.dumps({
        name: [[each.name for each in arguments], sum(each.default is not inspect.Parameter.empty for each in arguments)]
        for name, arguments in signatures.items() if not name.startswith("_")}))


def serve(port):
    import sipyco.pc_rpc

    server = sipyco.pc_rpc.simple_server_loop
    sipyco.pc_rpc.simple_server_loop = lambda targets, _host, _port: server(targets, "127.0.0.1", port)
    runpy.run_path("andor_ndsp_server.py", run_name="__main__")


def pulse(count):
    """Trigger pulses, each after the image before is there; the cable is the stand-in's socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as cable:
        cable.bind("")  # an abstract address, for the answers
        cable.settimeout(60)
        cable.connect(os.environ["ANDOR_CABLE"])

        def ask(text):
            cable.send(text.encode())
            answer = cable.recv(1000).decode()
            assert not answer.startswith("error"), answer
            return answer

        end = time.monotonic() + 60
        for _ in range(count):
            before = int(ask("counter 100 acquired"))
            while int(ask("counter 100 acquired")) == before:
                triggers = int(ask("counter 100 triggers"))
                if triggers == before:
                    ask("trigger 100")
                assert time.monotonic() < end, "no image came of a trigger"
                time.sleep(0.002)


def artiq(port):
    """ARTIQ in a few lines: what `setattr_device` makes of a controller's entry in the device database."""
    from sipyco.pc_rpc import AutoTarget, Client

    example = os.path.join(os.environ["ANDOR_SEED"], "examples", "artiq-master")
    entry = runpy.run_path(os.path.join(example, "device_db.py"))["device_db"]["emccd"]
    assert entry["type"] == "controller" and entry["port"] == 3249, entry
    fetched = []

    class Camera(Client):
        """The example says “pulse trigger” in a comment, between start and stop, and keeps its images to itself."""

        def stop_data_watcher(self):
            pulse(5)
            return self.__getattr__("stop_data_watcher")()

        def get_data_from_pipeline(self):
            data = self.__getattr__("get_data_from_pipeline")()
            fetched.extend([data] if data else [])
            return data

    class EnvExperiment:
        def __init__(self):
            self.build()

        def setattr_device(self, name):
            assert name == "emccd", name
            # The laboratory's address and port are the test's here; the target is what the entry says, as in artiq.master.
            setattr(self, name, Camera("127.0.0.1", port, entry.get("target_name", AutoTarget)))

    experiment = types.ModuleType("artiq.experiment")
    experiment.EnvExperiment = EnvExperiment
    sys.modules["artiq"], sys.modules["artiq.experiment"] = types.ModuleType("artiq"), experiment
    names = runpy.run_path(os.path.join(example, "repository", "example_device_in_EnvExperiment.py"))
    names["ExampleDeviceInEnvExperiment"]().run()
    print(json.dumps(fetched))


def client(port):
    import sipyco.pc_rpc

    original = sipyco.pc_rpc.Client

    class Client(original):
        """The example says “pulse trigger” in a comment, between start and stop."""

        def __init__(self, _host, _port, target):
            super().__init__("127.0.0.1", port, target)

        def stop_data_watcher(self):
            pulse(5)
            return self.__getattr__("stop_data_watcher")()

    sipyco.pc_rpc.Client = Client
    drawing = types.ModuleType("pylab")
    drawing.matplotlib = types.SimpleNamespace(image=types.SimpleNamespace(Axesimage=object))
    sys.modules["pylab"] = drawing
    names = runpy.run_path(os.path.join(os.environ["ANDOR_SEED"], "examples", "example_client.py"))
    main, counts = names["main"], []
    count = main.__globals__["get_photon_nb_from_str"]
    main.__globals__["get_photon_nb_from_str"] = lambda data: counts.append(count(data)) or counts[-1]
    main()
    print(json.dumps(counts))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    sys.path.insert(0, os.getcwd())
    ctypes.oledll = AnyLibrary()
    {"drive": drive, "members": members, "serve": serve, "client": client, "artiq": artiq}[sys.argv[1]](*map(int, sys.argv[2:]))
