"""The frames of `/cinepeer/sync/1`: one question, one answer, each a DAG-CBOR list that begins with its name.

| question | answer |
|---|---|
| `hello, version, network` | `hello, version, network` |
| `compare, after, until, [[device, count, digest]…]` | `differs, until, [[device, count, digest]…]` |
| `ids, [[device, skip]…]` | `ids, [[device, total, [record id…]]…]` |
| `records, [record id…]` | `records, [packed record…]` |
| `give, [packed record…]` | `took, added, known, waiting, refused` |

Any question may be answered by `refused, reason`. `compare` and `ids` find the difference; another way of finding it
can take their place without touching the frames that carry records.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

from cinepeer.errors import Refused
from cinepeer.records import dagcbor
from cinepeer.records.cid import Cid
from cinepeer.records.record import Record, pack, unpack

VERSION = 1
DEVICE_BYTES = 32
DIGEST_BYTES = 16
MAX_DEVICES = 4096
MAX_IDS = 16384
MAX_RECORDS = 256
MAX_RECORDS_BYTES = 1 << 20
# What a frame may be in all: its fullest list, with room for the lengths around each element.
MAX_FRAME_BYTES = 2 << 20
MAX_COUNT = 2**53

_REASON = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Hello:
    """Who speaks: the protocol's version and the id of the network."""

    version: int
    network: Cid


@dataclass(frozen=True, slots=True)
class Summary:
    """What one side holds of one device: how many records, and 16 bytes of digest over their sorted ids."""

    device: bytes
    count: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Compare:
    """The asker's summaries of all its devices in the range after < device <= until; no until means to the end."""

    after: bytes
    until: bytes | None
    summaries: tuple[Summary, ...]


@dataclass(frozen=True, slots=True)
class Differs:
    """The devices up to `until` of which the two sides hold different records, as the answerer holds them."""

    until: bytes | None
    summaries: tuple[Summary, ...]


@dataclass(frozen=True, slots=True)
class IdsWanted:
    """Devices with the number of ids to skip at the front of each."""

    devices: tuple[tuple[bytes, int], ...]


@dataclass(frozen=True, slots=True)
class Ids:
    """Ids in feed order: (device, how many there are in all, those from the asked place on). The last may be cut."""

    devices: tuple[tuple[bytes, int, tuple[Cid, ...]], ...]


@dataclass(frozen=True, slots=True)
class RecordsWanted:
    """Ids of records that the asker lacks."""

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
    """The answerer refused the question, for a named reason."""

    reason: str


Question = Hello | Compare | IdsWanted | RecordsWanted | Give
Answer = Hello | Differs | Ids | Records | Took | Refusal
Frame = Question | Answer


def encode(frame: Frame) -> bytes:
    """The bytes of a frame; the caller keeps to the limits (`batches` cuts records to them)."""
    match frame:
        case Hello(version, network):
            return dagcbor.encode(["hello", version, network])
        case Compare(after, until, summaries):
            return dagcbor.encode(["compare", after, until, [[one.device, one.count, one.digest] for one in summaries]])
        case Differs(until, summaries):
            return dagcbor.encode(["differs", until, [[one.device, one.count, one.digest] for one in summaries]])
        case IdsWanted(wanted):
            return dagcbor.encode(["ids", [list(one) for one in wanted]])
        case Ids(devices):
            return dagcbor.encode(["ids", [[device, total, list(ids)] for device, total, ids in devices]])
        case RecordsWanted(ids):
            return dagcbor.encode(["records", list(ids)])
        case Records(records):
            return dagcbor.encode(["records", [pack(record, body) for record, body in records]])
        case Give(records):
            return dagcbor.encode(["give", [pack(record, body) for record, body in records]])
        case Took(added, known, waiting, refused):
            return dagcbor.encode(["took", added, known, waiting, refused])
        case Refusal(reason):
            return dagcbor.encode(["refused", reason])


def parse_question(data: bytes) -> Question:
    """Reads a question from a stranger; raises `Refused` (`bad-frame`, `frame-too-large`, or the record's reason)."""
    name, fields = _open(data)
    if name == "hello" and len(fields) == 2:
        return Hello(_count(fields[0]), _cid(fields[1]))
    if name == "compare" and len(fields) == 3:
        after = _bytes(fields[0], DEVICE_BYTES, or_empty=True)
        until = None if fields[1] is None else _bytes(fields[1], DEVICE_BYTES)
        return Compare(after, until, _summaries(fields[2], after, until))
    if name == "ids" and len(fields) == 1:
        return IdsWanted(_list(fields[0], MAX_DEVICES, _wanted))
    if name == "records" and len(fields) == 1:
        ids = _list(fields[0], MAX_RECORDS, _cid)
        return RecordsWanted(_distinct(ids))
    if name == "give" and len(fields) == 1:
        return Give(_records(fields[0]))
    raise Refused("bad-frame", f"found the question {name!r} with {len(fields)} fields, expected one of this protocol")


def parse_answer(data: bytes) -> Answer:
    """Reads an answer from a stranger; raises `Refused` (`bad-frame`, `frame-too-large`, or the record's reason)."""
    name, fields = _open(data)
    if name == "hello" and len(fields) == 2:
        return Hello(_count(fields[0]), _cid(fields[1]))
    if name == "differs" and len(fields) == 2:
        until = None if fields[0] is None else _bytes(fields[0], DEVICE_BYTES)
        return Differs(until, _summaries(fields[1], b"", until))
    if name == "ids" and len(fields) == 1:
        devices = _list(fields[0], MAX_DEVICES, _held)
        if sum(len(ids) for _, _, ids in devices) > MAX_IDS:
            raise Refused("bad-frame", f"found more than {MAX_IDS} ids in one frame")
        return Ids(devices)
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
    runs: list[list[tuple[Record, bytes | None]]] = []
    room = -1
    for record, body in records:
        # A packed pair and its length prefix: the two byte strings' own prefixes take at most ten bytes together.
        size = len(record.block) + len(body or b"") + 16
        if not runs or room < size or len(runs[-1]) == max_records:
            runs.append([])
            room = max_bytes - 32
        runs[-1].append((record, body))
        room -= size
    return runs


def parse_records(data: bytes, max_records: int = MAX_RECORDS) -> tuple[tuple[Record, bytes | None], ...]:
    """Reads a bare DAG-CBOR list of packed records; raises `Refused`."""
    return _records(dagcbor.decode(data, max_depth=2), max_records)


def _open(data: bytes) -> tuple[str, list[object]]:
    """The name and the fields of a frame."""
    if len(data) > MAX_FRAME_BYTES:
        raise Refused("frame-too-large", f"found a frame of {len(data)} bytes, expected at most {MAX_FRAME_BYTES}")
    value = dagcbor.decode(data, max_depth=5)
    if not isinstance(value, list) or not value or not isinstance(value[0], str):
        raise Refused("bad-frame", "found no list that begins with a name, expected a frame")
    return value[0][:32], list(value[1:])


def _list(value: object, limit: int, read: Callable[[object], T]) -> tuple[T, ...]:
    if not isinstance(value, list):
        raise Refused("bad-frame", f"found {type(value).__name__}, expected a list")
    if len(value) > limit:
        raise Refused("bad-frame", f"found a list of {len(value)}, expected at most {limit}")
    return tuple(read(item) for item in value)


def _row(value: object, size: int) -> list[object]:
    if not isinstance(value, list) or len(value) != size:
        raise Refused("bad-frame", f"found a row that is no list of {size}")
    return list(value)


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_COUNT:
        raise Refused("bad-frame", f"found {value!r:.40}, expected a count")
    return value


def _bytes(value: object, size: int, *, or_empty: bool = False) -> bytes:
    if type(value) is not bytes or (len(value) != size and not (or_empty and not value)):
        raise Refused("bad-frame", f"found {value!r:.80}, expected {size} bytes")
    return value


def _cid(value: object) -> Cid:
    if not isinstance(value, Cid):
        raise Refused("bad-frame", f"found {value!r:.80}, expected a link")
    return value


def _distinct(ids: tuple[Cid, ...]) -> tuple[Cid, ...]:
    if len(set(ids)) != len(ids):
        raise Refused("bad-frame", "found one id twice in a list, expected each once")
    return ids


def _wanted(value: object) -> tuple[bytes, int]:
    device, skip = _row(value, 2)
    return _bytes(device, DEVICE_BYTES), _count(skip)


def _held(value: object) -> tuple[bytes, int, tuple[Cid, ...]]:
    device, total, ids = _row(value, 3)
    return _bytes(device, DEVICE_BYTES), _count(total), _distinct(_list(ids, MAX_IDS, _cid))


def _summaries(value: object, after: bytes, until: bytes | None) -> tuple[Summary, ...]:
    """Summaries in ascending order of their devices, all within the range."""
    found = _list(value, MAX_DEVICES, _summary)
    _check_range([one.device for one in found], after, until)
    return found


def _summary(value: object) -> Summary:
    device, count, digest = _row(value, 3)
    return Summary(_bytes(device, DEVICE_BYTES), _count(count), _bytes(digest, DIGEST_BYTES))


def _check_range(devices: Sequence[bytes], after: bytes, until: bytes | None) -> None:
    if any(one >= two for one, two in pairwise(devices)):
        raise Refused("bad-frame", "found devices out of order, expected them ascending, each once")
    if devices and (devices[0] <= after or (until is not None and devices[-1] > until)):
        raise Refused("bad-frame", "found a device outside the range of its frame")


def _records(value: object, limit: int = MAX_RECORDS) -> tuple[tuple[Record, bytes | None], ...]:
    def read(item: object) -> tuple[Record, bytes | None]:
        if type(item) is not bytes:
            raise Refused("bad-frame", f"found {type(item).__name__}, expected a packed record")
        return unpack(item)

    found = _list(value, limit, read)
    _distinct(tuple(record.id for record, _ in found))
    return found
