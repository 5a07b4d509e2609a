"""Text cut into words that are searched for: folded by case and accent; Han, kana and Hangul as pairs of characters.

Scripts without spaces between words cannot be cut without a dictionary. Overlapping pairs find every word of two
characters or more in them (the bigrams of Lucene's CJKAnalyzer); single characters are kept beside the pairs, for
queries of one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

MAX_WORD_CHARS = 64
_ASCII_RUN = re.compile("[a-z0-9]+")
# Ranges of scripts that are written without spaces: kana, Han, Hangul, and their compatibility forms.
_UNSPACED = (
    (0x3040, 0x30FF),
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xAC00, 0xD7AF),
    (0xF900, 0xFAFF),
    (0x20000, 0x323AF),
)
_BARE_SCRIPTS = ("LATIN", "GREEK", "CYRILLIC")  # accents of these are often left out by who searches


def words(text: str) -> Iterator[str]:
    """The words of a text in their order, as they are indexed: also every single character of unspaced scripts."""
    for run, is_unspaced in _runs(text):
        if is_unspaced:
            yield from run
            yield from _pairs(run)
        else:
            yield run[:MAX_WORD_CHARS]


def asked(text: str) -> list[str]:
    """The words that a query asks for, each once: pairs alone where a run has two characters or more."""
    found: list[str] = []
    for run, is_unspaced in _runs(text):
        found.extend(_pairs(run) if is_unspaced and len(run) > 1 else [run[:MAX_WORD_CHARS]])
    return list(dict.fromkeys(found))


def indexed(texts: Iterable[str]) -> str:
    """All words of some texts, with a space between any two."""
    return " ".join(word for text in texts for word in words(text))


def is_spelt(word: str) -> bool:
    """True for a word of letters that people misspell: not of an unspaced script, not a number."""
    return not _is_unspaced(word[0]) and not word.isdecimal()


def _pairs(run: str) -> Iterator[str]:
    return (run[place : place + 2] for place in range(len(run) - 1))


def _runs(text: str) -> Iterator[tuple[str, bool]]:
    """Runs of word characters of one sort: (run, whether its script is written without spaces)."""
    if text.isascii():
        yield from ((run, False) for run in _ASCII_RUN.findall(text.lower()))
        return
    run, sort = "", False
    for char in map(_bare, unicodedata.normalize("NFKC", text).casefold()):
        is_word = bool(char) and (char[0].isalnum() or unicodedata.category(char[0])[0] == "M")
        is_unspaced = is_word and _is_unspaced(char[0])
        if run and (not is_word or is_unspaced != sort):
            yield run, sort
            run = ""
        if is_word:
            run, sort = run + char, is_unspaced
    if run:
        yield run, sort


@lru_cache(maxsize=4096)
def _bare(char: str) -> str:
    """A character without its accents, where its script is one that people type without them."""
    apart = unicodedata.normalize("NFD", char)
    if len(apart) == 1 or not unicodedata.name(apart[0], "").startswith(_BARE_SCRIPTS):
        return char
    return "".join(part for part in apart if not unicodedata.combining(part))


def _is_unspaced(char: str) -> bool:
    point = ord(char)
    return point >= _UNSPACED[0][0] and any(least <= point <= most for least, most in _UNSPACED)
