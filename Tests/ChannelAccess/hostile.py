# Part of daqd
# SPDX-License-Identifier: MIT
"""Wrong input over real sockets, one check a kind; after each, another client is answered as before.

EPICS' own server is no reference here: released versions end at some of these messages.
"""
import contextlib
import random
import socket
import struct
import sys

from caraw import (CHAR, CLEAR_CHANNEL, CLIENT_NAME, CREATE_CH_FAIL, CREATE_CHAN, DOUBLE, ECHO, ERROR, EVENT_ADD, EVENT_CANCEL,
                   HOST_NAME, LONG, READ_NOTIFY, READ_SYNC, SEARCH, VERSION, WRITE, WRITE_NOTIFY, Circuit, msg, name_bytes, pad)
from checks import CHECKS, await_that, check, equal, expect, run
from servers import Server

HOST = "127.0.0.1"
ONE = struct.pack(">d", 1.0)
BAD_TYPE, INTERNAL, TOO_LARGE, BAD_COUNT, BAD_MONITOR, DEFUNCT, BAD_MASK, BAD_CHANNEL = 114, 142, 72, 176, 242, 278, 330, 410
server = None


class Talk(Circuit):
    """A circuit past its greeting with a channel to a PV."""

    def __init__(self, name="AO", **options):
        super().__init__(HOST, server.port, **options)
        self.next()
        if name:
            message = self.create(server.prefix + name)
            expect(message is not None and message.cmd == CREATE_CHAN, name, message)
            self.sid = message.p2

    def answer(self):
        message = self.next()
        expect(message is not None, "no answer", "closed" if self.closed else "open")
        return message

    def refused(self, code, closed=False):
        """An ERROR of that code comes, and then an ECHO is answered, or the circuit is closed."""
        message = self.answer()
        equal((message.cmd, message.p2), (ERROR, code), f"answer {message}")
        self.is_closed() if closed else self.is_open()

    def is_open(self):
        self.send(msg(ECHO, 7, 7, 7, 7))
        message = self.answer()
        equal((message.cmd, message.p1), (ECHO, 7), f"answer to an ECHO {message}")

    def is_closed(self):
        await_that("the end of the circuit", lambda: self.next(0.2) is None and self.closed)

    def not_created(self, payload):
        self.send(msg(CREATE_CHAN, 0, 0, 77, 13, payload))
        message = self.answer()
        equal((message.cmd, message.p1), (CREATE_CH_FAIL, 77), f"answer {message}")


def subscription(mask):
    return struct.pack(">fffHH", 0, 0, 0, mask, 0)


@check
def one_byte_at_a_time():
    with Talk() as talk:
        for byte in msg(READ_NOTIFY, DOUBLE, 1, talk.sid, 5):
            talk.send(bytes([byte]))
        equal(talk.answer().cmd, READ_NOTIFY)


@check
def unknown_obsolete_and_server_commands_close():
    for command in (28, 99, 5, 7, 16, 25, 22, 26, 11, 0xFFFF):
        with Talk() as talk:
            talk.send(msg(command, 0, 0, 1, 1))
            talk.refused(INTERNAL, closed=True)


@check
def payload_not_a_multiple_of_eight_closes():
    with Talk() as talk:
        talk.send(msg(WRITE, DOUBLE, 1, talk.sid, 1, b"1234567"))
        talk.refused(INTERNAL, closed=True)


@check
def unknown_channels_are_told_and_end_the_circuit_after_a_hundred():
    with Talk() as talk:
        for command, payload in [(READ_NOTIFY, b""), (WRITE, ONE), (WRITE_NOTIFY, ONE), (EVENT_ADD, subscription(1)), (CLEAR_CHANNEL, b""),
                                 (EVENT_CANCEL, b"")]:
            talk.send(msg(command, DOUBLE, 1, talk.sid + 12345, 1, payload))
            message = talk.answer()
            equal((message.cmd, message.p1, message.p2), (ERROR, 0xFFFFFFFF, BAD_CHANNEL), f"answer to command {command}: {message}")
        talk.is_open()
        talk.send(*(msg(READ_NOTIFY, DOUBLE, 1, talk.sid + 12345, 1) for _ in range(200)))
        talk.is_closed()


@check
def channels_of_another_circuit_are_unknown():
    with Talk() as owner, Talk(None) as thief:
        thief.send(msg(WRITE_NOTIFY, DOUBLE, 1, owner.sid, 1, struct.pack(">d", 42.42)))
        thief.refused(BAD_CHANNEL)
        value = owner.get(owner.sid, DOUBLE, 1)
        expect(value.payload != struct.pack(">d", 42.42), "the value of another circuit's channel was written")


@check
def unknown_subscription():
    with Talk() as talk:
        talk.send(msg(EVENT_CANCEL, DOUBLE, 1, talk.sid, 999))
        talk.refused(BAD_MONITOR)


@check
def types_that_do_not_exist():
    with Talk() as talk:
        for dtype in (39, 65535):
            talk.send(msg(READ_NOTIFY, dtype, 1, talk.sid, 1))
            talk.refused(BAD_TYPE)
            talk.send(msg(EVENT_ADD, dtype, 1, talk.sid, 1, subscription(1)))
            talk.refused(BAD_TYPE)
            talk.send(msg(WRITE, dtype, 1, talk.sid, 1, ONE))
            talk.refused(BAD_TYPE)
            talk.send(msg(WRITE_NOTIFY, dtype, 1, talk.sid, 1, ONE))
            message = talk.answer()
            equal((message.cmd, message.p1), (WRITE_NOTIFY, BAD_TYPE), f"answer {message}")
        talk.is_open()


@check
def subscriptions_without_payload_or_mask():
    with Talk() as talk:
        for payload in (b"", subscription(0), subscription(0xFFF0)):
            talk.send(msg(EVENT_ADD, DOUBLE, 1, talk.sid, 1, payload))
            talk.refused(BAD_MASK)
        talk.send(msg(EVENT_ADD, DOUBLE, 1, talk.sid, 1, subscription(0xFFFF)))
        equal(talk.answer().cmd, EVENT_ADD, "mask 0xFFFF")


@check
def one_number_for_two_subscriptions():
    with Talk("A00001") as talk:
        for _ in range(2):
            talk.send(msg(EVENT_ADD, DOUBLE, 1, talk.sid, 5, subscription(1)))
            equal(talk.answer().cmd, EVENT_ADD)
        talk.send(msg(WRITE_NOTIFY, DOUBLE, 1, talk.sid, 9, struct.pack(">d", random.random() + 2)))
        equal(sorted(talk.answer().cmd for _ in range(3)), [EVENT_ADD, EVENT_ADD, WRITE_NOTIFY], "answers to one put")


@check
def payloads_shorter_than_their_count():
    with Talk("WFS") as talk:
        for count, payload, extended in [(4, ONE, False), (1, b"", False), (1_000_000, ONE, True), (1 << 29 | 1, ONE, True),
                                         ((1 << 32) - 1, ONE, True)]:
            talk.send(msg(WRITE, DOUBLE, count, talk.sid, 1, payload, extended=extended))
            talk.refused(BAD_COUNT)
            talk.send(msg(WRITE_NOTIFY, DOUBLE, count, talk.sid, 1, payload, extended=extended))
            message = talk.answer()
            equal((message.cmd, message.p1), (WRITE_NOTIFY, BAD_COUNT), f"answer {message}")
        talk.is_open()


@check
def counts_beyond_the_array():
    with Talk("WFS") as talk:
        message = talk.get(talk.sid, DOUBLE, 17)
        equal((message.p1, message.count, len(message.payload)), (1, 17, 136), "17 of 16")
        for count in ((1 << 29) + 1, 1 << 31, (1 << 32) - 1):
            message = talk.get(talk.sid, DOUBLE, count)
            equal((message.cmd, message.p1, len(message.payload)), (READ_NOTIFY, TOO_LARGE, 0), f"answer {message}")
            talk.send(msg(EVENT_ADD, DOUBLE, count, talk.sid, 3, subscription(1)))
            message = talk.answer()
            equal((message.cmd, message.p1), (EVENT_ADD, TOO_LARGE), f"answer {message}")
        talk.is_open()


@check
def announced_sizes_cost_nothing_before_they_come():
    before = resident()
    talks = [Talk() for _ in range(20)]
    try:
        for talk in talks:
            talk.send(msg(WRITE, CHAR, 1 << 30, talk.sid, 1, extended=True, size=1 << 30))
        for size in (0xFFFFFFF8, 0xFFFFFFF0):
            with Talk() as large:
                large.send(msg(WRITE, CHAR, 8, large.sid, 1, extended=True, size=size))
                message = large.next(1)
                expect(message is None or (message.cmd, message.p2) == (ERROR, TOO_LARGE), "answer", message)
        expect(resident() - before < 20_000, f"{resident() - before} kB for promises")
    finally:
        for talk in talks:
            talk.close()


@check
def names_that_no_channel_has():
    with Talk() as talk:
        for payload in (b"", bytes(8), bytes(64), b"x" * 8, pad(b"y" * 10_000), pad(b"z" * 60_000), pad(b"\xff\xfe\xc3\x28\0"),
                        name_bytes(server.prefix + "AO.NOFIELD"), name_bytes(server.prefix + 'AO.{"bogus":{}}'),
                        name_bytes(server.prefix + 'AO.{"dbnd"'), name_bytes(server.prefix + "AO." + '{"a":' * 3000),
                        name_bytes(server.prefix + "WFS.[1:2:3:4]"), name_bytes(server.prefix + "WFS.[99999999999999999999]")):
            talk.not_created(payload)
        talk.is_open()


@check
def no_greeting_no_service():
    with Circuit(HOST, server.port, hello=False) as circuit:
        circuit.next()
        circuit.send(msg(CREATE_CHAN, 0, 0, 1, 13, name_bytes(server.prefix + "AO")))
        message = circuit.next()
        equal((message.cmd, message.p2), (ERROR, DEFUNCT), f"answer {message}")


@check
def other_protocols_are_closed():
    for text in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 3, bytes.fromhex("160301020001000001fc0303") + bytes(500), bytes(4096),
                 b"\xff" * 4096):
        with Circuit(HOST, server.port, hello=False) as circuit:
            circuit.send(text)
            await_that("the end of the circuit", lambda: circuit.next(0.2) is None and circuit.closed)


@check
def versions_and_priorities():
    for version, priority in ((3, 0), (13, 200)):
        with Circuit(HOST, server.port, hello=False) as circuit:
            circuit.next()
            circuit.send(msg(VERSION, priority, version))
            await_that("the end of the circuit", lambda: circuit.next(0.2) is None and circuit.closed)
    with Talk() as talk:
        talk.send(msg(VERSION, 1, 13, 12))
        talk.is_open()


@check
def claims_of_names():
    with Talk(None) as talk:
        for command, payload in ((HOST_NAME, pad(b"h" * 600 + b"\0")), (HOST_NAME, b"12345678"), (CLIENT_NAME, b"")):
            talk.send(msg(command, payload=payload))
            talk.refused(INTERNAL)
    with Talk() as talk:
        talk.send(msg(HOST_NAME, payload=pad(b"later\0")))
        talk.refused(INTERNAL)


@check
def echoes():
    with Talk() as talk:
        talk.send(msg(READ_SYNC, 1, 2, 3, 4))
        equal(talk.answer().cmd, READ_SYNC)
        talk.send(msg(ECHO, 3, 4, 5, 6, b"12345678"))
        equal(talk.answer().payload, b"12345678")
        talk.send(msg(ECHO, payload=bytes(1 << 20)))
        equal(talk.next().payload, b"", "payload of an ECHO of 1 MB")
        talk.is_open()


@check
def datagrams_of_every_kind():
    good = msg(SEARCH, 5, 13, 42, 42, name_bytes(server.prefix + "AO"))
    version = msg(VERSION, 1, 13, 7)
    silent = [b"", bytes(8), msg(99), version + msg(SEARCH, 5, 13, 1, 1, size=64), version + msg(SEARCH, 5, 13, 1, 1, b"ABC", size=3),
              version + msg(SEARCH, 5, 13, 1, 1, pad(b"n" * 60_000)), version + msg(SEARCH, 5, 13, 1, 1), good,
              version + msg(99, size=4000) + good, version + msg(ECHO)]
    silent += [random.randbytes(random.randrange(200)) for _ in range(500)]
    with socket.socket(type=socket.SOCK_DGRAM) as udp:
        udp.connect((HOST, server.port))
        udp.settimeout(60)
        for data in silent:
            udp.send(data)
            udp.send(msg(VERSION, 1, 13, 4711) + good)
            equal(udp.recv(2048)[8:12], struct.pack(">I", 4711), f"answer to {data[:40]!r}")
        udp.send(version + good + msg(SEARCH, 5, 13, 1, 1, size=64))
        equal(len(udp.recv(2048)), 40, "bytes for the good search in front of a bad one")


@check
def random_messages_with_plausible_headers():
    generator = random.Random(1)
    for _ in range(300):
        with Talk() as talk:
            messages = []
            for _ in range(20):
                command = generator.choice([0, 1, 2, 3, 4, 6, 8, 9, 10, 12, 15, 18, 19, 20, 21, 23])
                payload = generator.randbytes(8 * generator.randrange(6))
                count = generator.choice([0, 1, 2, 17, 65535, generator.getrandbits(32)])
                p1 = generator.choice([talk.sid, 0, generator.getrandbits(32)])
                messages.append(msg(command, generator.randrange(42), count, p1, generator.getrandbits(32), payload))
            try:
                talk.send(*messages)
            except OSError:
                continue
            talk.next(0.01)


@check
def circuits_leave_half_of_the_files():
    with Server("daqd", "--files", 128) as few, contextlib.ExitStack() as stack:
        circuits = [stack.enter_context(Circuit(HOST, few.port, hello=False)) for _ in range(100)]
        equal(sum(circuit.next() is not None for circuit in circuits), 64, "circuits of a process that may open 128 files")
        circuits[0].close()

        def one_more():
            with Circuit(HOST, few.port, hello=False) as circuit:
                return circuit.next() is not None
        await_that("a place for another", one_more)


@check
def promises_within_the_limit_cost_nothing_before_they_come():
    """Messages of 60 MB that this server would take, begun and never ended."""
    with Server("daqd", image=8_000_000) as large, contextlib.ExitStack() as stack:
        circuits = [stack.enter_context(Circuit(HOST, large.port)) for _ in range(20)]
        numbers = [circuit.create("B:IMG").p2 for circuit in circuits]
        before = resident(large)
        for circuit, sid in zip(circuits, numbers):
            circuit.send(msg(WRITE, CHAR, 8_000_000, sid, 1, bytes(4096), extended=True, size=60_000_000))
        with Circuit(HOST, large.port) as other:
            expect(other.get(other.create("B:LO").p2, LONG, 1).p1 == 1, "another client was not answered")
        expect(resident(large) - before < 20_000, f"{resident(large) - before} kB for promises")


@check
def idle_connections_are_cheap():
    """Of a server that had none before, so that no memory is there to be used again."""
    with Server("daqd") as fresh, contextlib.ExitStack() as stack:
        def connected():
            circuit = stack.enter_context(Circuit(HOST, fresh.port))
            circuit.send(msg(ECHO))
            expect(circuit.expect(ECHO) is not None, "a connection was refused")
        connected()
        before, threads = resident(fresh), of_process("Threads", fresh)
        for _ in range(199):
            connected()
        grown = (resident(fresh) - before) / 199
        print(f"  {grown:.1f} kB a connection")
        expect(grown <= 4, f"{grown} kB a connection")
        equal(of_process("Threads", fresh), threads, "threads")


def resident(of=None):
    """Kilobytes of memory of a server, the one under test if none is given."""
    return of_process("VmRSS", of)


def of_process(word, of=None):
    with open(f"/proc/{(of or server).pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(word + ":"))


def and_others_are_answered(function):
    """The check, then a question by a client that did nothing wrong."""
    def both():
        function()
        with Talk("LO") as talk:
            message = talk.get(talk.sid, LONG, 1)
            expect(message is not None and message.p1 == 1, "another client was not answered:", message)
    both.__name__ = function.__name__
    return both


def main():
    global server
    CHECKS[:] = [and_others_are_answered(function) for function in CHECKS]
    with Server(sys.argv[1] if len(sys.argv) > 1 else "daqd") as server:
        run()


if __name__ == "__main__":
    main()
