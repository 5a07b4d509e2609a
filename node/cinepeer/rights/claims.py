"""Which titles of many claim the same content or the same film record, in few bytes a title."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

from cinepeer.rights.events import Registered
from cinepeer.rights.index import Index, key_of

_DIGEST = 32
_TITLE = 20


class Claims:
    """What titles were registered for: two digests each, and when."""

    def __init__(self) -> None:
        """None yet."""
        self._keys = array("Q")
        self._digests = bytearray()
        self._titles = bytearray()
        self._times = array("Q")

    def add(self, title: bytes, deed: Registered) -> None:
        """One title (20 bytes) with what was registered."""
        for digest in sorted({deed.content, deed.metadata}):
            self._keys.append(key_of(digest))
            self._digests += digest
            self._titles += title
            self._times.append(deed.time)

    def clashes(self) -> Iterator[tuple[bytes, bytes]]:
        """Titles that claim what another registered before, each after the one before it; by their ids at one time."""
        for places in Index(self._keys).shared():
            same: dict[bytes, set[tuple[int, bytes]]] = {}
            for at in places:
                digest = bytes(self._digests[at * _DIGEST : (at + 1) * _DIGEST])
                claim = (self._times[at], bytes(self._titles[at * _TITLE : (at + 1) * _TITLE]))
                same.setdefault(digest, set()).add(claim)
            for claims in same.values():
                (_, first), *later = sorted(claims)
                yield from ((first, title) for _, title in later if title != first)
