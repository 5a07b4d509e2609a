"""DAG-CBOR, one form for each value, both ways (https://ipld.io/specs/codecs/dag-cbor/spec/).

A value is None, a bool, an int of 64 bits, a finite float, text, bytes, a `Cid`, a list, or a map with text keys.
`decode` takes exactly what `encode` gives, in time and memory bounded by the length of the input.
"""

from __future__ import annotations

import math
import struct
from typing import TypeAlias

from cinepeer.errors import Refused
from cinepeer.records.cid import CODECS, Cid

Value: TypeAlias = "bool | int | float | str | bytes | Cid | list[Value] | dict[str, Value] | None"

MAX_DEPTH = 32

_DOUBLE = struct.Struct(">d")
_MINUS_ZERO = _DOUBLE.pack(-0.0)
_HEADS = (struct.Struct(">BB"), struct.Struct(">BH"), struct.Struct(">BI"), struct.Struct(">BQ"))
# The least number that may stand in 1, 2, 4 and 8 bytes: a smaller one has a shorter form.
_LEAST = (24, 1 << 8, 1 << 16, 1 << 32)
_LINK = b"\xd8\x2a\x58\x25\x00"  # tag 42, 37 bytes, the prefix 0x00
_LINK_SIZE = len(_LINK) + 36
_SHA2_256 = b"\x12\x20"
_SIMPLE: dict[int, bool | None] = {0xF4: False, 0xF5: True, 0xF6: None}


def encode(value: Value, *, max_depth: int = MAX_DEPTH) -> bytes:
    """The one encoding of `value`; raises `Refused` (`not-canonical`) for a value that has none."""
    out = bytearray()
    _write(out, value, max_depth)
    return bytes(out)


def byte_string_head(size: int) -> bytes:
    """What goes before a byte string of `size` bytes: for who writes very many of them by hand."""
    if size < len(_BYTE_HEADS):
        return _BYTE_HEADS[size]
    out = bytearray()
    _head(out, 2, size)
    return bytes(out)


def decode(data: bytes, *, max_depth: int = MAX_DEPTH) -> Value:
    """Reads one value; raises `Refused` (`not-canonical`) for anything that `encode` would not give.

    `max_depth` bounds how many lists and maps may lie in each other.
    """
    try:
        value, end = _read(bytes(data), 0, max_depth)
    except (IndexError, struct.error):
        raise _refused(f"the end after {len(data)} bytes", "the rest of a value") from None
    except UnicodeDecodeError:
        raise _refused("text that is not UTF-8", "UTF-8") from None
    if end != len(data):
        raise _refused(f"{len(data) - end} bytes after the value", "none")
    return value


def _refused(found: str, expected: str) -> Refused:
    return Refused("not-canonical", f"found {found}, expected {expected}")


# Writing


def _head(out: bytearray, major: int, number: int) -> None:
    """A major type with its number, as short as it goes."""
    if number < 24:
        out.append(major << 5 | number)
        return
    for width, least in enumerate(_LEAST[1:]):
        if number < least:
            out += _HEADS[width].pack(major << 5 | 24 + width, number)
            return
    if number >> 64:
        raise _refused("a number beyond 64 bits", "one within")
    out += _HEADS[3].pack(major << 5 | 27, number)


def _byte_heads(count: int) -> list[bytes]:
    heads = []
    for size in range(count):
        out = bytearray()
        _head(out, 2, size)
        heads.append(bytes(out))
    return heads


_BYTE_HEADS = _byte_heads(2_048)  # of the lengths that nearly all records and bodies have


def _text(out: bytearray, text: str) -> None:
    try:
        data = text.encode()
    except UnicodeEncodeError:
        raise _refused("text with half a surrogate pair", "Unicode text") from None
    _head(out, 3, len(data))
    out += data


def _write(out: bytearray, value: Value, depth: int) -> None:
    if isinstance(value, str):
        _text(out, value)
    elif isinstance(value, Cid):
        out += b"\xd8\x2a"
        _head(out, 2, len(value) + 1)
        out += b"\0" + value
    elif isinstance(value, bytes):
        _head(out, 2, len(value))
        out += value
    elif value is None or isinstance(value, bool):
        out.append(0xF6 if value is None else 0xF5 if value else 0xF4)
    elif isinstance(value, int):
        _head(out, 0, value) if value >= 0 else _head(out, 1, -1 - value)
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise _refused(str(value), "a finite number")
        out.append(0xFB)
        out += _DOUBLE.pack(value or 0.0)  # minus zero is zero: one value, one form
    elif not isinstance(value, list | tuple | dict):
        raise _refused(type(value).__name__, "a value of DAG-CBOR")
    elif depth <= 0:
        raise _refused("lists and maps nested too deep", "fewer in each other")
    elif isinstance(value, dict):
        _write_map(out, value, depth - 1)
    else:
        _head(out, 4, len(value))
        for item in value:
            _write(out, item, depth - 1)


def _write_map(out: bytearray, value: dict[str, Value], depth: int) -> None:
    """Entries in the order of their keys' bytes, shorter keys first."""
    entries = []
    for key, item in value.items():
        if not isinstance(key, str):
            raise _refused(f"a key of {type(key).__name__}", "text")
        head = bytearray()
        _text(head, key)
        entries.append((bytes(head), item))
    # A key begins with its length, so that the order of the encoded keys is the order by length, then by bytes.
    entries.sort(key=lambda entry: entry[0])
    _head(out, 5, len(entries))
    for written, item in entries:
        out += written
        _write(out, item, depth)


# Reading


def _number(data: bytes, at: int, info: int) -> tuple[int, int]:
    """The number that stands in the 1, 2, 4 or 8 bytes at `at`, and where they end."""
    width = info - 24
    if not 0 <= width < 4:
        raise _refused(f"the length form {info}", "a definite length in the shortest form")
    end = at + (1 << width)
    if end > len(data):
        raise IndexError
    number = int.from_bytes(data[at:end], "big")
    if number < _LEAST[width]:
        raise _refused(f"{number} in {1 << width} bytes", "the shortest form")
    return number, end


def _read(data: bytes, at: int, depth: int) -> tuple[Value, int]:
    """The value that begins at `at`, and where it ends; raises IndexError where the bytes end too early."""
    first = data[at]
    at += 1
    major, number = first >> 5, first & 31
    if major == 7:
        return _read_simple(data, at, first)
    if number > 23:
        number, at = _number(data, at, number)
    if major == 3:
        end = at + number
        if end > len(data):
            raise IndexError
        return data[at:end].decode(), end
    if major == 0:
        return number, at
    if major == 2:
        end = at + number
        if end > len(data):
            raise IndexError
        return data[at:end], end
    if major == 1:
        return -1 - number, at
    if major == 6:
        return _read_link(data, at, number)
    if depth <= 0:
        raise _refused("lists and maps nested too deep", "fewer in each other")
    if major == 5:
        return _read_map(data, at, depth - 1, number)
    items = []
    for _ in range(number):  # a false length ends at the last byte: every item takes one
        item, at = _read(data, at, depth - 1)
        items.append(item)
    return items, at


def _read_simple(data: bytes, at: int, first: int) -> tuple[Value, int]:
    if first in _SIMPLE:
        return _SIMPLE[first], at
    if first != 0xFB:
        raise _refused(f"the byte {first:#04x}", "null, a bool or a float of 64 bits")
    value = _DOUBLE.unpack_from(data, at)[0]
    if not math.isfinite(value) or data[at : at + 8] == _MINUS_ZERO:
        raise _refused(str(value), "a finite number that is not minus zero")
    return value, at + 8


def _read_link(data: bytes, at: int, tag: int) -> tuple[Value, int]:
    """The CID of a link whose tag ended at `at`."""
    if tag != 42:
        raise _refused(f"the tag {tag}", "42")
    start, end = at - 2, at - 2 + _LINK_SIZE
    form = data[start : start + len(_LINK)]
    if form != _LINK:
        raise _refused(f"the link {data[at : at + 8].hex()}…", "37 bytes: 0x00 and a CIDv1 with sha2-256")
    cid = data[start + len(_LINK) : end]
    if len(cid) != 36:
        raise IndexError
    if cid[0] != 1 or cid[1] not in CODECS or cid[2:4] != _SHA2_256:
        raise _refused(f"the CID {cid.hex()}", "a CIDv1 with sha2-256 of raw, dag-pb or dag-cbor")
    return Cid(cid), end


def _read_map(data: bytes, at: int, depth: int, size: int) -> tuple[Value, int]:
    found: dict[str, Value] = {}
    before = b""
    for _ in range(size):
        start, length = at, data[at] - 0x60
        at += 1
        if not 0 <= length < 32:
            raise _refused(f"a key that begins with {length + 0x60:#04x}", "text")
        if length > 23:
            length, at = _number(data, at, length)
        end = at + length  # beyond the end there is no value to read
        written = data[start:end]
        # The encoded keys ascend strictly: so they are in order, and none is there twice.
        if written <= before:
            raise _refused(f"the key {data[at:end]!r:.60} out of order or twice", "keys by length, then by bytes")
        before = written
        found[data[at:end].decode()], at = _read(data, end, depth)
    return found, at
