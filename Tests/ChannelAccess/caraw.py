# Part of daqd
# SPDX-License-Identifier: MIT
"""A raw Channel Access client of the standard library alone: every message is built by hand, so also wrong ones."""
import socket
import struct
import time

(VERSION, EVENT_ADD, EVENT_CANCEL, READ, WRITE, SNAPSHOT, SEARCH, BUILD, EVENTS_OFF, EVENTS_ON, READ_SYNC, ERROR,
 CLEAR_CHANNEL, RSRV_IS_UP, NOT_FOUND, READ_NOTIFY, READ_BUILD, REPEATER_CONFIRM, CREATE_CHAN, WRITE_NOTIFY,
 CLIENT_NAME, HOST_NAME, ACCESS_RIGHTS, ECHO, REPEATER_REGISTER, SIGNAL, CREATE_CH_FAIL, SERVER_DISCONN) = range(28)
NAMES = ("VERSION EVENT_ADD EVENT_CANCEL READ WRITE SNAPSHOT SEARCH BUILD EVENTS_OFF EVENTS_ON READ_SYNC ERROR "
         "CLEAR_CHANNEL RSRV_IS_UP NOT_FOUND READ_NOTIFY READ_BUILD REPEATER_CONFIRM CREATE_CHAN WRITE_NOTIFY "
         "CLIENT_NAME HOST_NAME ACCESS_RIGHTS ECHO REPEATER_REGISTER SIGNAL CREATE_CH_FAIL SERVER_DISCONN").split()
(STRING, SHORT, FLOAT, ENUM, CHAR, LONG, DOUBLE) = range(7)
LIMIT = 60.0  # seconds until what must come has come, also on a busy machine


def pad(data):
    return data + b"\0" * (-len(data) % 8)


def name_bytes(name):
    return pad(name.encode("latin-1") + b"\0")


def msg(command, dtype=0, count=0, p1=0, p2=0, payload=b"", extended=None, size=None):
    length = len(payload) if size is None else size
    if extended is None:
        extended = length >= 0xFFFF or count >= 0xFFFF
    if extended:
        return struct.pack(">HHHHIIII", command, 0xFFFF, dtype, 0, p1, p2, length, count) + payload
    return struct.pack(">HHHHII", command, length, dtype, count, p1, p2) + payload


class Msg:
    __slots__ = ("cmd", "dtype", "count", "p1", "p2", "payload", "ext")

    def __init__(self, *fields):
        self.cmd, self.dtype, self.count, self.p1, self.p2, self.payload, self.ext = fields

    def __repr__(self):
        name = NAMES[self.cmd] if self.cmd < len(NAMES) else str(self.cmd)
        shown = self.payload if len(self.payload) <= 64 else self.payload[:48] + b"..."
        return (f"{name}(type={self.dtype} count={self.count} p1={self.p1:#x} p2={self.p2:#x} "
                f"size={len(self.payload)}{' ext' if self.ext else ''} {shown!r})")


class Circuit:
    """One TCP connection to a server; `closed` says whether the server ended it."""

    def __init__(self, host, port, version=13, priority=0, hello=True, timeout=LIMIT, receive_buffer=None):
        self.sock = socket.socket()
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.settimeout(timeout)
        self.sock.connect((host, port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray()
        self.closed = False
        self.cid = 100
        if hello:
            self.send(msg(VERSION, priority, version), msg(CLIENT_NAME, payload=pad(b"probe\0")),
                      msg(HOST_NAME, payload=pad(b"probehost\0")))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, *messages):
        self.sock.settimeout(LIMIT)
        self.sock.sendall(b"".join(messages))

    def fill(self, timeout):
        self.sock.settimeout(timeout)
        try:
            data = self.sock.recv(1 << 20)
        except (TimeoutError, socket.timeout):
            return
        except OSError:
            data = b""
        self.closed = not data
        self.buffer += data

    def next(self, timeout=LIMIT):
        """The next message, or None when none came in time or the circuit was closed."""
        end = time.monotonic() + timeout
        while True:
            if message := self.parsed():
                return message
            left = end - time.monotonic()
            if left <= 0 or self.closed:
                return None
            self.fill(left)

    def parsed(self):
        buffer = self.buffer
        if len(buffer) < 16:
            return None
        command, length, dtype, count, p1, p2 = struct.unpack_from(">HHHHII", buffer)
        head = 16
        if length == 0xFFFF:
            if len(buffer) < 24:
                return None
            length, count = struct.unpack_from(">II", buffer, 16)
            head = 24
        if len(buffer) < head + length:
            return None
        payload = bytes(buffer[head:head + length])
        del buffer[:head + length]
        return Msg(command, dtype, count, p1, p2, payload, head == 24)

    def drain(self, timeout=0.5):
        """All messages until none came for so long."""
        messages = []
        while (message := self.next(timeout)) is not None:
            messages.append(message)
        return messages

    def expect(self, command, timeout=LIMIT):
        """The next message of that command, or an ERROR or CREATE_CH_FAIL before it; others are passed over."""
        end = time.monotonic() + timeout
        while True:
            message = self.next(max(0.01, end - time.monotonic()))
            if message is None or message.cmd in (command, ERROR, CREATE_CH_FAIL):
                return message

    def create(self, name, minor=13):
        self.cid += 1
        self.send(msg(CREATE_CHAN, 0, 0, self.cid, minor, name_bytes(name)))
        return self.expect(CREATE_CHAN)

    def get(self, sid, dtype, count, ioid=7, timeout=LIMIT):
        self.send(msg(READ_NOTIFY, dtype, count, sid, ioid))
        return self.expect(READ_NOTIFY, timeout)

    def close(self):
        self.sock.close()
