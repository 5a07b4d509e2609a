"""The frames of `/cinepeer/sync/1`: one question, one answer, each a DAG-CBOR list that begins with its name.

| question | answer |
|---|---|
| `hello, version, network, scope, count, fingerprint` | `hello, version, network, scope, count, fingerprint` |
| `reconcile, negentropy frame` | `reconcile, negentropy frame` |
| `places, ids` | `places, places` |
| `records, ids` | `records, [packed record…]` |
| `give, [packed record…]` | `took, added, known, waiting, refused` |

Any question may be answered by `refused, reason`. Ids are the 32-byte digests of record ids in one byte string, places
whole numbers of 8 bytes each in another: so no frame takes more than a few times its own bytes when it is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import TypeVar

from cinepeer.errors import Refused
from cinepeer.records import dagcbor
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.records.record import Record, unpack, unpack_run
from cinepeer.replication.scope import EVERYTHING, Scope, encode_scope, read_scope

VERSION = 1
DIGEST_BYTES = 32
FINGERPRINT_BYTES = 16
PLACE_BYTES = 8
NOWHERE = 2**64 - 1
MAX_PLACES = 16384
MAX_RECORDS = 256
MAX_RECORDS_BYTES = 1 << 20
# One frame of negentropy: no smaller than what its other programs use, and read in a few hundredths of a second.
MAX_RECONCILE_BYTES = 1 << 16
# What a frame may be in all: its fullest list, with room for the lengths around each element.
MAX_FRAME_BYTES = 2 << 20
MAX_ITEMS = 4096
MAX_COUNT = 2**53

_BLOCK = attrgetter("block")
_REASON = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_PREFIX = bytes(Cid.of(b"", DAG_CBOR))[:-DIGEST_BYTES]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Hello:
    """Who speaks: the protocol's version, the network's id, the scope, and what is held.

    The asker states what it holds of its own scope, the answerer what it holds of both scopes.
    """

    version: int
    network: Cid
    scope: Scope = EVERYTHING
    count: int = 0
    fingerprint: bytes = bytes(FINGERPRINT_BYTES)


@dataclass(frozen=True, slots=True)
class Reconcile:
    """One frame of negentropy protocol v1 over (header time in ms, digest of the record id)."""

    frame: bytes


@dataclass(frozen=True, slots=True)
class PlacesWanted:
    """Ids of records that the asker lacks and wants to fetch in an order in which they can be admitted."""

    ids: tuple[Cid, ...]


@dataclass(frozen=True, slots=True)
class Places:
    """For each id a number: whoever takes records by ascending numbers can admit each. None: it is not held."""

    places: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class RecordsWanted:
    """Ids of records, or of bodies of theirs, that the asker lacks."""

    ids: tuple[Cid, ...]


@dataclass(frozen=True, slots=True)
class Give:
    """Records that the asker holds and the answerer lacks, in an order in which they can be admitted."""

    records: tuple[tuple[Record, bytes | None], ...]


@dataclass(frozen=True, slots=True)
class Records:
    """The records asked for, as many as fit, in an order in which they can be admitted."""

    records: tuple[tuple[Record, bytes | None], ...]


@dataclass(frozen=True, slots=True)
class Took:
    """What became of given records."""

    added: int
    known: int
    waiting: int
    refused: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """The answerer does not answer this question now, for a named reason: `busy` or `unable`."""

    reason: str


Question = Hello | Reconcile | PlacesWanted | RecordsWanted | Give
Answer = Hello | Reconcile | Places | Records | Took | Refusal
Frame = Question | Answer


def digest_of(record_id: Cid) -> bytes:
    """The 32 bytes under which a record is reconciled."""
    return record_id[-DIGEST_BYTES:]


def ids_of(digests: Iterable[bytes]) -> list[Cid]:
    """The record ids of many digests."""
    return [Cid(_PREFIX + digest) for digest in digests]


def encode(frame: Frame) -> bytes:
    """The bytes of a frame; the caller keeps to the limits (`batches` cuts records to them)."""
    match frame:
        case Hello(version, network, scope, count, fingerprint):
            return dagcbor.encode(["hello", version, network, encode_scope(scope), count, fingerprint])
        case Reconcile(data):
            return dagcbor.encode(["reconcile", data])
        case PlacesWanted(ids):
            return dagcbor.encode(["places", b"".join(map(digest_of, ids))])
        case Places(places):
            numbers = (NOWHERE if place is None else place for place in places)
            return dagcbor.encode(["places", b"".join(number.to_bytes(PLACE_BYTES, "big") for number in numbers)])
        case RecordsWanted(ids):
            return dagcbor.encode(["records", b"".join([one[-DIGEST_BYTES:] for one in ids])])
        case Records(records):
            return _pack_all(b"\x82\x67records", records)
        case Give(records):
            return _pack_all(b"\x82\x64give", records)
        case Took(added, known, waiting, refused):
            return dagcbor.encode(["took", added, known, waiting, refused])
        case Refusal(reason):
            return dagcbor.encode(["refused", reason])


def _pack_all(begin: bytes, records: Sequence[tuple[Record, bytes | None]]) -> bytes:
    """A frame of records, written by hand: it is what nearly all bytes of a sync are."""
    count = len(records)
    head = (
        bytes((0x80 | count,)) if count < 24 else b"\x98%c" % count if count < 256 else b"\x99%c%c" % divmod(count, 256)
    )
    pieces = [begin, head]
    for record, body in records:  # each as `pack` gives it, without a copy of its own
        block = record.block
        opening, ending = _around(len(block), None if body is None else len(body))
        pieces += (opening, block, ending) if body is None else (opening, block, ending, body)
    return b"".join(pieces)


@lru_cache(maxsize=4096)
def _around(block_size: int, body_size: int | None) -> tuple[bytes, bytes]:
    """What goes before the block of a pack within a list, and what goes between it and its body."""
    before = dagcbor.byte_string_head
    opening = b"\x82" + before(block_size)
    ending = b"\xf6" if body_size is None else before(body_size)
    return before(len(opening) + block_size + len(ending) + (body_size or 0)) + opening, ending


def parse_question(data: bytes) -> Question:
    """Reads a question from a stranger; raises `Refused` (`bad-frame`, `frame-too-large`, or the record's reason)."""
    records = _unpack(data, b"\x82\x64give")
    if records is not None:
        return Give(records)
    name, fields = _open(data)
    if name == "hello" and len(fields) == 5:
        return _hello(fields)
    if name == "reconcile" and len(fields) == 1:
        return Reconcile(_bytes(fields[0], MAX_RECONCILE_BYTES))
    if name == "places" and len(fields) == 1:
        return PlacesWanted(_ids(fields[0], MAX_PLACES))
    if name == "records" and len(fields) == 1:
        return RecordsWanted(_ids(fields[0], MAX_RECORDS))
    if name == "give" and len(fields) == 1:
        return Give(_records(fields[0]))
    raise Refused("bad-frame", f"found the question {name!r} with {len(fields)} fields, expected one of this protocol")


def parse_answer(data: bytes) -> Answer:
    """Reads an answer from a stranger; raises `Refused` (`bad-frame`, `frame-too-large`, or the record's reason)."""
    records = _unpack(data, b"\x82\x67records")
    if records is not None:
        return Records(records)
    name, fields = _open(data)
    if name == "hello" and len(fields) == 5:
        return _hello(fields)
    if name == "reconcile" and len(fields) == 1:
        return Reconcile(_bytes(fields[0], MAX_RECONCILE_BYTES))
    if name == "places" and len(fields) == 1:
        return Places(_places(fields[0]))
    if name == "records" and len(fields) == 1:
        return Records(_records(fields[0]))
    if name == "took" and len(fields) == 4:
        return Took(*(_count(field) for field in fields))
    if name == "refused" and len(fields) == 1:
        reason = fields[0]
        if isinstance(reason, str) and len(reason) <= 64 and _REASON.fullmatch(reason):
            return Refusal(reason)
    raise Refused("bad-frame", f"found the answer {name!r} with {len(fields)} fields, expected one of this protocol")


def batches(
    records: Iterable[tuple[Record, bytes | None]], max_bytes: int = MAX_RECORDS_BYTES, max_records: int = MAX_RECORDS
) -> list[list[tuple[Record, bytes | None]]]:
    """Cuts records into runs of at most `max_records` that pack into at most `max_bytes`, in their order."""
    pairs = list(records)
    # A packed pair and its length prefix: the two byte strings' own prefixes take at most ten bytes together.
    if pairs and len(pairs) <= max_records and _size_bytes(pairs) + 16 * len(pairs) <= max_bytes - 32:
        return [pairs]
    sizes = [len(record.block) + len(body or b"") + 16 for record, body in pairs]
    runs: list[list[tuple[Record, bytes | None]]] = []
    room = -1
    for pair, size in zip(pairs, sizes, strict=True):
        if not runs or room < size or len(runs[-1]) == max_records:
            runs.append([])
            room = max_bytes - 32
        runs[-1].append(pair)
        room -= size
    return runs


def _size_bytes(pairs: Sequence[tuple[Record, bytes | None]]) -> int:
    """The bytes of blocks and bodies."""
    records, bodies = zip(*pairs, strict=True)
    return sum(map(len, map(_BLOCK, records))) + sum(map(len, filter(None, bodies)))


def parse_records(data: bytes, max_records: int = MAX_RECORDS) -> tuple[tuple[Record, bytes | None], ...]:
    """Reads a bare DAG-CBOR list of packed records; raises `Refused`."""
    records = _unpack(data, b"")
    if records is not None and len(records) <= max_records:
        return records
    _check_items(data)
    return _records(dagcbor.decode(data, max_depth=2), max_records)


def _unpack(data: bytes, begin: bytes) -> tuple[tuple[Record, bytes | None], ...] | None:
    """The records of a frame in the form that it nearly always has; None for any other, which is read slowly."""
    at, end = len(begin), len(data)
    if not data.startswith(begin) or at == end or end > MAX_FRAME_BYTES:
        return None
    if 0x80 <= data[at] < 0x98:
        count, at = data[at] - 0x80, at + 1
    elif data[at] == 0x98 and at + 1 < end and data[at + 1] >= 24:
        count, at = data[at + 1], at + 2
    elif data[at : at + 3] == b"\x99\x01\x00":
        count, at = 256, at + 3
    else:
        return None
    found = unpack_run(data, at, count)
    return None if found is None else _distinct(tuple(found))


def _distinct(records: tuple[tuple[Record, bytes | None], ...]) -> tuple[tuple[Record, bytes | None], ...]:
    if len({record.id for record, _ in records}) != len(records):
        raise Refused("bad-frame", "found one id twice in a list, expected each once")
    return records


def _open(data: bytes) -> tuple[str, list[object]]:
    """The name and the fields of a frame."""
    if len(data) > MAX_FRAME_BYTES:
        raise Refused("frame-too-large", f"found a frame of {len(data)} bytes, expected at most {MAX_FRAME_BYTES}")
    _check_items(data)
    value = dagcbor.decode(data, max_depth=4)
    if not isinstance(value, list) or not value or not isinstance(value[0], str):
        raise Refused("bad-frame", "found no list that begins with a name, expected a frame")
    return value[0][:32], list(value[1:])


def _check_items(data: bytes) -> None:
    """Refuses a frame of many small items before they are made: as values they would take fifty times their bytes."""
    at = items = 0
    while at < len(data):
        items += 1
        if items > MAX_ITEMS:
            raise Refused("bad-frame", f"found more than {MAX_ITEMS} items in one frame")
        major, info = data[at] >> 5, data[at] & 31
        width = 1 << info - 24 if 24 <= info < 28 else 0
        at += 1 + width
        if major in (2, 3):
            at += int.from_bytes(data[at - width : at], "big") if width else info


def _hello(fields: list[object]) -> Hello:
    version, network, scope, count, fingerprint = fields
    if not isinstance(network, Cid):
        raise Refused("bad-frame", f"found {network!r:.80}, expected a link")
    if len(_bytes(fingerprint, FINGERPRINT_BYTES)) != FINGERPRINT_BYTES:
        raise Refused("bad-frame", f"found a fingerprint that is not of {FINGERPRINT_BYTES} bytes")
    return Hello(_count(version), network, read_scope(scope), _count(count), _bytes(fingerprint, FINGERPRINT_BYTES))


def _list(value: object, limit: int, read: Callable[[object], T]) -> tuple[T, ...]:
    if not isinstance(value, list):
        raise Refused("bad-frame", f"found {type(value).__name__}, expected a list")
    if len(value) > limit:
        raise Refused("bad-frame", f"found a list of {len(value)}, expected at most {limit}")
    return tuple(read(item) for item in value)


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_COUNT:
        raise Refused("bad-frame", f"found {value!r:.40}, expected a count")
    return value


def _bytes(value: object, most: int) -> bytes:
    if type(value) is not bytes or len(value) > most:
        raise Refused("bad-frame", f"found {value!r:.80}, expected at most {most} bytes")
    return value


def _rows(value: object, row_bytes: int, limit: int) -> list[bytes]:
    """The equal parts of a byte string."""
    data = _bytes(value, row_bytes * limit)
    if len(data) % row_bytes:
        raise Refused("bad-frame", f"found {len(data)} bytes, expected a multiple of {row_bytes}")
    return [data[at : at + row_bytes] for at in range(0, len(data), row_bytes)]


def _ids(value: object, limit: int) -> tuple[Cid, ...]:
    ids = tuple(ids_of(_rows(value, DIGEST_BYTES, limit)))
    if len(set(ids)) != len(ids):
        raise Refused("bad-frame", "found one id twice in a list, expected each once")
    return ids


def _places(value: object) -> tuple[int | None, ...]:
    numbers = (int.from_bytes(row, "big") for row in _rows(value, PLACE_BYTES, MAX_PLACES))
    return tuple(None if number == NOWHERE else number for number in numbers)


def _records(value: object, limit: int = MAX_RECORDS) -> tuple[tuple[Record, bytes | None], ...]:
    return _distinct(_list(value, limit, lambda item: unpack(_bytes(item, MAX_RECORDS_BYTES))))
