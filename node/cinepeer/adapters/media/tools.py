"""The film tools as the application asks for them."""

from __future__ import annotations

from pathlib import Path

from cinepeer.adapters.media.ladder import Package, Progress, package
from cinepeer.adapters.media.probe import Probe, probe


class FilmTools:
    """Probes and packages films by ffmpeg."""

    async def probe(self, path: Path) -> Probe:
        """What a file is; raises `BadInput`."""
        return await probe(path)

    async def package(self, path: Path, out: Path, probe: Probe, progress: Progress | None = None) -> Package:
        """Cuts the ladder into `out`; raises `BadInput` or `LimitReached`."""
        return await package(path, out, probe, progress)
