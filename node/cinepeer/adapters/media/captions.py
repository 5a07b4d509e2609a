"""Captions: the text subtitles that a film carries become WebVTT beside its renditions, for any HLS player."""

from __future__ import annotations

import math
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cinepeer.adapters.media.program import Limits, read_only, run_program
from cinepeer.content.cues import write_captions as write_vtt
from cinepeer.content.packaging import Words

FOLDER = "captions"
MAX_TRACKS = 32
MAX_BYTES = 4 << 20  # of one track: the words of a film of a day are fewer

_TEXTS = frozenset({"subrip", "srt", "ass", "ssa", "mov_text", "webvtt", "text", "ttml"})
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_CUE = re.compile(r"^(?:\d+:)?\d\d:\d\d\.\d{3} --> ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Caption:
    """A subtitle stream of a film: its language as the file says (`und` where it does not), and what it calls it."""

    stream: int
    language: str
    name: str


@dataclass(frozen=True, slots=True)
class Track:
    """A caption that was written: `folder` below the version's."""

    folder: str
    language: str
    name: str


def parse_captions(streams: Sequence[dict[str, object]]) -> tuple[Caption, ...]:
    """The text subtitles among ffprobe's streams; those that are pictures are left out."""
    found = []
    for stream in streams:
        if stream.get("codec_type") != "subtitle" or stream.get("codec_name") not in _TEXTS:
            continue
        tags = stream.get("tags")
        told = {str(name).lower(): str(value) for name, value in tags.items()} if isinstance(tags, dict) else {}
        language = told.get("language", "").lower()
        language = language if _LANGUAGE.fullmatch(language) else "und"
        found.append(Caption(int(str(stream["index"])), language, _plain(told.get("title", "")) or language))
    return tuple(found[:MAX_TRACKS])


def _plain(text: str) -> str:
    """A name that can stand between quotes in a playlist."""
    return "".join(sign for sign in text if sign.isprintable() and sign not in '"\\,')[:60].strip()


async def write_captions(path: Path, folder: Path, captions: Sequence[Caption], seconds: float) -> tuple[Track, ...]:
    """Writes each caption of the film into `folder`; one that does not convert, or says nothing, is left out."""
    written = []
    for number, caption in enumerate(captions):
        name = f"{FOLDER}/{number:02d}"
        (folder / name).mkdir(parents=True)
        if await _convert(path, folder / name / "00000.vtt", caption):
            (folder / name / "index.m3u8").write_text(_playlist(seconds))
            written.append(Track(name, caption.language, caption.name))
        else:
            shutil.rmtree(folder / name)
    if captions and not written:
        (folder / FOLDER).rmdir()
    return tuple(written)


def write_words(folder: Path, words: Sequence[Words], seconds: float) -> tuple[Track, ...]:
    """Writes the creator's own captions into `folder`, numbered behind those of the film."""
    written = []
    for number, one in enumerate(words, MAX_TRACKS):
        name = f"{FOLDER}/{number:02d}"
        (folder / name).mkdir(parents=True)
        (folder / name / "00000.vtt").write_text(write_vtt(one.cues()), encoding="utf-8")
        (folder / name / "index.m3u8").write_text(_playlist(seconds))
        written.append(Track(name, one.language, _plain(one.name) or one.language))
    return tuple(written)


async def _convert(path: Path, out: Path, caption: Caption) -> bool:
    limits = Limits(cpu_s=300, memory_bytes=2 << 30, file_bytes=MAX_BYTES, wall_s=120)
    arguments = ("-nostdin", "-y", "-v", "error", *read_only(path), "-map", f"0:{caption.stream}", "-c:s", "webvtt")
    outcome = await run_program(
        "ffmpeg", (*arguments, "-fflags", "+bitexact", "-f", "webvtt", out.name), limits, folder=out.parent
    )
    if outcome.status or not out.exists():
        return False
    return _CUE.search(out.read_text(errors="replace")) is not None


def _playlist(seconds: float) -> str:
    """The playlist of a track of one file, which lasts as long as the film."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", f"#EXT-X-TARGETDURATION:{math.ceil(seconds)}", "#EXT-X-PLAYLIST-TYPE:VOD"]
    return "\n".join([*lines, f"#EXTINF:{seconds:.3f},", "00000.vtt", "#EXT-X-ENDLIST"]) + "\n"
