"""A sealed set of items (time, id), sorted, whose every range has its fingerprint in constant time."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from hashlib import sha256
from itertools import accumulate, pairwise
from typing import Any

from cinepeer.errors import BadInput
from cinepeer.replication.ranges import DIGEST_BYTES, ID_BYTES, INFINITY, Bound, bound_between, encode_varint, item_key

KEY_BYTES = 8 + ID_BYTES
# Below this many items numpy takes longer to import than it saves.
NUMPY_ITEMS = 50_000
BLOCK_ITEMS = 256

Sums = Callable[[int, int], int]


class SealedSet:
    """Items in the order of (time, id); an id is 32 bytes, a time an unsigned 64-bit number below the highest."""

    def __init__(self, items: Iterable[tuple[int, bytes]], *, numpy_items: int = NUMPY_ITEMS) -> None:
        """Sorts and sums the items; raises `BadInput` for an item that is malformed or found twice.

        From `numpy_items` items on the sums are made by numpy, if it is installed; the outcome is the same.
        """
        keys = sorted(_checked_key(time, item_id) for time, item_id in items)
        for one, other in pairwise(keys):
            if one == other:
                raise BadInput(f"found the item {one[8:].hex()} twice at one time, expected it once")
        self._take(b"".join(keys), numpy_items)

    @classmethod
    def of_keys(cls, keys: bytes, *, numpy_items: int = NUMPY_ITEMS) -> SealedSet:
        """The set of items given by their keys, 40 bytes each (`item_key`), ascending, each once: trusted to be so."""
        made = cls.__new__(cls)
        made._take(keys, numpy_items)
        return made

    def with_items(self, items: Iterable[tuple[int, bytes]]) -> SealedSet:
        """A set with more items; those that are held already change nothing. Raises `BadInput` for a malformed item.

        Costs a copy of what is held, and a search for each item: for few new ones far less than sealing anew.
        """
        pieces: list[bytes] = []
        taken = 0
        for key in sorted({_checked_key(time, item_id) for time, item_id in items}):
            at = bisect_left(self, key, taken, self._count)
            if at < self._count and self[at] == key:
                continue
            pieces += (self._keys[taken * KEY_BYTES : at * KEY_BYTES], key)
            taken = at
        if not pieces:
            return self
        pieces.append(self._keys[taken * KEY_BYTES :])
        return SealedSet.of_keys(b"".join(pieces), numpy_items=self._numpy_items)

    def _take(self, keys: bytes, numpy_items: int) -> None:
        self._numpy_items = numpy_items
        self._count = len(keys) // KEY_BYTES
        self._keys = keys
        sums = _numpy_sums(keys) if self._count >= numpy_items else None
        self._sum = sums or _plain_sums(keys)

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> bytes:
        """The key (40 bytes) of the item at an index."""
        if not 0 <= index < self._count:
            raise IndexError(index)
        return self._keys[index * KEY_BYTES : (index + 1) * KEY_BYTES]

    def ids(self, begin: int, end: int) -> list[bytes]:
        """The ids of the items from `begin` up to `end`."""
        return [self._keys[at + 8 : at + KEY_BYTES] for at in range(begin * KEY_BYTES, end * KEY_BYTES, KEY_BYTES)]

    def index(self, bound: Bound, begin: int = 0) -> int:
        """The index of the first item that is not below the bound, searched from `begin` on."""
        if bound.time == INFINITY:
            return self._count
        return bisect_left(self, bound.key, begin, self._count)

    def bound(self, index: int) -> Bound:
        """The shortest bound that parts the item at an index from the one before it."""
        return bound_between(self[index - 1], self[index])

    def fingerprint(self, begin: int, end: int) -> bytes:
        """16 bytes of SHA-256 over the sum of the ids (little-endian, modulo 2^256) and their count."""
        total = self._sum(begin, end).to_bytes(ID_BYTES, "little")
        return sha256(total + encode_varint(end - begin)).digest()[:DIGEST_BYTES]


def _checked_key(time: int, item_id: bytes) -> bytes:
    if not 0 <= time < INFINITY:
        raise BadInput(f"found the time {time}, expected a number from 0 to {INFINITY - 1}")
    if len(item_id) != ID_BYTES:
        raise BadInput(f"found an id of {len(item_id)} bytes, expected {ID_BYTES}")
    return item_key(time, item_id)


def _plain_sums(keys: bytes) -> Sums:
    """Prefix sums as whole numbers: every difference of two is the sum between them."""
    ids = (int.from_bytes(keys[at + 8 : at + KEY_BYTES], "little") for at in range(0, len(keys), KEY_BYTES))
    sums = list(accumulate(ids, initial=0))

    def between(begin: int, end: int) -> int:
        return (sums[end] - sums[begin]) % (1 << 256)

    return between


def _numpy_sums(keys: bytes) -> Sums | None:
    """The same by eight columns of 32 bits, summed in 64 (exact up to 2^32 items), prefix sums of whole blocks only.

    Nothing without numpy. What lies between a block's border and a range's end is summed when it is asked for, so that
    the sums of a million items take a quarter of a megabyte and a growing set is summed again in little time.
    """
    try:
        import numpy as np
    except ImportError:
        return None
    limbs = np.frombuffer(keys, dtype="<u4").reshape(-1, KEY_BYTES // 4)[:, 2:]
    whole = len(limbs) // BLOCK_ITEMS
    blocks = limbs[: whole * BLOCK_ITEMS].reshape(whole, BLOCK_ITEMS, ID_BYTES // 4)
    sums = np.zeros((whole + 1, ID_BYTES // 4), dtype=np.uint64)
    np.cumsum(blocks.sum(axis=1, dtype=np.uint64), axis=0, out=sums[1:])

    def before(end: int) -> Any:
        block = end // BLOCK_ITEMS
        return sums[block] + limbs[block * BLOCK_ITEMS : end].sum(axis=0, dtype=np.uint64)

    def between(begin: int, end: int) -> int:
        if end - begin < BLOCK_ITEMS:
            columns = limbs[begin:end].sum(axis=0, dtype=np.uint64).tolist()
        else:
            columns = (before(end) - before(begin)).tolist()
        total = sum(int(column) << (32 * place) for place, column in enumerate(columns))
        return total % (1 << 256)

    return between
