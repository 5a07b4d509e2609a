"""Which film ids mean one film: classes of ids by the words of those who count, whatever the order of the words.

A word joins two ids or parts them. Words of higher standing are heard first; among equals one who parts outweighs any
number who join: a wrong join takes ratings from two films, a missing one costs little.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import groupby

from cinepeer.records.cid import Cid

Pair = tuple[str, str]


class Standing(IntEnum):
    """Whose word it is, for one viewer."""

    CREATOR = 1
    FOLLOWED = 2
    OWN = 3


@dataclass(frozen=True, slots=True)
class Word:
    """That the films of a pair (ids, ascending) are one or are not, by the record that says so."""

    pair: Pair
    standing: Standing
    is_same: bool
    author: Cid
    record: Cid


@dataclass(frozen=True, slots=True)
class Classes:
    """`names`: the one name of every id that has another than itself. `words`: by that name, what joined its ids.

    The name is the least id: that of a film record where the class has one.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, tuple[Word, ...]] = field(default_factory=dict)

    def name(self, film: str) -> str:
        """The name under which ratings of this film stand."""
        return self.names.get(film, film)

    def ids(self, name: str) -> tuple[str, ...]:
        """Every id of the film of this name, ascending."""
        return tuple(sorted({name, *(film for word in self.words.get(name, ()) for film in word.pair)}))


def classes(words: Iterable[Word]) -> Classes:
    """The classes that the words make; any order gives the same."""
    found = _Union()
    heard = sorted(set(words), key=_place)
    for _, equals in groupby(heard, key=lambda word: word.standing):
        level = list(equals)
        for word in level:
            if not word.is_same:
                found.part(word.pair)
        for word in level:
            if word.is_same:
                found.join(word)
    return found.classes()


class _Union:
    """Sets of ids that were joined, with the words that did it and the ids that each must not have beside its own."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}
        self._words: dict[str, list[Word]] = {}
        self._apart: dict[str, set[str]] = {}

    def _top(self, film: str) -> str:
        """The least id of the set."""
        top = film
        while (above := self._above.get(top, top)) != top:
            top = above
        while (above := self._above.get(film, top)) != top:
            self._above[film], film = top, above
        return top

    def part(self, pair: Pair) -> None:
        """Keeps two sets apart from now on, unless they are one already."""
        one, other = map(self._top, pair)
        if one != other:
            self._apart.setdefault(one, set()).add(other)
            self._apart.setdefault(other, set()).add(one)

    def join(self, word: Word) -> None:
        """Joins two sets unless they are kept apart."""
        low, high = sorted(map(self._top, word.pair))
        if low == high or high in self._apart.get(low, ()):
            return
        self._above[high] = low
        self._words.setdefault(low, []).extend([*self._words.pop(high, ()), word])
        for other in self._apart.pop(high, ()):
            self._apart[other].discard(high)
            self._apart[other].add(low)
            self._apart.setdefault(low, set()).add(other)

    def classes(self) -> Classes:
        names = {film: self._top(film) for film in self._above}
        return Classes(names, {name: tuple(sorted(words, key=_place)) for name, words in self._words.items()})


def _place(word: Word) -> tuple[int, Pair, bool, Cid, Cid]:
    """Where a word is heard: those of the highest standing first."""
    return -word.standing, word.pair, word.is_same, word.author, word.record
