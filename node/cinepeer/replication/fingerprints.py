"""A sealed set of items (time, id), sorted, whose every range has its fingerprint in next to constant time.

The items lie in blocks, each with the sum of its ids, and the sums of all blocks before it are kept. A set that grows
becomes another one, with most of its blocks in common, so that growing costs what is new and not what is held.
"""

from __future__ import annotations

import sys
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from itertools import accumulate, chain, pairwise, starmap
from struct import Struct
from typing import Any, NamedTuple

from cinepeer.errors import BadInput
from cinepeer.replication.ranges import DIGEST_BYTES, ID_BYTES, INFINITY, Bound, bound_between, encode_varint

KEY_BYTES = 8 + ID_BYTES
_KEY = Struct(f">Q{ID_BYTES}s")
# Below this many items numpy takes longer to import than it saves.
NUMPY_ITEMS = 50_000
# Of fewer in one sum, plain numbers are faster.
FEW_ITEMS = 32
BLOCK_ITEMS = 512

Sum = Callable[[bytes], int]


class _Block(NamedTuple):
    """Keys of 40 bytes each, ascending, and the sum of their ids as little-endian numbers."""

    keys: bytes
    total: int


class SealedSet:
    """Items in the order of (time, id); an id is 32 bytes, a time an unsigned 64-bit number below the highest."""

    def __init__(self, items: Iterable[tuple[int, bytes]], *, numpy_items: int | None = None) -> None:
        """Sorts and sums the items; raises `BadInput` for an item that is malformed or found twice.

        From `numpy_items` items on (None: where it is worth loading, or loaded) the sums are made by numpy, if it is
        installed; the outcome is the same.
        """
        keys = sorted(_keys(items))
        for one, other in pairwise(keys):
            if one == other:
                raise BadInput(f"found the item {one[8:].hex()} twice at one time, expected it once")
        self._seal((b"".join(keys),), numpy_items)

    @classmethod
    def of_keys(cls, keys: bytes, *, numpy_items: int | None = None) -> SealedSet:
        """The set of items given by their keys, 40 bytes each (`item_key`), ascending, each once: trusted to be so."""
        return cls.of_pages((keys,), numpy_items=numpy_items)

    @classmethod
    def of_pages(cls, pages: Iterable[bytes], *, numpy_items: int | None = None) -> SealedSet:
        """As `of_keys`, of keys that come page by page, so that they need not lie in memory twice."""
        made = cls.__new__(cls)
        made._seal(pages, numpy_items)
        return made

    def with_items(self, items: Iterable[tuple[int, bytes]]) -> SealedSet:
        """A set with more items; those that are held already change nothing. Raises `BadInput` for a malformed item.

        Costs a copy of the blocks into which the new ones fall: for few new ones far less than sealing anew.
        """
        keys = sorted(set(_keys(items)))
        if len(keys) >= self._count:
            merged = sorted({*keys, *self}) if self._count else keys
            return SealedSet.of_keys(b"".join(merged), numpy_items=self._numpy_items)
        blocks: list[_Block] = []
        total = _sum_of(self._count + len(keys), self._numpy_items)
        taken = begin = 0
        while begin < len(keys):
            place = max(0, bisect_right(self._firsts, keys[begin]) - 1)
            end = bisect_left(keys, self._firsts[place + 1], begin) if place + 1 < len(self._firsts) else len(keys)
            blocks += self._blocks[taken:place]
            blocks += _grown(self._blocks[place], keys[begin:end], total)
            taken, begin = place + 1, end
        blocks += self._blocks[taken:]
        made = SealedSet.__new__(SealedSet)
        made._take(blocks, self._numpy_items)
        return self if len(made) == self._count else made

    def _seal(self, pages: Iterable[bytes], numpy_items: int | None) -> None:
        """Makes blocks of keys that ascend."""
        if numpy_items is None:
            numpy_items = 0 if "numpy" in sys.modules else NUMPY_ITEMS
        size = BLOCK_ITEMS * KEY_BYTES
        cut = [page[at : at + size] for page in pages for at in range(0, len(page), size)]
        total = _sum_of(sum(map(len, cut)) // KEY_BYTES, numpy_items)
        self._take([_Block(keys, total(keys)) for keys in cut], numpy_items)

    def _take(self, blocks: list[_Block], numpy_items: int) -> None:
        self._numpy_items = numpy_items
        self._blocks = blocks
        self._firsts = [block.keys[:KEY_BYTES] for block in blocks]
        self._starts = list(accumulate((len(block.keys) // KEY_BYTES for block in blocks), initial=0))
        self._sums = list(accumulate((block.total for block in blocks), initial=0))
        self._count = self._starts[-1]
        self._total = _sum_of(self._count, numpy_items)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[bytes]:
        return chain.from_iterable(map(_each, self._blocks))

    def __getitem__(self, index: int) -> bytes:
        """The key (40 bytes) of the item at an index."""
        if not 0 <= index < self._count:
            raise IndexError(index)
        place = bisect_right(self._starts, index) - 1
        at = (index - self._starts[place]) * KEY_BYTES
        return self._blocks[place].keys[at : at + KEY_BYTES]

    def ids(self, begin: int, end: int) -> list[bytes]:
        """The ids of the items from `begin` up to `end`."""
        return [
            keys[at + 8 : at + KEY_BYTES] for keys in self._between(begin, end) for at in range(0, len(keys), KEY_BYTES)
        ]

    def index(self, bound: Bound, begin: int = 0) -> int:
        """The index of the first item that is not below the bound, searched from `begin` on."""
        if bound.time == INFINITY:
            return self._count
        place = bisect_right(self._firsts, bound.key) - 1
        if place < 0:
            return begin
        return max(begin, self._starts[place] + _place(self._blocks[place].keys, bound.key))

    def bound(self, index: int) -> Bound:
        """The shortest bound that parts the item at an index from the one before it."""
        return bound_between(self[index - 1], self[index])

    def fingerprint(self, begin: int, end: int) -> bytes:
        """16 bytes of SHA-256 over the sum of the ids (little-endian, modulo 2^256) and their count."""
        total = (self._before(end) - self._before(begin)) % (1 << 256)
        return sha256(total.to_bytes(ID_BYTES, "little") + encode_varint(end - begin)).digest()[:DIGEST_BYTES]

    def _before(self, end: int) -> int:
        """The sum of the ids of the items up to `end`."""
        place = bisect_right(self._starts, end) - 1
        rest = (end - self._starts[place]) * KEY_BYTES
        return self._sums[place] + (self._total(self._blocks[place].keys[:rest]) if rest else 0)

    def _between(self, begin: int, end: int) -> Iterator[bytes]:
        """The keys of the items from `begin` up to `end`, joined by block."""
        place = bisect_right(self._starts, begin) - 1
        while begin < end:
            start, stop = self._starts[place], min(end, self._starts[place + 1])
            yield self._blocks[place].keys[(begin - start) * KEY_BYTES : (stop - start) * KEY_BYTES]
            begin, place = stop, place + 1


def _keys(items: Iterable[tuple[int, bytes]]) -> list[bytes]:
    """The keys of items; raises `BadInput` for one that is malformed."""
    found = list(items)
    for time, item_id in found:
        if not 0 <= time < INFINITY or len(item_id) != ID_BYTES:
            raise _misfit(time, item_id)
    return list(starmap(_KEY.pack, found))


def _misfit(time: int, item_id: bytes) -> BadInput:
    if len(item_id) != ID_BYTES:
        return BadInput(f"found an id of {len(item_id)} bytes, expected {ID_BYTES}")
    return BadInput(f"found the time {time}, expected a number from 0 to {INFINITY - 1}")


def _each(block: _Block) -> list[bytes]:
    return [block.keys[at : at + KEY_BYTES] for at in range(0, len(block.keys), KEY_BYTES)]


def _place(keys: bytes, key: bytes) -> int:
    """How many of some joined keys are below a key."""
    low, high = 0, len(keys) // KEY_BYTES
    while low < high:
        middle = (low + high) // 2
        if keys[middle * KEY_BYTES : (middle + 1) * KEY_BYTES] < key:
            low = middle + 1
        else:
            high = middle
    return low


def _grown(block: _Block, keys: list[bytes], total: Sum) -> list[_Block]:
    """A block with more keys, ascending, of which it may have some: as one block, or cut into several."""
    held = set(_each(block))
    fresh = [key for key in keys if key not in held]
    if not fresh:
        return [block]
    merged = sorted((*held, *fresh))
    if len(merged) <= 2 * BLOCK_ITEMS:
        return [_Block(b"".join(merged), block.total + total(b"".join(fresh)))]
    cut = [b"".join(merged[at : at + BLOCK_ITEMS]) for at in range(0, len(merged), BLOCK_ITEMS)]
    return [_Block(some, total(some)) for some in cut]


def _sum_of(count: int, numpy_items: int) -> Sum:
    """What sums the ids of some joined keys, for a set of so many."""
    return (_numpy_sum() if count >= numpy_items else None) or _plain_sum


def _plain_sum(keys: bytes) -> int:
    return sum(int.from_bytes(keys[at + 8 : at + KEY_BYTES], "little") for at in range(0, len(keys), KEY_BYTES))


def _numpy_sum() -> Sum | None:
    """The same by eight columns of 32 bits, summed in 64 (exact up to 2^32 items); nothing without numpy."""
    try:
        import numpy as np
    except ImportError:
        return None

    def total(keys: bytes) -> int:
        if len(keys) < FEW_ITEMS * KEY_BYTES:
            return _plain_sum(keys)
        limbs: Any = np.frombuffer(keys, dtype="<u4").reshape(-1, KEY_BYTES // 4)[:, 2:]
        columns = limbs.sum(axis=0, dtype=np.uint64).tolist()
        return sum(int(column) << (32 * place) for place, column in enumerate(columns))

    return total
