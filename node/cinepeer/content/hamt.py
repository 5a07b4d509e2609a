"""Folders too large for one block, spread by their names' hashes (https://specs.ipfs.tech/unixfs/#hamt); read only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cinepeer.content.dagpb import Link, parse_branch
from cinepeer.content.protobuf import as_bytes, as_number, read_fields
from cinepeer.errors import Refused
from cinepeer.records.cid import DAG_PB, Cid

MAX_FANOUT = 1024

_SHARD = 5
_MURMUR3_X64_64 = 0x22
_U64 = (1 << 64) - 1
_C1, _C2 = 0x87C37B91114253D5, 0x4CF5AD432745937F


@dataclass(frozen=True, slots=True)
class Shard:
    """One block of such a folder: the entries that end here, and the shards below, each by its place.

    A place is hit by `bits` bits of a name's hash, the shard at depth 0 taking the first of them.
    """

    bits: int
    entries: dict[str, tuple[int, Link]]
    shards: dict[int, Cid]

    def lookup(self, name: str, depth: int) -> tuple[Cid, bool] | None:
        """(id, whether it is the entry itself) of what leads to `name`, or None when it is not in the folder."""
        place = place_of(name, depth, self.bits)
        if place in self.shards:
            return self.shards[place], False
        found = self.entries.get(name)
        return (found[1].cid, True) if found is not None and found[0] == place else None


def is_shard(cid: Cid, block: bytes) -> bool:
    """Whether a block is one of a sharded folder; never raises."""
    if cid.codec != DAG_PB:
        return False
    try:
        message = parse_branch(block).data or b""
        return next((value for field, value in read_fields(message) if field == 1), None) == _SHARD
    except Refused:
        return False


def parse_shard(block: bytes) -> Shard:
    """Reads one block of a sharded folder.

    Raises `Refused`: `bad-node`, `bad-protobuf`, `bad-varint`, `bad-cid`, `too-large`, or `unsupported-node` for
    another hash than murmur3 or another fanout than a power of two from 8 to 1024.
    """
    branch = parse_branch(block)
    numbers, bitmap = _read_message(branch.data or b"")
    fanout = numbers.get(6, 0)
    if numbers.get(1) != _SHARD or numbers.get(5) != _MURMUR3_X64_64:
        raise Refused("unsupported-node", "found another hash than murmur3-x64-64 in a sharded folder, expected that")
    if not 8 <= fanout <= MAX_FANOUT or fanout & (fanout - 1):
        raise Refused("unsupported-node", f"found a fanout of {fanout}, expected a power of two from 8 to {MAX_FANOUT}")
    width = len(f"{fanout - 1:X}")
    entries: dict[str, tuple[int, Link]] = {}
    shards: dict[int, Cid] = {}
    for link in branch.links:
        place = _place(link.name[:width], width, fanout)
        name = link.name[width:]
        if place in shards or name in entries or any(place == taken for taken, _ in entries.values()):
            raise Refused("bad-node", f"found {link.name[:300]!r} at a place that is taken, expected one link a place")
        if name:
            entries[name] = (place, link)
        else:
            shards[place] = link.cid
    places = sum(1 << place for place in [*shards, *(place for place, _ in entries.values())])
    if int.from_bytes(bitmap, "big") != places:
        raise Refused("bad-node", "found a bitmap that does not fit the links of a shard, expected one bit a link")
    return Shard(fanout.bit_length() - 1, entries, shards)


def _read_message(message: bytes) -> tuple[dict[int, int], bytes]:
    """(numbers by field, the bitmap) of a shard's UnixFS message."""
    numbers: dict[int, int] = {}
    bitmap = b""
    for field, value in read_fields(message):
        if field == 2:
            bitmap = as_bytes(value, "the bitmap")
        elif field in (1, 3, 5, 6):
            numbers[field] = as_number(value, "a number of a shard")
    return numbers, bitmap


def _place(text: str, width: int, fanout: int) -> int:
    if len(text) != width or not set(text) <= set("0123456789ABCDEF") or int(text, 16) >= fanout:
        raise Refused("bad-node", f"found the place {text[:20]!r} in a shard, expected {width} digits below {fanout}")
    return int(text, 16)


def place_of(name: str, depth: int, bits: int) -> int:
    """Where `name` goes in a shard at `depth`; raises `Refused` (`too-deep`) where its hash has no bits left."""
    shift = 64 - bits * (depth + 1)
    if shift < 0:
        raise Refused("too-deep", f"found a sharded folder of more than {depth} levels, expected at most that")
    return murmur3_64(name.encode()) >> shift & ((1 << bits) - 1)


def murmur3_64(data: bytes) -> int:
    """The first 64 bits of MurmurHash3 x64 128 with seed 0 (https://github.com/aappleby/smhasher)."""
    first = second = 0
    whole = len(data) - len(data) % 16
    for k1, k2 in _words(data[:whole]):
        first = (_turn(first ^ _mix1(k1), 27) + second) * 5 + 0x52DCE729 & _U64
        second = (_turn(second ^ _mix2(k2), 31) + first) * 5 + 0x38495AB5 & _U64
    tail = data[whole:].ljust(16, b"\0")
    ((k1, k2),) = _words(tail)
    first = first ^ _mix1(k1) ^ len(data)
    second = second ^ _mix2(k2) ^ len(data)
    first = first + second & _U64
    second = second + first & _U64
    return _finish(first) + _finish(second) & _U64


def _words(data: bytes) -> Iterator[tuple[int, int]]:
    for at in range(0, len(data), 16):
        yield int.from_bytes(data[at : at + 8], "little"), int.from_bytes(data[at + 8 : at + 16], "little")


def _turn(word: int, by: int) -> int:
    return (word << by | word >> 64 - by) & _U64


def _mix1(word: int) -> int:
    return _turn(word * _C1 & _U64, 31) * _C2 & _U64


def _mix2(word: int) -> int:
    return _turn(word * _C2 & _U64, 33) * _C1 & _U64


def _finish(word: int) -> int:
    word = (word ^ word >> 33) * 0xFF51AFD7ED558CCD & _U64
    word = (word ^ word >> 33) * 0xC4CEB9FE1A85EC53 & _U64
    return word ^ word >> 33
