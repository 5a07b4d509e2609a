"""What is said in films: captions in passages of half a minute, which a search finds by all of its words."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cinepeer.content.cues import Cue
from cinepeer.search.words import words

PASSAGE_MS = 30_000
MAX_QUOTE_CHARS = 200
_MARK = re.compile(r"</?[biu]>")


@dataclass(frozen=True, slots=True)
class Line:
    """One caption as plain text, and when it is shown, in ms from the film's start."""

    start_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class Passage:
    """What is said within half a minute of one version, in the language of its captions."""

    language: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Quote:
    """The line of a film that answers a search best."""

    version: str
    language: str
    start_ms: int
    text: str


def passages(language: str, cues: Iterable[Cue]) -> list[Passage]:
    """Captions, ordered by time, cut into passages by the half minute in which each begins."""
    found: dict[int, list[Line]] = {}
    for cue in cues:
        text = " ".join(html.unescape(_MARK.sub("", cue.text)).split())
        if text:
            found.setdefault(cue.start_ms // PASSAGE_MS, []).append(Line(cue.start_ms, text))
    return [Passage(language, tuple(lines)) for _, lines in sorted(found.items())]


def best_line(lines: Sequence[Line], typed: Sequence[str]) -> Line:
    """The first line that has most of the typed words, the last of these also as a beginning; cut to be shown."""

    def hits(line: Line) -> int:
        said = set(words(line.text))
        begun = any(word.startswith(typed[-1]) for word in said) if typed else False
        return sum(word in said for word in typed[:-1]) + begun

    best = max(lines, key=hits)
    return Line(best.start_ms, best.text[:MAX_QUOTE_CHARS])
