# Part of daqd
# SPDX-License-Identifier: MIT
"""The payloads of Channel Access replies as text: what stands in front of the value, then the elements.

Times are shown as set or not set, and bytes behind a text's NUL and between fields are passed over: they are what two
servers, or two runs of one, may differ in.
"""
import struct

KINDS = "STRING SHORT FLOAT ENUM CHAR LONG DOUBLE".split()
CLASSES = "DBR STS TIME GR CTRL".split()
CODES = {"SHORT": "h", "FLOAT": "f", "ENUM": "H", "CHAR": "B", "LONG": "i", "DOUBLE": "d"}
VALUE_AT = {
    "DBR": [0] * 7, "STS": [4, 4, 4, 4, 5, 4, 8], "TIME": [12, 12 + 2, 12, 12 + 2, 12 + 3, 12, 16],
    "GR": [4, 24, 40, 422, 19, 36, 64], "CTRL": [4, 28, 48, 422, 21, 44, 80],
}
LIMITS_AT = {"SHORT": 12, "LONG": 12, "CHAR": 12, "FLOAT": 16, "DOUBLE": 16}
LIMITS = {"GR": 6, "CTRL": 8}
SPECIAL = {35: "PUT_ACKT", 36: "PUT_ACKS", 37: "STSACK_STRING", 38: "CLASS_NAME"}


def type_name(number):
    if number in SPECIAL:
        return SPECIAL[number]
    return KINDS[number % 7] if number < 7 else f"{CLASSES[number // 7]}_{KINDS[number % 7]}" if number < 35 else str(number)


def text(data):
    return data.split(b"\0")[0].decode("utf-8", "backslashreplace")


def number(value):
    return f"{value:.9g}" if isinstance(value, float) else str(value)


def elements(kind, count, data):
    if kind == "STRING":
        return [repr(text(data[40 * index:40 * index + 40])) for index in range(count)]
    code = CODES[kind]
    size = struct.calcsize(code)
    return [number(value) for value in struct.unpack(f">{count}{code}", data[:count * size])]


def front(group, kind, data):
    """Status, severity, time, units, precision, limits and states, where the type has them."""
    if group == "DBR":
        return []
    status, severity = struct.unpack_from(">HH", data)
    parts = [f"{status}/{severity}"]
    if group == "TIME":
        parts.append("time" if any(data[4:12]) else "no time")
    elif group in LIMITS and kind == "ENUM":
        states = struct.unpack_from(">H", data, 4)[0]
        parts.append("states " + ",".join(text(data[6 + 26 * index:32 + 26 * index]) for index in range(states)))
    elif group in LIMITS and kind != "STRING":
        if kind in ("FLOAT", "DOUBLE"):
            parts.append(f"precision {struct.unpack_from('>h', data, 4)[0]}")
        parts.append(f"units {text(data[8:16] if kind in ('FLOAT', 'DOUBLE') else data[4:12])!r}")
        limits = struct.unpack_from(f">{LIMITS[group]}{CODES[kind]}", data, LIMITS_AT[kind])
        parts.append("limits " + " ".join(map(number, limits)))
    return parts


def shown(dtype, count, data):
    """A payload as text."""
    if dtype == 37:
        status, severity, ackt, acks = struct.unpack_from(">4H", data)
        return f"{status}/{severity} ackt {ackt} acks {acks} {text(data[8:48])!r}"
    if dtype == 38:
        return repr(text(data))
    if dtype > 34:
        return data.hex()
    group, kind = CLASSES[dtype // 7], KINDS[dtype % 7]
    try:
        values = elements(kind, count, data[VALUE_AT[group][dtype % 7]:])
        return " ".join([*front(group, kind, data), "[" + ", ".join(abridged(values)) + "]"])
    except struct.error:
        return f"{len(data)} bytes, too few for {type_name(dtype)} × {count}"


def abridged(values):
    return values if len(values) <= 20 else [*values[:3], "…", f"{len(values)} in all"]
