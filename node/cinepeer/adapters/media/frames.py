"""The first and the last picture of a film or of its segments, decoded: proof that the bytes play."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cinepeer.adapters.media.program import CONTAINERS, Limits, read_only, run_program
from cinepeer.errors import Refused

_LIMITS = Limits(cpu_s=600, memory_bytes=4 << 30, file_bytes=0, wall_s=120, output_bytes=1 << 40)


@dataclass(frozen=True, slots=True)
class Frame:
    """One decoded picture in grey: one byte a pixel, row by row."""

    width: int
    height: int
    grey: bytes

    @property
    def mean(self) -> float:
        """The mean brightness, 0 to 255."""
        return sum(self.grey) / len(self.grey)


@dataclass(frozen=True, slots=True)
class Frames:
    """The ends of what was decoded, and how many pictures it held."""

    first: Frame
    last: Frame
    count: int


async def decode_frames(source: Path | bytes) -> Frames:
    """Decodes a file, or the bytes of an init part and its segments; raises `Refused` (`no-picture`)."""
    reader = _Reader()
    from_pipe = ("-protocol_whitelist", "pipe", "-format_whitelist", CONTAINERS, "-i", "pipe:0")
    outcome = await run_program(
        "ffmpeg",
        (
            *("-nostdin", "-v", "error", *(from_pipe if isinstance(source, bytes) else read_only(source))),
            *(
                "-map",
                "0:V:0",
                "-vsync",
                "passthrough",
                "-pix_fmt",
                "gray",
                "-c:v",
                "pgm",
                "-f",
                "image2pipe",
                "pipe:1",
            ),
        ),
        _LIMITS,
        stdin=source if isinstance(source, bytes) else None,
        on_output=reader.read,
    )
    if outcome.status or reader.first is None or reader.last is None:
        raise Refused("no-picture", f"found bytes of which no picture decodes ({outcome.last_word}), expected a film")
    return Frames(reader.first, reader.last, reader.count)


async def decode_frame(source: Path | bytes, *, last: bool = False) -> Frame:
    """The first picture, or the last one; raises `Refused` (`no-picture`)."""
    frames = await decode_frames(source)
    return frames.last if last else frames.first


class _Reader:
    """Cuts a stream of PGM pictures as it comes, keeping the first and the last."""

    def __init__(self) -> None:
        self.first: Frame | None = None
        self.last: Frame | None = None
        self.count = 0
        self._rest = bytearray()

    def read(self, piece: bytes) -> None:
        """Takes the next piece of output."""
        self._rest += piece
        while (frame := self._next()) is not None:
            self.count += 1
            self.first = self.first or frame
            self.last = frame

    def _next(self) -> Frame | None:
        """The next whole picture, taken off the stream."""
        parts = bytes(self._rest[:64]).split(b"\n", 3)
        if len(parts) < 4:
            return None
        width, height = (int(number) for number in parts[1].split())
        start = sum(len(part) + 1 for part in parts[:3])
        end = start + width * height
        if len(self._rest) < end:
            return None
        frame = Frame(width, height, bytes(self._rest[start:end]))
        del self._rest[:end]
        return frame
