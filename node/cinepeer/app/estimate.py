"""What publishing a film will take, before it is begun, and how fast this machine was with the last ones."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from cinepeer.app.parts import Media, Probe

_WEIGHT = 0.5  # of the newest film in the speed of this machine


class Estimates:
    """Looks into a film without making anything of it. The speed is kept over a restart by `keep`."""

    def __init__(
        self,
        media: Media,
        room_bytes: Callable[[], Awaitable[int]],
        speed: float | None = None,
        keep: Callable[[float], None] = lambda _: None,
    ) -> None:
        """`speed`: pixels of all renditions that were encoded in a second, None before the first film."""
        self._media = media
        self._room_bytes = room_bytes
        self._speed = speed
        self._keep = keep

    async def estimate(self, path: Path) -> dict[str, Any]:
        """What `path` is and what its publication takes, as plain values; raises `BadInput` for what is no film.

        `package_bytes` is the most that is expected, `ladder_s` how long the packaging takes, null before a film was
        packaged here; `stills` are JPEGs in base64, `chapters` lines as the creator may change them.
        """
        probe = await self._media.probe(path)
        expected = self._media.expect(probe)
        room_bytes = await self._room_bytes()
        return {
            "duration_s": probe.duration_ms / 1000,
            "size_bytes": probe.size_bytes,
            "has_audio": probe.has_audio,
            "renditions": list(expected.renditions),
            "captions": list(expected.captions),
            "chapters": expected.chapters,
            "package_bytes": expected.package_bytes,
            "room_bytes": room_bytes,
            "fits": expected.package_bytes <= room_bytes,
            "ladder_s": None if self._speed is None else round(expected.pixels / self._speed, 1),
            "stills": [
                {"seconds": still.seconds, "jpeg": base64.b64encode(still.jpeg).decode()}
                for still in await self._media.stills(path, probe)
            ],
        }

    def learn(self, probe: Probe, took_s: float) -> None:
        """Takes note of how long a film's packaging took."""
        if took_s > 0:
            found = self._media.expect(probe).pixels / took_s
            self._speed = found if self._speed is None else _WEIGHT * found + (1 - _WEIGHT) * self._speed
            self._keep(self._speed)
