# Part of daqd
# SPDX-License-Identifier: MIT
"""pyepics with patience: by itself it gives up a read after a second and a connection after five, which a busy machine may need."""
import functools

import epics

SECONDS = 60


class PV(epics.PV):
    """Connected; subscribed to only where asked, for pyepics takes a late first update for the answer to a read."""

    def __init__(self, name, auto_monitor=False):
        super().__init__(name, auto_monitor=auto_monitor, connection_timeout=SECONDS)
        if not self.wait_for_connection(SECONDS):
            raise AssertionError(f"{name} did not connect")

    def get(self, **options):
        return super().get(**{"timeout": SECONDS, **options})

    def get_ctrlvars(self, **options):
        return super().get_ctrlvars(**{"timeout": SECONDS, **options})

    def get_timevars(self, **options):
        return super().get_timevars(**{"timeout": SECONDS, **options})


caget = functools.partial(epics.caget, timeout=SECONDS, connection_timeout=SECONDS)
caput = functools.partial(epics.caput, timeout=SECONDS, connection_timeout=SECONDS)
cainfo = functools.partial(epics.cainfo, timeout=SECONDS, connection_timeout=SECONDS)
caget_many = functools.partial(epics.caget_many, timeout=SECONDS, connection_timeout=SECONDS)
caput_many = functools.partial(epics.caput_many, put_timeout=SECONDS, connection_timeout=SECONDS)
