"""CIDs that hold their block themselves, under the identity hash (https://github.com/multiformats/multicodec)."""

from __future__ import annotations

import base64

from cinepeer.errors import Refused

EMPTY = "bafkqaaa"  # the empty raw block: how a trustless gateway is known to be one
MAX_BYTES = 128

_PREFIX = b"\x01\x55\x00"  # version 1, raw, identity
_START = "bafkqa"


def is_identity(text: str) -> bool:
    """Whether a text begins as a raw CIDv1 under the identity hash does; never raises."""
    return text.startswith(_START)


def read_identity(text: str) -> bytes:
    """The bytes that the CID holds; raises `Refused` (`bad-cid`) for any other CID or more than 128 bytes."""
    try:
        if text != text.lower():
            raise ValueError
        data = base64.b32decode(text[1:].upper() + "=" * (-len(text[1:]) % 8))
    except ValueError:
        data = b""
    block = data[len(_PREFIX) + 1 :]
    is_whole = data[: len(_PREFIX)] == _PREFIX and data[len(_PREFIX) : len(_PREFIX) + 1] == bytes((len(block) & 0x7F,))
    if not is_whole or len(block) >= MAX_BYTES or "b" + base64.b32encode(data).decode().lower().rstrip("=") != text:
        raise Refused("bad-cid", f"found {text[:80]!r}, expected a raw CIDv1 that holds fewer than {MAX_BYTES} bytes")
    return block


def name_identity(block: bytes) -> bytes:
    """The bytes of the CID that holds a raw block of fewer than 128 bytes."""
    return _PREFIX + bytes((len(block),)) + block
