# Part of daqd
# SPDX-License-Identifier: MIT
"""Asks a Channel Access server many well-formed questions and writes its answers down, one line each; expects nothing.

  probe.py PORT PREFIX      a fresh server of servers.py

Lines of two servers can be compared: numbers that a server chooses for itself are not shown.
"""
import contextlib
import re
import socket
import struct
import sys
import time

import dbr
from caraw import (CHAR, CLEAR_CHANNEL, CLIENT_NAME, CREATE_CHAN, DOUBLE, ECHO, ENUM, ERROR, EVENT_ADD, EVENT_CANCEL,
                   EVENTS_OFF, EVENTS_ON, HOST_NAME, LONG, NAMES, READ, READ_NOTIFY, READ_SYNC, SEARCH, SHORT, STRING,
                   VERSION, WRITE, WRITE_NOTIFY, Circuit, msg, name_bytes, pad)

HOST = "127.0.0.1"
MARK = 4711  # the number of a subscription
SEARCHED = ["AO", "AO.VAL", "AO.", "AO.DESC", "AO.DESC$", "AO.NOFIELD", "AO.RTYP", "STR$", "STR.VAL$", "AO.EGU", "AO.PREC", "AO.HOPR",
            "AO.STAT", "AO.SEVR", "AO.PROC", "AO.NAME", "AO.SCAN", "AO.TIME", "WFS[1:3]", "WFS.[1:3]", "WFS.VAL[1:3]", "AO{}",
            'AO.{"dbnd":{"abs":1}}', 'AO.{"bogus":{}}']
CREATED = ["AO", "LO", "MB", "BO", "STR", "LSTR", "WF", "IMG", "WFS", "WFI", "WFF", "WFSTR", "BUSY", "TRIG", "RO", "I64", "AO.DESC",
           "AO.DESC$", "AO.RTYP", "AO.EGU", "AO.PREC", "AO.HOPR", "AO.LOPR", "AO.HIHI", "AO.HHSV", "AO.DRVH", "AO.STAT", "AO.SEVR",
           "AO.PROC", "AO.NAME", "AO.SCAN", "AO.TIME", "AO.FLNK", "AO.FLNK$", "AO.UDF", "AO.DTYP", "AO.MDEL", "AO.ADEL", "AO.ASG",
           "AO.DISP", "AO.PACT", "AO.AMSG", "AO.ACKS", "STR.VAL$", "STR$", "WFS.[1:3]", "WFS.NORD", "WFS.NELM", "WFS.FTVL",
           "MB.ZRST", "MB.ONVL", "BO.ZNAM", 'AO.{"dbnd":{"abs":1}}', 'AO.{"bogus":{}}']
READ_FIELDS = ["AO.RTYP", "AO.DESC", "AO.EGU", "AO.NAME", "AO.PREC", "AO.HOPR", "AO.LOPR", "AO.DRVH", "AO.HIHI", "AO.LOLO", "AO.HIGH",
               "AO.LOW", "AO.HHSV", "AO.HSV", "AO.LSV", "AO.LLSV", "LO.HHSV", "AO.SEVR", "AO.STAT", "AO.SCAN", "AO.MDEL", "AO.ASG", "AO.UDF",
               "AO.PACT", "AO.FLNK", "LO.RTYP", "MB.RTYP", "BO.RTYP", "STR.RTYP", "WFS.RTYP", "RO.RTYP", "MB.ZRST", "MB.TWST", "MB.TWVL",
               "BO.ZNAM", "BO.ONAM", "WFS.NELM", "WFS.NORD", "WFS.FTVL", "AO.VAL"]
FILTERED = [("AO.DESC$", CHAR, 0), ("STR.VAL$", CHAR, 0), ("WFS.[1:3]", DOUBLE, 0), ("WFS.[-2:-1]", DOUBLE, 0),
            ("WFS.[0:2:-1]", DOUBLE, 0), ('WFS.{"arr":{"s":0,"i":2}}', DOUBLE, 0), ('AO.{"ts":{"str":"epics"}}', STRING, 1),
            ('AO.{"ts":{"num":"sec"}}', DOUBLE, 1), ('AO.{"ts":{}}', 20, 1), ("AO.{dbnd:{abs:1}}", DOUBLE, 1),
            ('AO.{"dbnd":{"rel":10}}', DOUBLE, 1), ('AO.{"dbnd":{"d":1}}', DOUBLE, 1), ('AO.{"dec":{"n":2}}', DOUBLE, 1)]


class Probe:
    def __init__(self, port, prefix, write=print):
        self.port, self.prefix, self.write = port, prefix, write
        self.section = ""
        self.sids = {}
        self.circuit = None

    def line(self, label, answer):
        self.write(f"{self.section}: {label} => {answer}")

    def connect(self):
        """A circuit of its own, past the greeting, in place of the former one."""
        if self.circuit:
            self.circuit.close()
        self.circuit = Circuit(HOST, self.port)
        self.circuit.next()
        self.sids = {}
        return self.circuit

    def sid(self, name):
        if name not in self.sids:
            message = self.circuit.create(self.prefix + name)
            if message is None or message.cmd != CREATE_CHAN:
                return None
            self.sids[name] = message.p2
        return self.sids[name]

    # MARK: messages as text

    def shown(self, message):
        if message is None:
            return "closed" if self.circuit.closed else "nothing"
        name = NAMES[message.cmd] if message.cmd < len(NAMES) else str(message.cmd)
        if message.cmd == ERROR:
            return self.error(message)
        fields = f"{name} type={message.dtype} count={message.count} p1={self.p1(message)} p2={self.p2(message)}"
        if message.cmd in (EVENT_ADD, READ_NOTIFY, READ) and message.payload:
            payload = dbr.shown(message.dtype, message.count, message.payload)
        else:
            payload = dbr.text(message.payload)
        return f"{fields} size={len(message.payload)}{' extended' if message.ext else ''} {payload}".rstrip()

    def p1(self, message):
        chosen = message.cmd == CLEAR_CHANNEL or (message.cmd == EVENT_ADD and not message.payload)
        return "SID" if chosen else f"{message.p1:#x}"

    def p2(self, message):
        return "SID" if message.cmd == CREATE_CHAN else f"{message.p2:#x}"

    def error(self, message):
        command, size, dtype, count = struct.unpack_from(">4H", message.payload)
        channel = "none" if message.p1 == 0xFFFFFFFF else "CID"
        text = re.sub(r"channel \d+", "channel N", dbr.text(message.payload[16:]).replace(self.prefix, ""))
        return f"ERROR {message.p2} channel={channel} of {NAMES[command]} type={dtype} count={count} “{text}”"

    def answer(self, label):
        self.line(label, self.shown(self.circuit.next()))

    def after(self, label):
        """Whether the circuit still answers, or was closed."""
        with contextlib.suppress(OSError):
            self.circuit.send(msg(ECHO))
        while (message := self.circuit.next()) is not None and message.cmd != ECHO:
            pass
        self.line(label, "closed" if self.circuit.closed else "open")

    # MARK: searches

    def searches(self):
        self.section = "UDP"
        name = name_bytes(self.prefix + "AO")

        def search(minor=13, flag=5, cid=42, what=name):
            return msg(SEARCH, flag, minor, cid, cid, what)
        with socket.socket(type=socket.SOCK_DGRAM) as self.udp:
            self.ask("sequence number", msg(VERSION, 1, 13, 77), search())
            self.ask("sequence number not valid", msg(VERSION, 0, 13, 77), search())
            self.ask("no VERSION", search())
            self.ask("minor 10", msg(VERSION, 1, 10, 5), search(10))
            self.ask("unknown, DO_REPLY", msg(VERSION, 1, 13, 5), search(flag=10, what=name_bytes("NOPE")))
            self.ask("two searches", msg(VERSION, 1, 13, 5), search(), search(cid=43))
            self.ask("ECHO", msg(VERSION, 1, 13, 5), msg(ECHO))
            for one in SEARCHED:
                self.ask("search " + one, msg(VERSION, 1, 13, 5), search(cid=9, what=name_bytes(self.prefix + one)))

    def ask(self, label, *messages):
        """Sends a datagram; one that is not answered before the next one gets no answer."""
        self.udp.sendto(b"".join(messages), (HOST, self.port))
        self.udp.settimeout(0.5)  # a moment, for rsrv may answer both in one datagram
        try:
            answer = self.udp.recv(65536)
        except TimeoutError:
            self.udp.settimeout(60)
            behind = msg(VERSION, 1, 13, 4711) + msg(SEARCH, 5, 13, 4711, 4711, name_bytes(self.prefix + "AO"))
            self.udp.sendto(behind, (HOST, self.port))
            answer = self.udp.recv(65536)
            if answer[8:12] == struct.pack(">I", 4711):
                return self.line(label, "nothing")
            self.udp.recv(65536)
        self.line(label, answer.hex().replace(f"{self.port:04x}", "PORT"))

    def greeting(self):
        self.section = "TCP"
        self.circuit = Circuit(HOST, self.port, hello=False)
        self.answer("greeting before the client's")
        self.circuit.send(msg(VERSION, 0, 13), msg(CLIENT_NAME, payload=pad(b"probe\0")), msg(HOST_NAME, payload=pad(b"h\0")))
        self.circuit.send(msg(ECHO))
        self.answer("first answer to VERSION, CLIENT_NAME, HOST_NAME, ECHO")
        self.circuit.send(msg(ECHO, 3, 4, 5, 6, b"12345678"))
        self.answer("ECHO with fields and payload")
        self.circuit.send(msg(READ_SYNC, 1, 2, 3, 4))
        self.answer("READ_SYNC")
        for label, flag, name in [("known", 5, self.prefix + "AO"), ("unknown, DONT_REPLY", 5, "NOPE"), ("unknown, DO_REPLY", 10, "NOPE")]:
            self.circuit.send(msg(SEARCH, flag, 13, 42, 42, name_bytes(name)), msg(ECHO))
            message = self.circuit.next()
            text = self.shown(message).replace(f"type={self.port}", "type=PORT")
            self.line("search " + label, "nothing" if message.cmd == ECHO else text)
            if message.cmd != ECHO:
                self.circuit.next()

    # MARK: channels

    def channels(self):
        self.section = "create"
        self.connect()
        for name in ("AO", "RO"):
            self.circuit.cid = 500
            self.circuit.send(msg(CREATE_CHAN, 0, 0, 501, 13, name_bytes(self.prefix + name)))
            self.answer(name + ", first")
            self.answer(name + ", second")
        self.circuit.send(msg(CREATE_CHAN, 0, 0, 2, 13, name_bytes("NOPE")))
        self.answer("unknown")
        self.circuit.cid = 1000
        for name in CREATED:
            message = self.circuit.create(self.prefix + name)
            known = message is not None and message.cmd == CREATE_CHAN
            shape = f"{dbr.KINDS[message.dtype]} × {message.count}{' extended' if message.ext else ''}" if known else "no such channel"
            self.line(name, shape)

    def reads(self):
        self.section = "read"
        self.connect()
        for name in ("AO", "MB", "STR", "LO"):
            for dtype in range(39):
                if dtype in (35, 36):
                    continue
                message = self.circuit.get(self.sid(name), dtype, 1)
                self.line(f"{name} as {dbr.type_name(dtype)}", self.shown(message))
                if self.circuit.closed:
                    self.connect()

    def counts(self):
        self.section = "counts"
        self.connect()
        self.circuit.send(msg(WRITE, DOUBLE, 3, self.sid("WFS"), 1, struct.pack(">3d", 1, 2, 3)))
        for dtype in (DOUBLE, 20, STRING, CHAR, 13):
            for count in (0, 1, 2, 3, 5, 16, 17):
                self.line(f"WFS as {dbr.type_name(dtype)}, {count} asked", self.shown(self.circuit.get(self.sid("WFS"), dtype, count)))
        self.line("WF, 0 asked", self.shown(self.circuit.get(self.sid("WF"), DOUBLE, 0)))
        self.circuit.send(msg(WRITE, DOUBLE, 2, self.sid("WF"), 1, struct.pack(">2d", 1, 2)))
        self.line("WF, 0 asked, of 2", self.shown(self.circuit.get(self.sid("WF"), DOUBLE, 0)))

    # MARK: writing

    def put(self, name, dtype, count, payload, label, readback=STRING):
        self.circuit.send(msg(WRITE_NOTIFY, dtype, count, self.sid(name), 55, pad(payload)))
        answer = self.circuit.expect(WRITE_NOTIFY)
        value = self.circuit.get(self.sid(name), readback, 0)
        shown = dbr.shown(value.dtype, value.count, value.payload) if value is not None and value.cmd == READ_NOTIFY else self.shown(value)
        self.line(f"{name}: {label}", f"{self.shown(answer)}, then {shown}")

    def puts(self):
        self.section = "write"
        self.connect()
        for value in (3.14159, 1000.0, float("nan"), 1.5):
            self.put("AO", DOUBLE, 1, struct.pack(">d", value), f"double {value}")
        for text in ("2.5", " 7e1xyz", "0x10", "abc", "", "1.5"):
            self.put("AO", STRING, 1, text.encode() + b"\0", f"text “{text}”")
        for value in (3.9, -3.9, 1e12):
            self.put("LO", DOUBLE, 1, struct.pack(">d", value), f"double {value}")
        for text in ("12.7", "0x1F", "99999999999"):
            self.put("LO", STRING, 1, text.encode() + b"\0", f"text “{text}”")
        self.put("LO", SHORT, 1, struct.pack(">h", -5), "short -5")
        self.puts_of_states()
        self.puts_of_texts()
        self.puts_of_arrays()
        self.refused_puts()

    def puts_of_states(self):
        for text in ("Fault", "0", "nostate", "9"):
            self.put("MB", STRING, 1, text.encode() + b"\0", f"text “{text}”")
        for dtype, code, value in [(ENUM, ">H", 1), (ENUM, ">H", 9), (LONG, ">i", 2), (DOUBLE, ">d", 0.9)]:
            self.put("MB", dtype, 1, struct.pack(code, value), f"{dbr.type_name(dtype)} {value}")

    def puts_of_texts(self):
        self.put("STR", STRING, 1, b"x" * 39 + b"\0", "39 bytes")
        self.put("STR", STRING, 1, b"y" * 40, "40 bytes without NUL")
        self.put("STR", DOUBLE, 1, struct.pack(">d", 3.14159265), "a double")
        self.put("LSTR", CHAR, 6, b"/data\0", "6 bytes with NUL", CHAR)
        self.put("LSTR", CHAR, 3, b"abc", "3 bytes", CHAR)
        self.put("LSTR", STRING, 1, b"65\0", "text “65”", CHAR)

    def puts_of_arrays(self):
        self.put("WFS", DOUBLE, 17, struct.pack(">17d", *range(17)), "17 doubles", DOUBLE)
        self.put("WFS", DOUBLE, 0, b"", "no doubles", DOUBLE)
        self.put("WFS", STRING, 2, b"1.5".ljust(40, b"\0") + b"2.5".ljust(40, b"\0"), "two texts", DOUBLE)
        self.put("WFI", LONG, 3, struct.pack(">3i", 1, -2, 70000), "3 longs", SHORT)
        self.put("WFF", DOUBLE, 2, struct.pack(">2d", 0.1, 1e300), "2 doubles", 2)
        self.put("WFSTR", STRING, 2, b"a".ljust(40, b"\0") + b"b".ljust(40, b"\0"), "2 texts")

    def refused_puts(self):
        self.put("AO", 20, 1, struct.pack(">HHIIId", 0, 0, 0, 0, 0, 8.0), "TIME_DOUBLE")
        self.put("AO", 13, 1, struct.pack(">HHId", 0, 0, 0, 9.0), "STS_DOUBLE")
        self.put("AO", 35, 1, struct.pack(">H", 0), "PUT_ACKT 0", 37)
        self.put("AO", 36, 1, struct.pack(">H", 3), "PUT_ACKS 3", 37)
        self.put("RO", DOUBLE, 1, struct.pack(">d", 1.0), "read-only")
        self.circuit.send(msg(WRITE, DOUBLE, 1, self.sid("RO"), 5, struct.pack(">d", 1)))
        self.answer("plain, read-only")
        self.circuit.send(msg(WRITE, STRING, 1, self.sid("AO"), 5, pad(b"abc\0")))
        self.answer("plain, text “abc” to a double")

    def old_reads(self):
        self.section = "READ"
        self.connect()
        for name, dtype in (("STR", STRING), ("AO", DOUBLE)):
            self.circuit.send(msg(READ, dtype, 1, self.sid(name), 12))
            message = self.circuit.next()
            if message is not None and message.cmd == READ:
                message.p1 = 0  # the number of the channel
            self.line(name, self.shown(message))

    def operations(self):
        """A put of BUSY takes a second; the order of the answers says what waits for what."""
        self.section = "operation"
        self.connect()
        puts = [msg(WRITE_NOTIFY, DOUBLE, 1, self.sid("BUSY"), number, struct.pack(">d", 1)) for number in (1, 21, 22)]
        begin = time.monotonic()
        self.circuit.send(puts[0], msg(ECHO))
        for label in ("first answer", "second answer"):
            self.answer(label)
        self.line("the operation", "took its time" if time.monotonic() - begin > 0.9 else "was cut short")
        self.circuit.send(*puts[1:], msg(ECHO))
        for label in ("first", "second", "third"):
            self.answer(f"two puts and an ECHO, {label} answer")

    # MARK: monitors

    def subscribe(self, name, dtype, count, mask, number):
        payload = struct.pack(">fffHH", 0, 0, 0, mask, 0)
        self.circuit.send(msg(EVENT_ADD, dtype, count, self.sid(name), number, payload))
        self.answer(f"{name} as {dbr.type_name(dtype)}, mask {mask}, first update")

    def write_ao(self, value):
        self.circuit.send(msg(WRITE, DOUBLE, 1, self.sid("AO"), 1, struct.pack(">d", value)))

    def mark(self):
        """Subscribes to a name whose updates come behind all others that were made before."""
        self.circuit.send(msg(WRITE, DOUBLE, 1, self.sid("LO"), 1, struct.pack(">d", 0)))
        self.circuit.send(msg(EVENT_ADD, DOUBLE, 1, self.sid("LO"), MARK, struct.pack(">fffHH", 0, 0, 0, 1, 0)))
        self.marks = 0
        self.upto(0)

    def upto(self, number, answers=0):
        """Everything until the mark's update of that number and so many answers to puts are there; the mark not."""
        messages, isMarked = [], False
        while not isMarked or answers:
            message = self.circuit.next()
            if message is None:
                break
            if message.cmd == EVENT_ADD and message.p2 == MARK:
                isMarked = isMarked or struct.unpack(">d", message.payload)[0] == number
            else:
                answers -= answers and message.cmd == WRITE_NOTIFY
                messages.append(message)
        return messages

    def behind(self, answers=0):
        """What was made by all that was sent before."""
        self.marks += 1
        self.circuit.send(msg(WRITE, DOUBLE, 1, self.sid("LO"), 1, struct.pack(">d", self.marks)))
        return self.upto(self.marks, answers)

    def updates(self, label, answers=0):
        messages = sorted(self.shown(message) for message in self.behind(answers))
        self.line(label, " | ".join(messages) or "nothing")

    def monitors(self):
        self.section = "monitor"
        self.connect()
        self.write_ao(1.5)
        self.mark()
        self.subscribe("AO", 20, 1, 1, 500)
        self.subscribe("WFS", DOUBLE, 0, 1, 501)
        self.subscribe("MB", 17, 1, 5, 502)
        self.subscribe("AO", 34, 1, 8, 504)
        self.subscribe("AO", 13, 1, 4, 505)
        for value in (10.0, 10.0, 85.0, 95.0):
            self.write_ao(value)
            self.updates(f"put {value}")
        self.circuit.drain(0.5)  # what rsrv is sending when EVENTS_OFF comes takes along what is made meanwhile
        self.circuit.send(msg(EVENTS_OFF))
        for value in (1.0, 2.0, 3.0):
            self.write_ao(value)
        self.circuit.send(msg(ECHO))
        self.answer("ECHO after 3 puts while EVENTS_OFF")
        self.line("3 puts while EVENTS_OFF", " | ".join(map(self.shown, self.circuit.drain(0.3))) or "nothing")
        self.circuit.send(msg(EVENTS_ON))
        self.updates("EVENTS_ON")
        self.circuit.send(msg(EVENT_CANCEL, 20, 1, self.sid("AO"), 500))
        self.updates("EVENT_CANCEL")

    def ends(self):
        self.section = "end"
        self.connect()
        sid = self.sid("LO")
        self.circuit.send(msg(CLEAR_CHANNEL, 0, 0, sid, self.circuit.cid))
        self.answer("CLEAR_CHANNEL")
        self.circuit.send(msg(READ_NOTIFY, DOUBLE, 1, sid, 9))
        self.answer("READ_NOTIFY of a cleared channel")
        self.after("circuit afterwards")
        self.connect()
        self.circuit.send(msg(EVENT_ADD, DOUBLE, 1, self.sid("AO"), 503, struct.pack(">fffHH", 0, 0, 0, 0, 0)))
        self.answer("EVENT_ADD with mask 0")
        self.after("circuit after it")

    def fields(self):
        self.section = "field"
        self.connect()
        self.write_ao(1.5)
        for name in READ_FIELDS:
            message = self.circuit.create(self.prefix + name)
            if message is None or message.cmd != CREATE_CHAN:
                self.line(name, "no such channel")
                continue
            value = self.circuit.get(message.p2, STRING, 1)
            plain = "" if message.dtype == STRING else f", {self.value(message.p2, message.dtype)}"
            text = f"{dbr.KINDS[message.dtype]} {dbr.shown(STRING, value.count, value.payload)}{plain}"
            self.line(name, text.replace(self.prefix, ""))

    def value(self, sid, dtype):
        value = self.circuit.get(sid, dtype, 1)
        return dbr.shown(dtype, value.count, value.payload)

    def filters(self):
        self.section = "filter"
        self.connect()
        self.circuit.send(msg(WRITE, DOUBLE, 5, self.sid("WFS"), 1, struct.pack(">5d", 1, 2, 3, 4, 5)))
        for name, dtype, count in FILTERED:
            message = self.circuit.create(self.prefix + name)
            if message is None or message.cmd != CREATE_CHAN:
                self.line(name, "no such channel")
                continue
            value = self.circuit.get(message.p2, dtype, count)
            shown = dbr.shown(value.dtype, value.count, value.payload)
            if '"ts":{"' in name:
                shown = "a time" if len(shown) > 8 else shown
            self.line(name, f"{dbr.KINDS[message.dtype]} × {message.count}, {value.count} read, status {value.p1}: {shown}")
        self.write_ao(0.0)
        self.mark()
        for name, puts in [('AO.{"dbnd":{"abs":5}}', (1, 5, 5.5, 6, 11.5, 12)), ('AO.{"dec":{"n":3}}', range(1, 9))]:
            sid = self.circuit.create(self.prefix + name).p2
            self.circuit.send(msg(EVENT_ADD, DOUBLE, 1, sid, 700, struct.pack(">fffHH", 0, 0, 0, 1, 0)))
            got = self.behind()
            for value in puts:
                self.write_ao(value)
            got += self.behind()
            self.circuit.send(msg(EVENT_CANCEL, DOUBLE, 1, sid, 700))
            self.line(f"{name} over {list(puts)}", [dbr.elements("DOUBLE", 1, one.payload)[0] for one in got if one.cmd == EVENT_ADD])
            self.circuit.expect(EVENT_ADD)
            self.write_ao(0.0)

    # MARK: severities

    def severities(self):
        """What limits and their severities make of the value that is there."""
        self.section = "severity"
        self.connect()
        self.write_ao(85.0)
        self.mark()
        self.subscribe("AO", 13, 1, 4, 800)
        self.subscribe("AO", DOUBLE, 1, 8, 801)
        self.subscribe("AO", DOUBLE, 1, 1, 802)
        self.subscribe("AO.HSV", SHORT, 1, 1, 803)
        self.subscribe("AO.SEVR", SHORT, 1, 1, 804)
        for field, text in [("HSV", "MAJOR"), ("HSV", "3"), ("HSV", "nonsense"), ("HSV", "4"), ("HSV", "NO_ALARM"), ("HIHI", "85"),
                            ("HHSV", "MINOR"), ("HHSV", "NO_ALARM"), ("LLSV", "INVALID"), ("LOLO", "90"), ("LOLO", "-90"), ("LLSV", "MAJOR"),
                            ("HIHI", "90"), ("HHSV", "MAJOR"), ("HIGH", "85"), ("HSV", "MINOR"), ("HIGH", "80")]:
            self.put_field(field, STRING, text.encode() + b"\0", text)
        for dtype, code, value in [(ENUM, ">H", 2), (DOUBLE, ">d", 1), (SHORT, ">h", 3), (LONG, ">i", 4)]:
            self.put_field("HSV", dtype, struct.pack(code, value), f"{dbr.type_name(dtype)} {value}")
        self.put("LO", DOUBLE, 1, struct.pack(">d", 7), "double 7, without limits")
        self.put("LO.HIHI", STRING, 1, b"1\0", "text “1”", DOUBLE)
        self.line("LO with its first limit", self.shown(self.circuit.get(self.sid("LO"), 13, 1)))
        self.put("LO.HHSV", STRING, 1, b"MINOR\0", "text “MINOR”")
        self.line("LO with a severity", self.shown(self.circuit.get(self.sid("LO"), 13, 1)))

    def put_field(self, field, dtype, payload, label):
        """The answer, the updates that the field of AO makes, and what is read then."""
        self.circuit.send(msg(WRITE_NOTIFY, dtype, 1, self.sid("AO." + field), 55, pad(payload)))
        self.updates(f"AO.{field}: {label}", answers=1)
        self.line(f"AO after {field} {label}", self.shown(self.circuit.get(self.sid("AO"), 34, 1)))

    def all(self):
        for part in (self.searches, self.greeting, self.channels, self.reads, self.counts, self.puts, self.old_reads, self.operations,
                     self.monitors, self.ends, self.fields, self.filters, self.severities):
            part()
        self.circuit.close()


if __name__ == "__main__":
    Probe(int(sys.argv[1]), sys.argv[2]).all()
