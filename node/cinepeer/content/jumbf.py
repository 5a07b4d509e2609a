"""JUMBF boxes (ISO 19566-5) as C2PA 2 nests them: a store of manifests of assertions, a claim and its signature."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator

from cinepeer.errors import Refused

MAX_BOXES = 64
_KIND = bytes.fromhex("00110010800000aa00389b71")  # what follows four letters in each kind of box
_NAMED = 3  # the box may be asked for, and has a label


def box(kind: bytes, body: bytes) -> bytes:
    """A plain box."""
    return struct.pack(">I4s", 8 + len(body), kind) + body


def described(letters: bytes, label: str, *inner: bytes) -> bytes:
    """A box of boxes under its description: `letters` (four) say what it is."""
    return box(b"jumb", box(b"jumd", letters + _KIND + bytes([_NAMED]) + label.encode() + b"\0") + b"".join(inner))


def linked_digest(superbox: bytes) -> bytes:
    """What a claim says of a box that it names: the digest of all behind its first header."""
    return hashlib.sha256(superbox[8:]).digest()


def parse_described(data: bytes) -> tuple[bytes, str, list[bytes]]:
    """(letters, label, inner boxes whole) of one box of boxes; raises `Refused` (`bad-credentials`)."""
    kind, body = _whole(data)
    parts = list(_boxes(body))
    if kind != b"jumb" or not parts or parts[0][4:8] != b"jumd":
        raise _refused("no description", "a box of boxes with one")
    told = parts[0][8:]
    label, end, rest = told[17:].partition(b"\0")
    if told[4:17] != _KIND + bytes([_NAMED]) or not end or rest or not label.isascii():
        raise _refused("another description", "one with a label alone")
    return told[:4], label.decode(), parts[1:]


def parse_plain(data: bytes, kind: bytes) -> bytes:
    """The body of a plain box of a kind; raises `Refused` (`bad-credentials`)."""
    found, body = _whole(data)
    if found != kind:
        raise _refused(f"the box {found!r}", repr(kind))
    return body


def _whole(data: bytes) -> tuple[bytes, bytes]:
    found = list(_boxes(data))
    if len(found) != 1:
        raise _refused(f"{len(found)} boxes", "one")
    return found[0][4:8], found[0][8:]


def _boxes(data: bytes) -> Iterator[bytes]:
    at = count = 0
    while at < len(data):
        length = struct.unpack(">I", data[at : at + 4].rjust(4, b"\0"))[0]
        count += 1
        if length < 8 or at + length > len(data) or count > MAX_BOXES:
            raise _refused(f"a box of {length} bytes at {at}", "boxes that fill their place")
        yield data[at : at + length]
        at += length


def _refused(found: str, expected: str) -> Refused:
    return Refused("bad-credentials", f"found {found} in the content credentials, expected {expected}")
