"""Looks at a film while its ladder is cut: how loud it is, where it is black, still or silent, what it looks like."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cinepeer.adapters.media.storyboard import Storyboard
from cinepeer.content.fingerprint import PICTURES_A_SECOND, SIDE, picture_hash
from cinepeer.content.sound import RATE, sound_hashes

BLACK_S, STILL_S, SILENT_S = 2, 10, 5
LOOKS_A_SECOND = 2 * PICTURES_A_SECOND
MAX_STRETCHES = 50
MAX_S = 6 * 3600  # of a film that hashes are made of

_PICTURE, _SOUND, _SMALL, _TONES = "picture.txt", "sound.txt", "small.gray", "tones.pcm"
_PIECE_BYTES = 1 << 22
_EVENT = re.compile(r"^lavfi\.(?:freezedetect\.)?(black|freeze|silence)_(start|end)=(-?[\d.]+)$", re.MULTILINE)
_LOUDNESS = re.compile(r"^\s*(?:I:\s*(-?[\d.]+|-inf) LUFS|Peak:\s*(-?[\d.]+|-inf) dBFS)", re.MULTILINE)

Stretch = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Examination:
    """Stretches in seconds (from, to); loudness in LUFS and the peak in dBFS, None without sound; hashes."""

    black: tuple[Stretch, ...]
    still: tuple[Stretch, ...]
    silent: tuple[Stretch, ...]
    loudness: float | None
    peak: float | None
    hashes: tuple[int, ...]
    sounds: tuple[int, ...] = ()

    def told(self) -> dict[str, object]:
        """What a creator is told: it is no reason to refuse a film."""
        found = {"black": self.black, "still": self.still, "silent": self.silent}
        words: dict[str, object] = {
            name: [list(one) for one in stretches] for name, stretches in found.items() if stretches
        }
        if self.loudness is not None:
            words |= {"loudness_lufs": self.loudness, "peak_dbfs": self.peak}
        return words


def looking(board: Storyboard) -> str:
    """The part of the filter graph that looks at the pictures `[look]`: small ones for hashes, and the storyboard."""
    return (
        f"[look]split[seen][draw];[draw]{board.filters()}[board];"
        f"[seen]fps={LOOKS_A_SECOND},blackdetect=d={BLACK_S}:pix_th=0.1,freezedetect=n=-60dB:d={STILL_S},"
        f"metadata=print:file={_PICTURE},"
        f"fps={PICTURES_A_SECOND},scale={SIDE}:{SIDE}:flags=area,format=gray[small]"
    )


def listening() -> str:
    """The part of the filter graph that listens to the sound `[listen]`; ffmpeg tells the loudness when it ends."""
    return (
        f"[listen]asplit[level][tune];[tune]aresample={RATE},aformat=sample_fmts=s16:channel_layouts=mono[tones];"
        f"[level]silencedetect=n=-60dB:d={SILENT_S},ametadata=print:file={_SOUND},"
        "ebur128=framelog=verbose:peak=sample[heard]"
    )


def outputs(board: Storyboard, *, has_sound: bool) -> list[str]:
    """The arguments of what comes of looking and listening beside the ladder."""
    pictures = ["-map", "[small]", "-t", str(MAX_S), "-f", "rawvideo", _SMALL]
    sheets = ["-map", "[board]", *board.outputs()]
    sound = ["-map", "[heard]", "-f", "null", "-", "-map", "[tones]", "-t", str(MAX_S), "-f", "s16le", _TONES]
    return [*pictures, *sheets, *(sound if has_sound else [])]


def read_examination(
    folder: Path, complaints: Sequence[str], board: Storyboard, seconds: float, *, has_sound: bool
) -> Examination:
    """Takes what was noted out of a ladder's folder, and finishes its storyboard; blocks.

    What was not noted is missing, and nothing is raised for it: a film plays without.
    """
    try:
        board.finish(folder, seconds)
        return _read(folder, complaints, seconds, has_sound)
    finally:
        for name in (_PICTURE, _SOUND, _SMALL, _TONES):
            (folder / name).unlink(missing_ok=True)


def _hashes(path: Path) -> tuple[int, ...]:
    """The hash of each whole small picture."""
    if not path.exists():
        return ()
    size = SIDE * SIDE
    with path.open("rb") as file:
        pictures = iter(lambda: file.read(size), b"")
        return tuple(picture_hash(picture) for picture in pictures if len(picture) == size)


def _sounds(path: Path) -> tuple[int, ...]:
    """The hashes of the sound."""
    if not path.exists():
        return ()
    with path.open("rb") as file:
        return sound_hashes(iter(lambda: file.read(_PIECE_BYTES), b""))


def _read(folder: Path, complaints: Sequence[str], seconds: float, has_sound: bool) -> Examination:
    stretches: dict[str, list[Stretch]] = {"black": [], "freeze": [], "silence": []}
    for name in (_PICTURE, _SOUND):
        path = folder / name
        for kind, found in _stretches(path.read_text() if path.exists() else "", seconds).items():
            stretches[kind] += found
    levels = [_LOUDNESS.match(line.removeprefix("[info]")) for line in complaints]
    loudness = [_level(match[1]) for match in levels if match and match[1]]
    peak = [_level(match[2]) for match in levels if match and match[2]]
    return Examination(
        tuple(stretches["black"][:MAX_STRETCHES]),
        tuple(stretches["freeze"][:MAX_STRETCHES]),
        tuple(stretches["silence"][:MAX_STRETCHES]),
        loudness[-1] if has_sound and loudness else None,
        peak[-1] if has_sound and peak else None,
        _hashes(folder / _SMALL),
        _sounds(folder / _TONES),
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
