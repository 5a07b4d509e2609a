"""Introductions: a checkpoint's record with the keys of who signed it, for a node or a client that holds no records.

Whoever reads one learns that this author's device states this checkpoint, and nothing else: what the device signed
before is not there, nor what others say. So it is shown as "computed by X, not replayed" and counts nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from cinepeer.errors import Refused
from cinepeer.records import dagcbor
from cinepeer.records.bodies import KEY_KINDS, parse_body
from cinepeer.records.feed import AHEAD_MS, Feeds
from cinepeer.records.record import MAX_BODY_BYTES, Record, parse_record, verify_body, verify_record

KIND = "checkpoint"
MOST = 8
MAX_KEYS = 1024
MAX_BYTES = 2 << 20


@dataclass(frozen=True, slots=True)
class Introduction:
    """A checkpoint's record and body, and its author's key feeds in an order in which they can be admitted."""

    record: Record
    body: bytes
    keys: tuple[tuple[Record, bytes | None], ...]


def encode_introductions(found: Iterable[Introduction]) -> bytes:
    """The first `MOST` of them that fit `MAX_BYTES`: a list of `[[record, body], [[record, body or null], …]]`."""
    told: list[dagcbor.Value] = []
    size_bytes = 0
    for one in list(found)[:MOST]:
        item: list[Any] = [[one.record.block, one.body], [[record.block, body] for record, body in one.keys]]
        size_bytes += len(dagcbor.encode(item))
        if size_bytes > MAX_BYTES - 16:
            break
        told.append(item)
    return dagcbor.encode(told)


def parse_introductions(data: bytes, now_ms: int) -> list[Introduction]:
    """Reads and verifies what a stranger tells; `now_ms` is the reader's clock. Raises `Refused` at the first lie."""
    if len(data) > MAX_BYTES:
        raise _bad(f"{len(data)} bytes", f"at most {MAX_BYTES}")
    told: Any = dagcbor.decode(data)
    if not isinstance(told, list) or len(told) > MOST:
        raise _bad("no list of introductions", f"one of at most {MOST}")
    return [_parse(one, now_ms) for one in told]


def _parse(told: Any, now_ms: int) -> Introduction:
    if not isinstance(told, list) or len(told) != 2 or not isinstance(told[1], list) or len(told[1]) > MAX_KEYS:
        raise _bad("another shape", f"a record with its body, and at most {MAX_KEYS} records of keys")
    record, body = _pair(told[0])
    if record.kind != KIND or body is None:
        raise _bad(f"a record of kind {record.kind} or no body", "a checkpoint with its body")
    keys = tuple(map(_pair, told[1]))
    verify_record(record)
    verify_body(record, body)
    _verify_keys(record, keys, now_ms)
    if int(str(parse_body(KIND, body)["moment"])) > now_ms + AHEAD_MS:
        raise _bad("a moment to come", "one that was")
    return Introduction(record, body, keys)


def _verify_keys(record: Record, keys: Sequence[tuple[Record, bytes | None]], now_ms: int) -> None:
    """Raises `Refused` unless these keys, and no others, admit the device that signed."""
    feeds = Feeds()
    for key, body in keys:
        if key.author != record.author:
            raise _bad(f"a key record of {key.author}", f"those of {record.author} alone")
        verify_record(key)
        missing = feeds.missing(key, now_ms)
        if missing is not None:
            raise Refused("not-connected", f"found the record {key.id} before its {missing}, expected it after")
        feeds.verify(key, body)
        feeds.apply(key, body)
    device = feeds.devices(record.author).get(record.device)
    if device is None or not device.span.covers(record.seq, record.id):
        raise _bad("a device that its author's keys do not admit", "one that they do")


def _pair(told: Any) -> tuple[Record, bytes | None]:
    if not isinstance(told, list) or len(told) != 2 or not isinstance(told[0], bytes):
        raise _bad("something else", "a record and its body")
    body = told[1]
    if body is not None and (not isinstance(body, bytes) or len(body) > MAX_BODY_BYTES):
        raise _bad("a body that is no bytes or too long", f"at most {MAX_BODY_BYTES}")
    return parse_record(told[0]), body


def key_pairs(pairs: Iterable[tuple[Record, bytes | None]]) -> tuple[tuple[Record, bytes | None], ...]:
    """The records of root feeds as an introduction tells them: bodies where they carry keys, else none."""
    return tuple((record, body if record.kind in KEY_KINDS else None) for record, body in pairs)


def _bad(found: str, expected: str) -> Refused:
    return Refused("bad-introduction", f"found {found} in an introduction, expected {expected}")
