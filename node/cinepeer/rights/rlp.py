"""Recursive length prefix, both ways, one form for one value (Ethereum Yellow Paper, appendix B)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from cinepeer.errors import Refused

Item: TypeAlias = "bytes | list[Item]"
Encodable: TypeAlias = "bytes | Sequence[Encodable]"

_SHORT = 55
_MAX_DEPTH = 16


def encode(item: Encodable) -> bytes:
    """The RLP of bytes or of nested sequences of bytes."""
    if isinstance(item, bytes):
        if len(item) == 1 and item[0] < 0x80:
            return item
        return _prefix(len(item), 0x80) + item
    payload = b"".join(encode(part) for part in item)
    return _prefix(len(payload), 0xC0) + payload


def encode_uint(value: int) -> bytes:
    """The bytes of a scalar as RLP wants them: big-endian, no leading zero, zero is empty (not yet prefixed)."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def decode(data: bytes) -> Item:
    """Reads exactly one item; raises `Refused` (`bad-rlp`) for a non-canonical, truncated or longer input."""
    item, end = _read(data, 0, len(data), 0)
    if end != len(data):
        raise Refused("bad-rlp", f"found {len(data) - end} bytes after the RLP item, expected its end at byte {end}")
    return item


def decode_uint(data: bytes) -> int:
    """A scalar from its RLP payload; raises `Refused` (`bad-rlp`) for a leading zero or more than 32 bytes."""
    if len(data) > 32 or data[:1] == b"\0":
        raise Refused("bad-rlp", f"found {data[:40].hex()}, expected an integer without leading zero up to 32 bytes")
    return int.from_bytes(data, "big")


def _prefix(length: int, offset: int) -> bytes:
    if length <= _SHORT:
        return bytes((offset + length,))
    size = encode_uint(length)
    return bytes((offset + _SHORT + len(size),)) + size


def _read(data: bytes, start: int, limit: int, depth: int) -> tuple[Item, int]:
    """The item at `start`, within `limit`, and the position after it."""
    if start >= limit:
        raise Refused("bad-rlp", f"found the end at byte {start}, expected an RLP item")
    if depth > _MAX_DEPTH:
        raise Refused("bad-rlp", f"found lists nested deeper than {_MAX_DEPTH}, expected a flatter RLP item")
    first = data[start]
    if first < 0x80:
        return data[start : start + 1], start + 1
    is_list = first >= 0xC0
    begin, end = _span(data, start, limit, first - (0xC0 if is_list else 0x80))
    if not is_list:
        if end - begin == 1 and data[begin] < 0x80:
            raise Refused("bad-rlp", f"found a prefixed small byte at byte {start}, expected the byte alone")
        return data[begin:end], end
    items: list[Item] = []
    while begin < end:
        item, begin = _read(data, begin, end, depth + 1)
        items.append(item)
    return items, end


def _span(data: bytes, start: int, limit: int, length: int) -> tuple[int, int]:
    """Where the payload of the item at `start` begins and ends; `length` is its first byte less the offset."""
    begin = start + 1
    if length > _SHORT:
        begin += length - _SHORT
        size = data[start + 1 : begin]
        length = int.from_bytes(size, "big")
        if begin > limit or size[0] == 0 or length <= _SHORT:
            raise Refused("bad-rlp", f"found a bad length at byte {start}, expected the shortest form within the item")
    if begin + length > limit:
        raise Refused("bad-rlp", f"found {limit - begin} bytes at byte {begin}, expected {length}")
    return begin, begin + length
