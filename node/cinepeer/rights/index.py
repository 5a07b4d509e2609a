"""Finds places by keys of eight bytes, in two machine words an entry: a catalogue has a million of them."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator

KEY_BYTES = 8
"""Of a digest's end: as good as all of it to find something by; who finds compares the whole."""


def key_of(digest: bytes | memoryview) -> int:
    """The key of a digest or an id."""
    return int.from_bytes(digest[-KEY_BYTES:])


class Index:
    """Places 0, 1, 2 … by their keys; several may have one."""

    def __init__(self, keys: array[int]) -> None:
        """The key of each place, in order."""
        order = sorted(range(len(keys)), key=keys.__getitem__)
        self._keys = array("Q", (keys[place] for place in order))
        self._places = array("Q", order)

    def find(self, key: int) -> Iterator[int]:
        """The places of a key, the first first."""
        at = bisect_left(self._keys, key)
        while at < len(self._keys) and self._keys[at] == key:
            yield self._places[at]
            at += 1

    def shared(self) -> Iterator[list[int]]:
        """The places of each key that several have."""
        at = 0
        while at < len(self._keys):
            end = at + 1
            while end < len(self._keys) and self._keys[end] == self._keys[at]:
                end += 1
            if end > at + 1:
                yield list(self._places[at:end])
            at = end
