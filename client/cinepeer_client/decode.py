"""Decodes pictures of verified bytes by an ffmpeg that may do nothing else, and joins picture and sound."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from cinepeer.errors import BadInput, CheckFailed

_SECONDS = 120
_MEMORY_KIB = 4 << 20
_MP4_ALONE = ("-protocol_whitelist", "file", "-format_whitelist", "mov")


@dataclass(frozen=True, slots=True)
class Picture:
    """One decoded picture: its size, mean brightness (0 to 255) and the SHA-256 of its grey pixels."""

    width: int
    height: int
    mean: float
    sha256: str


def has_ffmpeg() -> bool:
    """Whether ffmpeg is on PATH."""
    return shutil.which("ffmpeg") is not None


def decode_ends(first: bytes, last: bytes) -> tuple[Picture, Picture]:
    """The first picture of `first` and the last of `last` (each an init part and a segment).

    Raises `CheckFailed` where nothing decodes, `BadInput` where there is no ffmpeg.
    """
    return _decode(first)[0], _decode(last)[1]


def _decode(part: bytes) -> tuple[Picture, Picture]:
    """The first and last picture of one part."""
    with tempfile.TemporaryDirectory(prefix="cinepeer-") as folder:
        file = Path(folder) / "part.mp4"
        file.write_bytes(part)
        words = [*_MP4_ALONE, "-i", f"file:{file}", "-map", "0:V:0", "-pix_fmt", "gray", "-vsync", "passthrough"]
        with _run([*words, "-c:v", "pgm", "-f", "image2pipe", "pipe:1"]) as process:
            assert process.stdout is not None
            # A broken file may keep ffmpeg busy without a word; the clock ends it.
            clock = threading.Timer(_SECONDS, process.kill)
            clock.start()
            try:
                first = last = None
                while (found := _read_picture(process.stdout)) is not None:
                    first, last = first or found, found
                complaints = process.stderr.read() if process.stderr else b""
                process.wait()
            finally:
                clock.cancel()
                process.kill()
    if process.returncode or first is None or last is None:
        raise CheckFailed(f"found a segment that does not decode ({_last_line(complaints)}), expected pictures")
    return _picture(*first), _picture(*last)


def _read_picture(stream: IO[bytes]) -> tuple[int, int, bytes] | None:
    """The next picture (width, height, grey) of a stream of PGM pictures, or None at its end."""
    if stream.readline() != b"P5\n":
        return None
    width, height = (int(number) for number in stream.readline().split())
    stream.readline()
    grey = stream.read(width * height)
    return (width, height, grey) if len(grey) == width * height else None


def _picture(width: int, height: int, grey: bytes) -> Picture:
    return Picture(width, height, round(sum(grey) / len(grey), 3), hashlib.sha256(grey).hexdigest())


def join(picture: Path, sound: Path, out: Path) -> None:
    """Writes one MP4 of both without encoding anything again; raises `CheckFailed` where ffmpeg cannot."""
    words = [*_MP4_ALONE, "-i", f"file:{picture}", *_MP4_ALONE, "-i", f"file:{sound}", "-map", "0:v", "-map", "1:a"]
    with _run([*words, "-c", "copy", "-f", "mp4", "-y", f"file:{out}"]) as process:
        _, complaints = process.communicate()
    if process.returncode:
        raise CheckFailed(f"found picture and sound that do not join ({_last_line(complaints)}), expected one film")


def _run(words: Sequence[str]) -> subprocess.Popen[bytes]:
    """Starts ffmpeg with a limit of time and memory and nothing of this process's environment."""
    program = shutil.which("ffmpeg")
    if program is None:
        raise BadInput("found no ffmpeg on PATH, expected it to be installed: sudo apt-get install ffmpeg")
    limits = f'ulimit -t {_SECONDS}; ulimit -v {_MEMORY_KIB} 2>/dev/null; ulimit -c 0; exec "$@"'
    return subprocess.Popen(
        ["/bin/sh", "-c", limits, "sh", program, "-nostdin", "-v", "error", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
    )


def _last_line(complaints: bytes) -> str:
    lines = complaints.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "without a word"
