"""A long list that takes little memory: packed by the page, and read again page by page."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from operator import eq
from typing import Any, Generic, TypeVar, overload

PAGE = 500

_T = TypeVar("_T")


class Packed(Sequence[_T], Generic[_T]):
    """Values in order, of which only the last page and the one read last lie unpacked."""

    def __init__(self, pack: Callable[[_T], Any], unpack: Callable[[Any], _T]) -> None:
        """`pack` makes plain values of one (what JSON has), `unpack` the value of them again."""
        self._pack = pack
        self._unpack = unpack
        self._pages: list[bytes] = []
        self._last: list[_T] = []
        self._read: tuple[int, list[_T]] = (-1, [])

    def append(self, value: _T) -> None:
        """One more."""
        self._last.append(value)
        if len(self._last) == PAGE:
            said = json.dumps([self._pack(one) for one in self._last], separators=(",", ":"), ensure_ascii=False)
            self._pages.append(zlib.compress(said.encode(), 1))
            self._last = []

    def __len__(self) -> int:
        return PAGE * len(self._pages) + len(self._last)

    def __iter__(self) -> Iterator[_T]:
        for number in range(len(self._pages)):
            yield from self._page(number)
        yield from self._last

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Packed) and len(self) == len(other) and all(map(eq, self, other))

    __hash__ = None  # type: ignore[assignment]  # it grows

    @overload
    def __getitem__(self, place: int) -> _T: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[_T, ...]: ...

    def __getitem__(self, place: int | slice) -> _T | tuple[_T, ...]:
        if isinstance(place, slice):
            return tuple(self[at] for at in range(*place.indices(len(self))))
        at = place + len(self) if place < 0 else place
        if not 0 <= at < len(self):
            raise IndexError(place)
        number, rest = divmod(at, PAGE)
        return self._last[rest] if number == len(self._pages) else self._page(number)[rest]

    def _page(self, number: int) -> list[_T]:
        if self._read[0] != number:
            held = json.loads(zlib.decompress(self._pages[number]))
            self._read = number, [self._unpack(one) for one in held]
        return self._read[1]
