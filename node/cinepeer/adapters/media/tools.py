"""The film tools as the application asks for them."""

from __future__ import annotations

from pathlib import Path

from cinepeer.adapters.media.expectation import Expectation, expect
from cinepeer.adapters.media.ladder import PLAIN, Package, Progress, package
from cinepeer.adapters.media.probe import Probe, probe
from cinepeer.adapters.media.stills import Still, candidates
from cinepeer.content.packaging import Packaging


class FilmTools:
    """Probes and packages films by ffmpeg."""

    async def probe(self, path: Path) -> Probe:
        """What a file is; raises `BadInput`."""
        return await probe(path)

    async def package(
        self, path: Path, out: Path, probe: Probe, progress: Progress | None = None, wished: Packaging = PLAIN
    ) -> Package:
        """Cuts the ladder into `out`, as `wished`; raises `BadInput` or `LimitReached`."""
        return await package(path, out, probe, progress, wished)

    def expect(self, probe: Probe) -> Expectation:
        """What will come of a film."""
        return expect(probe)

    async def stills(self, path: Path, probe: Probe) -> list[Still]:
        """Pictures from which a poster may be chosen."""
        return await candidates(path, probe)
