"""Builds what makes a viewer's lists: the model's file, the private taste, and what the ledger says of rights."""

from __future__ import annotations

from collections.abc import Callable

from cinepeer.adapters.system.home import Home
from cinepeer.adapters.system.model_file import ModelFile
from cinepeer.adapters.system.notes import Notes
from cinepeer.app.facts import Ground
from cinepeer.app.fit import Fitted
from cinepeer.app.library import Library
from cinepeer.app.recommend import Claim, Recommendations
from cinepeer.app.taste import Taste
from cinepeer.app.titles import Titles
from cinepeer.daemon.clock import clock_ms
from cinepeer.ports import IpfsBackend
from cinepeer.records.cid import Cid


def open_recommendations(
    home: Home, author: Cid, library: Library, ipfs: IpfsBackend, titles: Titles, claim: Callable[[], Claim | None]
) -> Recommendations:
    """The recommendations of this home's author; `claim` is what they are made of before the ratings are here."""

    async def ground(territory: str) -> Ground:
        state, block = await titles.state()
        return Ground(state, block, territory, clock_ms() // 1000)

    shelf = ModelFile(home.path / "model.bin", Fitted)
    taste = Taste(Notes(home.path / "taste"))
    return Recommendations(library, taste, ipfs.pins, ground, shelf, claim=claim, owner=author)
