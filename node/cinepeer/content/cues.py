"""Timed words: captions (SRT or WebVTT, from strangers) and chapters, written as WebVTT that names and does nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cinepeer.errors import Refused

MAX_TEXT_BYTES = 1 << 20
MAX_CUES = 20_000
MAX_CUE_CHARS = 2_000
MAX_CHAPTERS = 500
MAX_TITLE_CHARS = 200

_MOMENT = r"(?:(\d{1,3}):)?([0-5]?\d):([0-5]\d)[.,](\d{1,3})"
_TIMES = re.compile(rf"\s*{_MOMENT}\s*-->\s*{_MOMENT}(?:\s.*)?")
_MARK = re.compile(r"</?([a-zA-Z]+)(?:[^<>]{0,200})>")
_PLACE = re.compile(r"\{\\[^{}]{0,100}\}")
_CHAPTER = re.compile(r"(?:(\d{1,3}):)?(\d{1,3}):([0-5]\d)(?:[.,](\d{1,3}))?\s+(\S.*)")
_KEPT_MARKS = frozenset("biu")
_ENTITIES = (("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))


@dataclass(frozen=True, slots=True)
class Cue:
    """Some words from one moment to another, in milliseconds; the text may have the marks b, i and u."""

    start_ms: int
    end_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of a film: where it begins, in milliseconds, and what it is called."""

    start_ms: int
    title: str


def parse_captions(data: bytes) -> list[Cue]:
    """Reads SRT or WebVTT in UTF-8; raises `Refused` (`bad-captions`) with the line that is wrong.

    Kept are times, words and the marks b, i and u; styles, places, notes and every other mark are left out.
    """
    if len(data) > MAX_TEXT_BYTES:
        raise Refused("bad-captions", f"found {len(data):,} bytes of captions, expected at most {MAX_TEXT_BYTES:,}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused("bad-captions", "found captions that are not UTF-8, expected them saved as UTF-8") from None
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    cues: list[Cue] = []
    at = 0
    while at < len(lines):
        times = _TIMES.fullmatch(lines[at])
        at += 1
        if times is None:
            if "-->" in lines[at - 1]:
                raise Refused("bad-captions", f"found {lines[at - 1][:60]!r} in line {at}, expected two times")
            continue
        start_ms, end_ms = _moment_ms(times.groups()[:4]), _moment_ms(times.groups()[4:])
        if end_ms <= start_ms:
            raise Refused("bad-captions", f"found a caption that ends before it begins in line {at}, expected after")
        words = []
        while at < len(lines) and lines[at].strip():
            words.append(_plain(lines[at]))
            at += 1
        if said := "\n".join(word for word in words if word):
            cues.append(Cue(start_ms, end_ms, said[:MAX_CUE_CHARS]))
        if len(cues) > MAX_CUES:
            raise Refused("bad-captions", f"found more than {MAX_CUES:,} captions, expected at most that")
    if not cues:
        raise Refused("bad-captions", "found no caption, expected SRT or WebVTT: a line of two times, then words")
    return sorted(cues, key=lambda cue: (cue.start_ms, cue.end_ms))


def parse_chapters(text: str) -> list[Chapter]:
    """Reads lines such as `1:02:03 The storm`; raises `Refused` (`bad-chapters`) with the line that is wrong."""
    found: list[Chapter] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        match = _CHAPTER.fullmatch(line.strip())
        if match is None:
            raise Refused(
                "bad-chapters", f"found {line[:60]!r} in line {number}, expected a time and a title: 12:30 The storm"
            )
        hours, minutes, seconds, thousandths, title = match.groups()
        start_ms = _moment_ms((hours, minutes, seconds, thousandths or "0"))
        if found and start_ms <= found[-1].start_ms:
            raise Refused("bad-chapters", f"found the time of line {number} not after the one before, expected later")
        found.append(Chapter(start_ms, _title(title)))
    if len(found) > MAX_CHAPTERS:
        raise Refused("bad-chapters", f"found {len(found)} chapters, expected at most {MAX_CHAPTERS}")
    return found


def chapters_of(marks: Iterable[tuple[int, str]]) -> list[Chapter]:
    """The chapters that a file names by (start in milliseconds, title); those that make no sense are left out."""
    found: dict[int, str] = {}
    for place, (start_ms, title) in enumerate(marks, 1):
        if start_ms >= 0 and len(found) < MAX_CHAPTERS:
            found.setdefault(start_ms, _title(title) or f"Chapter {place}")
    return [Chapter(start_ms, title) for start_ms, title in sorted(found.items())]


def write_captions(cues: Sequence[Cue]) -> str:
    """The cues as WebVTT."""
    return _webvtt((cue.start_ms, cue.end_ms, cue.text) for cue in cues)


def write_chapters(chapters: Sequence[Chapter], duration_ms: int) -> str:
    """The chapters of a film as WebVTT, each lasting until the next; those behind its end are left out."""
    inside = [chapter for chapter in chapters if chapter.start_ms < duration_ms]
    ends = [*(chapter.start_ms for chapter in inside[1:]), duration_ms]
    return _webvtt((one.start_ms, end, _escaped(one.title)) for one, end in zip(inside, ends, strict=True))


def moment(time_ms: int) -> str:
    """A time as WebVTT writes it."""
    seconds, thousandths = divmod(time_ms, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{thousandths:03d}"


def _webvtt(cues: Iterable[tuple[int, int, str]]) -> str:
    return "WEBVTT\n" + "".join(f"\n{moment(start)} --> {moment(end)}\n{text}\n" for start, end, text in cues)


def _moment_ms(groups: Sequence[str | None]) -> int:
    hours, minutes, seconds, part = groups
    thousandths = int((part or "0").ljust(3, "0"))
    return ((int(hours or 0) * 60 + int(minutes or 0)) * 60 + int(seconds or 0)) * 1000 + thousandths


def _plain(line: str) -> str:
    """A line of a caption without what a player would act on; escaped, but for the marks that are kept."""
    pieces, at = [], 0
    line = _PLACE.sub("", line)
    for match in _MARK.finditer(line):
        pieces.append(_escaped(_unescaped(line[at : match.start()])))
        name = match[1].lower()
        if name in _KEPT_MARKS:
            pieces.append(f"</{name}>" if match[0][1] == "/" else f"<{name}>")
        at = match.end()
    pieces.append(_escaped(_unescaped(line[at:])))
    return "".join(pieces).strip()


def _unescaped(text: str) -> str:
    for entity, sign in _ENTITIES:
        text = text.replace(entity, sign)
    return text


def _escaped(text: str) -> str:
    """As WebVTT holds it: no sign that begins a mark, and no arrow, which would begin a cue."""
    printable = "".join(sign for sign in text if sign.isprintable())
    return printable.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _title(text: str) -> str:
    return "".join(sign for sign in text if sign.isprintable()).strip()[:MAX_TITLE_CHARS]
