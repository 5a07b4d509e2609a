"""What a creator wishes of a film's package beside what its file holds: words, chapters, poster and loudness."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from cinepeer.content.cues import Chapter, Cue, parse_captions, parse_chapters
from cinepeer.errors import BadInput, Refused

MAX_CAPTIONS = 16
LOUDEST_LUFS, QUIETEST_LUFS = -10.0, -40.0
BROADCAST_LUFS = -23.0  # EBU R128

T = TypeVar("T")

_LANGUAGE = re.compile(r"[a-z]{2,3}")


@dataclass(frozen=True, slots=True)
class Words:
    """One caption track of a creator: the language (ISO 639), a name for people, and SRT or WebVTT as text."""

    language: str
    name: str
    text: str

    def cues(self) -> list[Cue]:
        """What it says; raises `Refused` (`bad-captions`)."""
        return parse_captions(self.text.encode())


@dataclass(frozen=True, slots=True)
class Packaging:
    """`chapters` as lines of a time and a title, None: those of the file. `poster_s`: the moment of the still.

    `loudness`: the LUFS that the sound is brought to, None leaves it as it is.
    """

    captions: tuple[Words, ...] = ()
    chapters: str | None = None
    poster_s: float | None = None
    loudness: float | None = None

    def check(self) -> None:
        """Raises `BadInput` for what can be said before the film is opened."""
        if len(self.captions) > MAX_CAPTIONS:
            raise BadInput(f"found {len(self.captions)} caption tracks, expected at most {MAX_CAPTIONS}")
        for words in self.captions:
            if not _LANGUAGE.fullmatch(words.language):
                raise BadInput(f"found captions in {words.language[:20]!r}, expected a language such as en or deu")
            _said(words.cues)
        self.own_chapters()
        if self.loudness is not None and not QUIETEST_LUFS <= self.loudness <= LOUDEST_LUFS:
            raise BadInput(
                f"found a loudness of {self.loudness} LUFS, expected {QUIETEST_LUFS:.0f} to {LOUDEST_LUFS:.0f}, "
                f"such as {BROADCAST_LUFS:.0f} (EBU R128)"
            )
        if self.poster_s is not None and not 0 <= self.poster_s < 86_400:
            raise BadInput(f"found the poster at {self.poster_s} s, expected a moment of the film")

    def own_chapters(self) -> list[Chapter] | None:
        """The creator's own chapters, None where the file's are kept; raises `BadInput`."""
        text = self.chapters
        return None if text is None else _said(lambda: parse_chapters(text))

    @classmethod
    def parse(cls, note: Mapping[str, Any]) -> Packaging:
        """As `dataclasses.asdict` and JSON left it."""
        return cls(**{**note, "captions": tuple(Words(**words) for words in note.get("captions", ()))})


def _said(read: Callable[[], T]) -> T:
    """What `read` gives; what it refuses is a person's slip here."""
    try:
        return read()
    except Refused as error:
        raise BadInput(str(error)) from error
