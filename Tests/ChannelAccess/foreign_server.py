# Part of daqd
# SPDX-License-Identifier: MIT
"""A pytest plugin that points caproto's own client tests at a server that runs already.

The two functions of its conftest that would start a server are asked for names only; fixtures hold the functions
themselves, so their code is replaced and not they. FOREIGN_PREFIX says below which prefix the PVs are served.
"""
import subprocess

import pytest

PATIENCE = 10

def _type_varieties(prefix, request):
    import os
    from types import SimpleNamespace

    from caproto.sync.client import write
    prefix = os.environ["FOREIGN_PREFIX"]
    names = ["int", "int2", "int3", "str", "enum", "waveform", "chararray", "empty_string", "empty_bytes", "empty_char",
             "empty_float", "fib"]
    pvs = {"float": prefix + "pi", **{name: prefix + name for name in names}}
    # A server that was just started would have these.
    for name, value in [("float", 3.14), ("int", 96), ("int2", 96), ("int3", 96), ("str", "hello"), ("enum", 1)]:
        write(pvs[name], value, notify=True, repeater=False)
    return SimpleNamespace(process=None, prefix=prefix, name="foreign", pvs=pvs, type="caproto")


def _records(prefix, request):
    import os
    from types import SimpleNamespace
    prefix = os.environ["FOREIGN_PREFIX"]
    names = ["waveform", "float", "enum", "str", "int", "int2", "int3"]
    return SimpleNamespace(process=None, prefix=prefix, name="foreign", pvs={name: prefix + name for name in names},
                           type="epics-base")


def be_patient():
    """Tests give a tool two seconds to start Python and print; a busy machine is not a wrong server."""
    communicate = subprocess.Popen.communicate

    def patient(process, input=None, timeout=None):
        return communicate(process, input, timeout and PATIENCE * timeout)
    subprocess.Popen.communicate = patient


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session):
    be_patient()
    from caproto.tests import conftest
    conftest._run_type_varieties_ioc.__code__ = _type_varieties.__code__
    conftest._run_epics_base_ioc.__code__ = _records.__code__
