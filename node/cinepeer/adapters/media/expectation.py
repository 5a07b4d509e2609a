"""What will come of a film, told before any of it is encoded."""

from __future__ import annotations

from dataclasses import dataclass

from cinepeer.adapters.media.ladder import expected_bytes, sizes
from cinepeer.adapters.media.probe import Probe
from cinepeer.content.cues import moment


@dataclass(frozen=True, slots=True)
class Expectation:
    """`package_bytes`: about the most that the package takes; `pixels`: of all pictures of all its renditions."""

    renditions: tuple[str, ...]
    captions: tuple[str, ...]
    chapters: str
    package_bytes: int
    pixels: int


def expect(probe: Probe) -> Expectation:
    """What a probed film will become; its chapters as the lines that `content.cues.parse_chapters` reads."""
    rungs = sizes(probe.width, probe.height)
    area = sum(width * height for width, height in rungs)
    return Expectation(
        tuple(f"{height}p" for _, height in rungs),
        tuple(caption.language for caption in probe.captions),
        "".join(f"{moment(one.start_ms)} {one.title}\n" for one in probe.chapters),
        expected_bytes(probe),
        round(area * probe.rate * probe.duration_ms / 1000),
    )
