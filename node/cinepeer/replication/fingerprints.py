"""A sealed set of items (time, id), sorted, whose every range has its fingerprint in constant time."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from hashlib import sha256
from itertools import accumulate, pairwise

from cinepeer.errors import BadInput
from cinepeer.replication.ranges import DIGEST_BYTES, ID_BYTES, INFINITY, Bound, bound_between, encode_varint, item_key

KEY_BYTES = 8 + ID_BYTES
# Below this many items numpy takes longer to import than it saves.
NUMPY_ITEMS = 50_000

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
        self._count = len(keys)
        self._keys = b"".join(keys)
        sums = _numpy_sums(self._keys) if self._count >= numpy_items else None
        self._sum = sums or _plain_sums(self._keys)

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
    """The same by eight columns of 32 bits, summed in 64: exact up to 2^32 items; nothing without numpy."""
    try:
        import numpy as np
    except ImportError:
        return None
    rows = np.frombuffer(keys, dtype=np.uint8).reshape(-1, KEY_BYTES)[:, 8:]
    limbs = np.ascontiguousarray(rows).view("<u4")
    sums = np.zeros((len(limbs) + 1, ID_BYTES // 4), dtype=np.uint64)
    np.cumsum(limbs, axis=0, dtype=np.uint64, out=sums[1:])

    def between(begin: int, end: int) -> int:
        columns = (sums[end] - sums[begin]).tolist()
        total = sum(int(column) << (32 * place) for place, column in enumerate(columns))
        return total % (1 << 256)

    return between
