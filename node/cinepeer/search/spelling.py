"""Words near to a misspelt one: within one edit from four letters on, within two from eight on.

An edit is a letter too many, one missing, one wrong, or two neighbours swapped (optimal string alignment). Each word
has a signature of 64 bits, one for each pair of neighbouring letters; an edit changes few of them, so that signatures
rule out nearly all words of a large vocabulary before any is compared letter by letter.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

ONE_EDIT_LETTERS = 4
TWO_EDITS_LETTERS = 8
_BITS_AN_EDIT = 6  # swapped neighbours: three pairs go and three come


class Vocabulary:
    """The words that some texts consist of; it only grows."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._words: list[str] = []
        self._signatures: NDArray[np.uint64] = np.zeros(0, np.uint64)
        self._lengths: NDArray[np.int64] = np.zeros(0, np.int64)

    def __contains__(self, word: str) -> bool:
        return word in self._known

    def __len__(self) -> int:
        return len(self._words)

    def add(self, words: Iterable[str]) -> None:
        """Takes words up; those known already change nothing."""
        new = [word for word in dict.fromkeys(words) if word not in self._known]
        self._known.update(new)
        self._words.extend(new)

    def near(self, word: str, most: int = 8) -> list[str]:
        """At most `most` known words within the edits that the length of `word` allows, nearest first, then by text."""
        edits = allowed_edits(word)
        if edits == 0:
            return []
        self._settle()
        apart = np.bitwise_count(self._signatures ^ np.uint64(_signature(word)))
        is_near = (apart <= _BITS_AN_EDIT * edits) & (np.abs(self._lengths - len(word)) <= edits)
        others = [self._words[place] for place in np.flatnonzero(is_near)]
        found = sorted(zip(distances(word, others).tolist(), others, strict=True))
        return [name for far, name in found if far <= edits][:most]

    def _settle(self) -> None:
        """Signatures for the words that came since."""
        new = self._words[len(self._signatures) :]
        if new:
            self._signatures = np.append(self._signatures, np.array([_signature(word) for word in new], np.uint64))
            self._lengths = np.append(self._lengths, [len(word) for word in new])


def allowed_edits(word: str) -> int:
    """How many edits a word of this length may be away: a short word with an edit is another word."""
    return (len(word) >= ONE_EDIT_LETTERS) + (len(word) >= TWO_EDITS_LETTERS)


def distances(word: str, others: Sequence[str]) -> NDArray[np.int64]:
    """Edits from `word` to each of `others` [len(others)], by optimal string alignment.

    One table of edits by dynamic programming for all at once (Wagner and Fischer, with Damerau's swap).
    """
    lengths = np.array([len(other) for other in others], np.int64)
    width = int(lengths.max(initial=1))
    letters = np.array(others, f"<U{width}").view(np.uint32).reshape(len(others), width).T
    before = above = np.tile(np.arange(width + 1)[:, None], len(others))
    for row, letter in enumerate(map(ord, word), 1):
        here = np.empty_like(above)
        here[0] = row
        for column in range(1, width + 1):
            cost = np.minimum(above[column], here[column - 1]) + 1
            cost = np.minimum(cost, above[column - 1] + (letters[column - 1] != letter))
            if row > 1 and column > 1:
                is_swap = (letters[column - 2] == letter) & (letters[column - 1] == ord(word[row - 2]))
                cost = np.where(is_swap, np.minimum(cost, before[column - 2] + 1), cost)
            here[column] = cost
        before, above = above, here
    return np.take_along_axis(above, lengths[None, :], 0)[0]


def _signature(word: str) -> int:
    """One bit of 64 for each pair of neighbouring letters, and for the first and the last."""
    bits = 0
    for one, other in zip("^" + word, word + "$", strict=True):
        bits |= 1 << crc32((one + other).encode()) % 64
    return bits
