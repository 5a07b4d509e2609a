"""Stills: telling pictures of a film from which a creator chooses the poster, and the one that was chosen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cinepeer.adapters.media.picture import as_shown
from cinepeer.adapters.media.probe import Probe
from cinepeer.adapters.media.program import Limits, Outcome, read_only, run_program
from cinepeer.errors import BadInput

PLACES = (0.05, 0.2, 0.35, 0.5, 0.65, 0.8)  # of the film's length; credits stand at its ends
CANDIDATE_HEIGHT = 180
_LOOKED_AT = 12  # pictures after a place, of which the most telling one is taken
_LIMITS = Limits(cpu_s=300, memory_bytes=4 << 30, file_bytes=64 << 20, wall_s=60, output_bytes=8 << 20)
_JPEG_START, _JPEG_END = b"\xff\xd8", b"\xff\xd9"


@dataclass(frozen=True, slots=True)
class Still:
    """A picture of the film at a moment, as JPEG."""

    seconds: float
    jpeg: bytes


async def candidates(path: Path, probe: Probe) -> list[Still]:
    """Small stills from the film, in its order; a moment that does not decode is left out."""
    found = []
    for place in PLACES:
        seconds = round(place * probe.duration_ms / 1000, 1)
        outcome = await _still(path, probe, seconds, CANDIDATE_HEIGHT, f"thumbnail={_LOOKED_AT},")
        if _is_whole(outcome):
            found.append(Still(seconds, outcome.output))
    return found


async def write_poster(path: Path, probe: Probe, seconds: float, height: int, out: Path) -> None:
    """Writes the picture at a moment, not higher than `height`; raises `BadInput` where there is none."""
    if seconds >= probe.duration_ms / 1000:
        raise BadInput(f"found the poster at {seconds:g} s, expected less than {probe.duration_ms / 1000:.1f} s")
    outcome = await _still(path, probe, seconds, height, "")
    if not _is_whole(outcome):
        raise BadInput(f"found no picture at {seconds:g} s ({outcome.last_word}), expected another moment")
    out.write_bytes(outcome.output)


async def _still(path: Path, probe: Probe, seconds: float, height: int, chosen: str) -> Outcome:
    """One picture from a moment on, as shown: turned, with square pixels, of even size."""
    lines = max(2, 2 * (min(height, probe.height) // 2))
    width = max(2, 2 * round(probe.width * lines / probe.height / 2))
    graph = f"[0:{probe.picture_stream}]{as_shown(probe)}{chosen}scale={width}:{lines},setsar=1,format=yuvj420p[still]"
    return await run_program(
        "ffmpeg",
        (
            *("-nostdin", "-v", "error", "-threads", "2", "-ss", f"{seconds:.3f}", *read_only(path)),
            *("-filter_complex", graph, "-map", "[still]", "-frames:v", "1", "-q:v", "4", "-threads", "1"),
            *("-flags:v", "+bitexact", "-c:v", "mjpeg", "-f", "image2pipe", "pipe:1"),
        ),
        _LIMITS,
    )


def _is_whole(outcome: Outcome) -> bool:
    return not outcome.status and outcome.output.startswith(_JPEG_START) and outcome.output.endswith(_JPEG_END)
