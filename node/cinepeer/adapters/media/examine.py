"""Looks at a finished ladder: how loud it is, where it is black, still or silent, and what it looks like in short."""

from __future__ import annotations

import asyncio
import math
import re
from dataclasses import dataclass
from pathlib import Path

from cinepeer.adapters.media.program import Limits, run_program
from cinepeer.adapters.media.storyboard import FOLDER as BOARDS
from cinepeer.adapters.media.storyboard import Storyboard
from cinepeer.content.fingerprint import PICTURES_A_SECOND, SIDE, picture_hash

BLACK_S, STILL_S, SILENT_S = 2, 10, 5
LOOKS_A_SECOND = 2 * PICTURES_A_SECOND
MAX_STRETCHES = 50
MAX_HASHES = 6 * 3600 * PICTURES_A_SECOND

_PICTURE, _SOUND = "picture.txt", "sound.txt"
_EVENT = re.compile(r"^lavfi\.(?:freezedetect\.)?(black|freeze|silence)_(start|end)=(-?[\d.]+)$", re.MULTILINE)
_LOUDNESS = re.compile(r"^\s*(?:I:\s*(-?[\d.]+|-inf) LUFS|Peak:\s*(-?[\d.]+|-inf) dBFS)", re.MULTILINE)

Stretch = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Examination:
    """Stretches in seconds (from, to); loudness in LUFS and the peak in dBFS, None without sound; all hashes."""

    black: tuple[Stretch, ...]
    still: tuple[Stretch, ...]
    silent: tuple[Stretch, ...]
    loudness: float | None
    peak: float | None
    hashes: tuple[int, ...]

    def told(self) -> dict[str, object]:
        """What a creator is told: it is no reason to refuse a film."""
        found = {"black": self.black, "still": self.still, "silent": self.silent}
        words: dict[str, object] = {
            name: [list(one) for one in stretches] for name, stretches in found.items() if stretches
        }
        if self.loudness is not None:
            words |= {"loudness_lufs": self.loudness, "peak_dbfs": self.peak}
        return words


async def examine(folder: Path, rendition: str, sound: str | None, seconds: float, board: Storyboard) -> Examination:
    """Decodes the smallest rendition, and the sound where there is one, of the ladder in `folder`; draws `board`.

    What does not decode is found missing, and nothing is raised for it: the ladder was checked before.
    """
    pictures = _Pictures()
    limits = Limits(
        cpu_s=300 + math.ceil(seconds), memory_bytes=4 << 30, file_bytes=64 << 20, wall_s=300, output_bytes=1 << 30
    )
    (folder / BOARDS).mkdir()
    try:
        arguments = _arguments(rendition, sound, board)
        outcome = await run_program("ffmpeg", arguments, limits, folder=folder, on_output=pictures.read)
        await asyncio.to_thread(board.finish, folder, seconds)
        return await asyncio.to_thread(_read, folder, outcome.complaints, pictures, seconds, sound is not None)
    finally:
        for name in (_PICTURE, _SOUND):
            (folder / name).unlink(missing_ok=True)


def _arguments(rendition: str, sound: str | None, board: Storyboard) -> list[str]:
    """One run over our own files; ffmpeg writes what it notices into two texts beside them."""
    own = ["-protocol_whitelist", "file", "-format_whitelist", "hls,mov", "-allowed_extensions", "ALL"]
    arguments = ["-nostdin", "-hide_banner", "-nostats", "-v", "info", "-y", "-threads", "2"]
    graph = (
        f"[0:v]split[look][draw];[draw]{board.filters()}[board];"
        f"[look]fps={LOOKS_A_SECOND},blackdetect=d={BLACK_S}:pix_th=0.1,freezedetect=n=-60dB:d={STILL_S},metadata=print:file={_PICTURE},"
        f"fps={PICTURES_A_SECOND},scale={SIDE}:{SIDE}:flags=area,format=gray[small]"
    )
    arguments += [*own, "-i", f"file:{rendition}/index.m3u8"]
    if sound is not None:
        arguments += [*own, "-i", f"file:{sound}/index.m3u8"]
        graph += (
            f";[1:a]silencedetect=n=-60dB:d={SILENT_S},ametadata=print:file={_SOUND},"
            "ebur128=framelog=verbose:peak=sample[heard]"
        )
    arguments += ["-filter_complex", graph, "-map", "[small]", "-f", "rawvideo", "pipe:1"]
    arguments += ["-map", "[board]", *board.outputs()]
    return arguments + (["-map", "[heard]", "-f", "null", "-"] if sound is not None else [])


class _Pictures:
    """Keeps the grey pictures as they come; they are hashed later, in a thread."""

    def __init__(self) -> None:
        self._kept = bytearray()

    def read(self, piece: bytes) -> None:
        """Takes the next piece of output; what is behind the first hours of a film is not kept."""
        self._kept += piece[: max(0, MAX_HASHES * SIDE * SIDE - len(self._kept))]

    def hashes(self) -> tuple[int, ...]:
        """The hash of each whole picture."""
        size = SIDE * SIDE
        return tuple(
            picture_hash(bytes(self._kept[at : at + size])) for at in range(0, len(self._kept) - size + 1, size)
        )


def _read(
    folder: Path, complaints: tuple[str, ...], pictures: _Pictures, seconds: float, has_sound: bool
) -> Examination:
    stretches: dict[str, list[Stretch]] = {"black": [], "freeze": [], "silence": []}
    for name in (_PICTURE, _SOUND):
        path = folder / name
        for kind, found in _stretches(path.read_text() if path.exists() else "", seconds).items():
            stretches[kind] += found
    levels = [_LOUDNESS.match(line) for line in complaints]
    loudness = [_level(match[1]) for match in levels if match and match[1]]
    peak = [_level(match[2]) for match in levels if match and match[2]]
    return Examination(
        tuple(stretches["black"][:MAX_STRETCHES]),
        tuple(stretches["freeze"][:MAX_STRETCHES]),
        tuple(stretches["silence"][:MAX_STRETCHES]),
        loudness[-1] if has_sound and loudness else None,
        peak[-1] if has_sound and peak else None,
        pictures.hashes(),
    )


def _stretches(text: str, seconds: float) -> dict[str, list[Stretch]]:
    """The stretches that ffmpeg noted; one that has no end lasts to the film's."""
    found: dict[str, list[Stretch]] = {}
    begun: dict[str, float] = {}
    for kind, edge, value in _EVENT.findall(text):
        time_s = round(max(0.0, float(value)), 3)
        if edge == "start":
            begun[kind] = time_s
        elif kind in begun:
            found.setdefault(kind, []).append((begun.pop(kind), time_s))
    for kind, start_s in begun.items():
        found.setdefault(kind, []).append((start_s, round(max(start_s, seconds), 3)))
    return found


def _level(text: str) -> float:
    """A level in decibels; silence is told as -100."""
    return -100.0 if text == "-inf" else float(text)
