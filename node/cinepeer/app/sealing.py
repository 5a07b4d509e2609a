"""Sealing: the stage of publishing in which a packaged film is encrypted and its key is kept here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from cinepeer.app.custody import Custody
from cinepeer.content.cipher import Sealed, commitment_of
from cinepeer.records.cid import Cid

# seal(folder, secret, progress) -> content key
Seal = Callable[[Path, bytes, Callable[[int, int], None]], bytes]


class Sealing:
    """Encrypts folders by a key that follows from this home's secret and their bytes."""

    def __init__(self, custody: Custody, seal: Seal, announced: Callable[[], None] = lambda: None) -> None:
        """`announced` is called when a sealed film was signed, so that its custodians get their keys."""
        self.announced = announced
        self._custody = custody
        self._seal = seal

    async def seal(
        self, folder: Path, author: Cid, custodians: Sequence[Cid], tell: Callable[[str, dict[str, object]], None]
    ) -> Sealed:
        """Encrypts the files of a version in place; its key lies in the home when this returns."""
        loop = asyncio.get_running_loop()

        def progress(done: int, whole: int) -> None:
            measure: dict[str, object] = {"bytes": done, "whole": whole}
            loop.call_soon_threadsafe(tell, "seal", measure)

        tell("seal", {})
        key = await asyncio.to_thread(self._seal, folder, self._custody.sealing_secret(), progress)
        self._custody.keep(key)
        return Sealed(commitment_of(key), tuple(dict.fromkeys([author, *custodians])))
