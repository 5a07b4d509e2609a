"""The film tools as the application asks for them."""

from __future__ import annotations

import asyncio
from pathlib import Path

from cinepeer.adapters.media.credit import write_credit
from cinepeer.adapters.media.expectation import Expectation, expect
from cinepeer.adapters.media.ladder import PLAIN, Package, Progress, package
from cinepeer.adapters.media.probe import Probe, probe
from cinepeer.adapters.media.stills import Still, candidates
from cinepeer.content.packaging import Packaging
from cinepeer.records.cid import Cid


class FilmTools:
    """Probes and packages films by ffmpeg."""

    def __init__(self, seed: bytes) -> None:
        """`seed`: of the device's key, which signs what is said of a package."""
        self._seed = seed

    async def probe(self, path: Path) -> Probe:
        """What a file is; raises `BadInput`."""
        return await probe(path)

    async def package(
        self, path: Path, out: Path, probe: Probe, progress: Progress | None = None, wished: Packaging = PLAIN
    ) -> Package:
        """Cuts the ladder into `out`, as `wished`; raises `BadInput` or `LimitReached`."""
        return await package(path, out, probe, progress, wished)

    async def credit(self, out: Path, package: Package, probe: Probe, author: Cid) -> int:
        """Writes the package's content credentials; their size in bytes."""
        rendition = package.renditions[0].name
        return await asyncio.to_thread(write_credit, out, rendition, probe.sha256, author, self._seed)

    def expect(self, probe: Probe) -> Expectation:
        """What will come of a film."""
        return expect(probe)

    async def stills(self, path: Path, probe: Probe) -> list[Still]:
        """Pictures from which a poster may be chosen."""
        return await candidates(path, probe)
