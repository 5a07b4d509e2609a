"""The standing words: for each author and film the newest that counts, found by either in little time.

They lie in arrays that are sorted by author and film. The few that came last lie beside them in dictionaries until
there are too many, so that one rating costs the same however many there are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Words = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]
# The ages of words as columns of numbers, the most significant first: of two words the greater one is newer.
Ages = Callable[[Words], list[npt.NDArray[Any]]]

MAX_RECENT = 4_096

_LOW = 0xFFFFFFFF


class Standing:
    """Words by number, under the numbers of their author and film."""

    def __init__(self, ages: Ages, keys: Integers | None = None, words: Words | None = None) -> None:
        """`keys` (author << 32 | film, ascending) and the words under them are what stood when this was kept."""
        self._ages = ages
        self._keys: Integers = np.zeros(0, np.int64) if keys is None else keys
        self._words: Words = np.zeros(0, np.int32) if words is None else words
        self._recent: dict[int, dict[int, int]] = {}  # author -> film -> word
        self._recent_of: dict[int, dict[int, int]] = {}  # film -> author -> word
        self._recent_count = 0
        self._by_film: tuple[Words, Integers] | None = None

    def at(self, author: int, film: int) -> int | None:
        """The word under an author and a film, or None."""
        found = self._recent.get(author, {}).get(film)
        return self._settled(author << 32 | film) if found is None else found

    def of_author(self, author: int) -> dict[int, int]:
        """All words of an author by film."""
        begin, end = np.searchsorted(self._keys, (author << 32, author + 1 << 32))
        films = (self._keys[begin:end] & _LOW).tolist()
        return dict(zip(films, self._words[begin:end].tolist(), strict=True)) | self._recent.get(author, {})

    def of_film(self, film: int) -> dict[int, int]:
        """All words on a film by author."""
        if self._by_film is None:
            films = self._keys & _LOW
            order = np.argsort(films, kind="stable").astype(np.int32)
            starts = np.zeros(int(films.max()) + 2 if len(films) else 1, np.int64)
            np.cumsum(np.bincount(films, minlength=len(starts) - 1), out=starts[1:])
            self._by_film = order, starts
        order, starts = self._by_film
        places = order[starts[film] : starts[film + 1]] if film + 1 < len(starts) else order[:0]
        authors = (self._keys[places] >> 32).tolist()
        found = dict(zip(authors, self._words[places].tolist(), strict=True))
        return found | self._recent_of.get(film, {})

    def arrays(self) -> tuple[Integers, Words]:
        """Keys (author << 32 | film), ascending, and the word under each; not to be changed."""
        self._settle()
        return self._keys, self._words

    def take(self, keys: Integers, words: Words) -> None:
        """Folds words in, in any order: under each key the newest stays."""
        if len(keys) + self._recent_count <= MAX_RECENT:
            for key, word in zip(keys.tolist(), words.tolist(), strict=True):
                self._take_one(key, word)
            return
        self._settle()
        self._merge(*self._newest(keys, words))

    def replace(self, is_gone: Callable[[Integers], Mask], keys: Integers, words: Words) -> None:
        """Takes off all words whose authors `is_gone` names, and folds others in instead."""
        self._settle()
        kept = ~is_gone(self._keys >> 32)
        self._keys, self._words = self._keys[kept], self._words[kept]
        self._by_film = None
        self._merge(*self._newest(keys, words))

    def _take_one(self, key: int, word: int) -> None:
        author, film = key >> 32, key & _LOW
        before = self.at(author, film)
        if before is not None and not self._are_newer(np.array([word], np.int32), np.array([before], np.int32))[0]:
            return
        films = self._recent.setdefault(author, {})
        self._recent_count += film not in films
        films[film] = word
        self._recent_of.setdefault(film, {})[author] = word

    def _settled(self, key: int) -> int | None:
        place = int(np.searchsorted(self._keys, key))
        return int(self._words[place]) if place < len(self._keys) and self._keys[place] == key else None

    def _settle(self) -> None:
        """Moves what came last into the arrays."""
        if not self._recent_count:
            return
        rows = sorted(
            (author << 32 | film, word) for author, films in self._recent.items() for film, word in films.items()
        )
        self._recent, self._recent_of, self._recent_count = {}, {}, 0
        table = np.array(rows, np.int64)
        self._merge(table[:, 0], table[:, 1].astype(np.int32))

    def _newest(self, keys: Integers, words: Words) -> tuple[Integers, Words]:
        """Each key once, ascending, with its newest word."""
        order = np.argsort(keys, kind="stable")
        keys, words = keys[order], words[order]
        if not (keys[1:] == keys[:-1]).any():
            return keys, words
        order = np.lexsort((*reversed(self._ages(words)), keys))
        keys, words = keys[order], words[order]
        is_last = np.append(keys[1:] != keys[:-1], True)
        return keys[is_last], words[is_last]

    def _are_newer(self, words: Words, others: Words) -> Mask:
        """Which of `words` are newer than the one at the same place among `others`."""
        newer, equal = np.zeros(len(words), bool), np.ones(len(words), bool)
        for mine, theirs in zip(self._ages(words), self._ages(others), strict=True):
            newer |= equal & (mine > theirs)
            equal &= mine == theirs
        return newer

    def _merge(self, keys: Integers, words: Words) -> None:
        """Folds in words under keys that ascend, each once."""
        places = np.searchsorted(self._keys, keys)
        is_held = np.zeros(len(keys), bool)
        inside = places < len(self._keys)
        is_held[inside] = self._keys[places[inside]] == keys[inside]
        held, mine = places[is_held], words[is_held]
        is_newer = self._are_newer(mine, self._words[held])
        self._words[held[is_newer]] = mine[is_newer]
        if not is_held.all():
            self._keys = np.insert(self._keys, places[~is_held], keys[~is_held])
            self._words = np.insert(self._words, places[~is_held], words[~is_held])
            self._by_film = None
