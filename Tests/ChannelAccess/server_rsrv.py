# Part of daqd
# SPDX-License-Identifier: MIT
"""The reference server: EPICS rsrv of the epicscorelibs wheel with the same records as daqd's bench and probe devices.

Prints READY and its process, ends with its input. No pvAccess is loaded.
"""
import argparse
import os
import sys
import tempfile

WINDOWS = 16  # links of one fanout record
ACCESS = "ASG(DEFAULT) { RULE(1, WRITE) }\nASG(RO) { RULE(1, READ) }\n"


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--prefix", default="B:")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("-n", "--scalars", type=int, default=1000)
    parser.add_argument("--wf", type=int, default=1_000_000, help="elements of the waveform")
    parser.add_argument("--img", type=int, default=8_000_000, help="elements of the image")
    parser.add_argument("--fan", type=int, default=1000, help="numbers that TRIG counts up")
    parser.add_argument("--scan", default="Passive", help="SCAN of the numbers, for example '.1 second'")
    parser.add_argument("--caproto-tests", action="store_true", help="also serve what caproto's own client tests use")
    return parser.parse_args()


def set_environment(port):
    """Before libCom is loaded: it reads the variables once."""
    os.environ.update({
        "EPICS_CAS_SERVER_PORT": str(port), "EPICS_CAS_INTF_ADDR_LIST": "127.0.0.1",
        "EPICS_CAS_AUTO_BEACON_ADDR_LIST": "NO", "EPICS_CAS_BEACON_ADDR_LIST": "127.0.0.1",
        "EPICS_CAS_BEACON_PORT": str(port + 1), "EPICS_CA_AUTO_ADDR_LIST": "NO", "EPICS_CA_ADDR_LIST": "127.0.0.1",
    })


class Database:
    def __init__(self, prefix):
        self.prefix = prefix
        self.records = []

    def add(self, kind, name, extra="", **fields):
        body = "".join(f'  field({key}, "{value}")\n' for key, value in fields.items())
        self.records.append(f'record({kind}, "{self.prefix}{name}") {{\n{body}{extra}}}\n')

    def bench(self, options):
        for index in range(options.scalars):
            self.add("calc", f"S{index:05d}", CALC="VAL+1", PREC=3, EGU="mm", SCAN=options.scan)
        for index in range(min(options.scalars, 1000)):
            self.add("ao", f"A{index:05d}", PREC=3, EGU="mm")
        self.add("longout", "TRIG", FLNK=self.fanouts(min(options.fan, options.scalars)))
        self.add("waveform", "WF", FTVL="DOUBLE", NELM=options.wf, MPST="Always")
        self.add("waveform", "IMG", FTVL="CHAR", NELM=options.img, MPST="Always")
        self.add("longout", "WFTRIG", FLNK=self.prefix + "WF")
        self.add("longout", "IMGTRIG", FLNK=self.prefix + "IMG")

    def fanouts(self, count):
        """A tree of fanout records that processes so many numbers within one put; returns its root."""
        names = [f"{self.prefix}S{index:05d}" for index in range(count)]
        level = 0
        while len(names) > 1 or level == 0:
            above = []
            for first in range(0, len(names), WINDOWS):
                name = f"FAN{level}_{first // WINDOWS}"
                links = {f"LNK{index:X}": leaf for index, leaf in enumerate(names[first:first + WINDOWS])}
                self.add("fanout", name, SELM="All", **links)
                above.append(self.prefix + name)
            names = above
            level += 1
        return names[0]

    def probes(self):
        limits = dict(DRVH=100, DRVL=-100, HOPR=50, LOPR=-50, HIHI=90, HIGH=80, LOW=-80, LOLO=-90)
        severities = dict(HHSV="MAJOR", HSV="MINOR", LSV="MINOR", LLSV="MAJOR")
        self.add("ao", "AO", PREC=3, EGU="mm", VAL="1.5", PINI="YES", DESC="probe double", **limits, **severities)
        self.add("longout", "LO", EGU="cts", VAL=7, PINI="YES", DESC="probe long")
        self.add("mbbo", "MB", ZRVL=0, ONVL=1, TWVL=2, ZRST="Idle", ONST="Acquire", TWST="Fault", VAL=1, PINI="YES")
        self.add("bo", "BO", ZNAM="Done", ONAM="Acquiring", PINI="YES", VAL=0)
        self.add("stringout", "STR", VAL="hello", PINI="YES")
        for name, kind, length in [("LSTR", "CHAR", 256), ("WFS", "DOUBLE", 16), ("WFSTR", "STRING", 4),
                                   ("WFI", "SHORT", 16), ("WFF", "FLOAT", 16)]:
            self.add("waveform", name, FTVL=kind, NELM=length)
        self.add("ai", "RO", PREC=2, VAL="2.25", PINI="YES", ASG="RO")
        self.add("ao", "BUSY", FLNK=self.prefix + "BUSYD")
        self.add("calcout", "BUSYD", CALC="0", ODLY="1.0", OOPT="Every Time")
        self.add("int64out", "I64", VAL=5, PINI="YES")

    def caproto_tests(self):
        from caproto.benchmarking import PYEPICS_TEST_DB
        limits = dict(PREC=5, EGU="doodles", LOPR=3.13, HOPR=3.15)
        self.add("ao", "pi", VAL=3.14, PINI="YES", DRVL=3.1, DRVH=3.18, **limits)
        for name in ("int", "int2", "int3"):
            self.add("longout", name, VAL=96, EGU="doodles", PINI="YES")
        self.add("mbbo", "enum", ZRST="a", ONST="b", TWST="c", THST="d", VAL=1, PINI="YES")
        self.add("stringout", "str", VAL="hello", PINI="YES")
        self.add("stringout", "empty_string", VAL="", PINI="YES")
        self.add("waveform", "waveform", FTVL="LONG", NELM=4000)
        for name in ("chararray", "empty_bytes", "empty_char"):
            self.add("waveform", name, FTVL="CHAR", NELM=20)
        self.add("waveform", "empty_float", FTVL="DOUBLE", NELM=2)
        fibonacci = "  field(INP, [1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89])\n"
        self.add("waveform", "fib", fibonacci, FTVL="DOUBLE", NELM=11, **limits)
        self.records.append(PYEPICS_TEST_DB.replace("$(P)", self.prefix))


def written(text, suffix):
    with tempfile.NamedTemporaryFile("w", suffix=suffix, delete=False) as file:
        file.write(text)
    return file.name


def main():
    options = arguments()
    set_environment(options.port)
    database = Database(options.prefix)
    database.bench(options)
    database.probes()
    if options.caproto_tests:
        database.caproto_tests()
    records, access = written("".join(database.records), ".db"), written(ACCESS, ".acf")

    from epicscorelibs import ioc
    start = ioc.iocInit

    def start_with_access():
        ioc.ioc(f'asSetFilename("{access}")')
        return start()

    ioc.iocInit = start_with_access
    ioc.start_ioc(dbs=[(records, "")])
    os.unlink(records)
    os.unlink(access)
    print("READY", os.getpid(), flush=True)
    for _ in sys.stdin:
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
