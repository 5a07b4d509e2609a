"""The creator's side: films come in, are packaged, sealed where they are licensed, signed and announced."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cinepeer.daemon.clock import clock_ms

if TYPE_CHECKING:
    from cinepeer.adapters.p2p.network import P2P
    from cinepeer.adapters.system.uploads import Uploads
    from cinepeer.app.custody import Custody
    from cinepeer.app.estimate import Estimates
    from cinepeer.app.fetch import Fetching
    from cinepeer.app.host import Hosting
    from cinepeer.app.licensed import Licensed
    from cinepeer.app.publications import Publications
    from cinepeer.app.titles import Titles
    from cinepeer.daemon.kept import Kept


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a creator's work lies: what it will cost, what came in, what becomes of it, and who gets its key."""

    estimates: Estimates
    uploads: Uploads
    publications: Publications
    licensed: Licensed


def open_desk(
    kept: Kept,
    titles: Titles,
    custody: Custody,
    p2p: P2P,
    fetching: Fetching,
    hosting: Hosting,
) -> Desk:
    """What lies there from the last run; `publications.start` goes on with it."""
    from cinepeer.adapters.media.sealing import seal_folder
    from cinepeer.adapters.media.tools import FilmTools
    from cinepeer.adapters.system.notes import Notes
    from cinepeer.adapters.system.uploads import Uploads
    from cinepeer.app.licensed import Licensed
    from cinepeer.app.publications import Publications
    from cinepeer.app.publish import Publishing
    from cinepeer.app.sealing import Sealing
    from cinepeer.daemon.hosting import open_estimates

    path, author, library, disk = kept.home.path, kept.author, kept.library, kept.disk
    own_keys = (kept.device, kept.account)
    licensed = Licensed(custody, library, author, titles, p2p, Notes(path / "licensed"), own_keys, clock_ms, os.urandom)
    sealing = Sealing(custody, seal_folder, licensed.hint)
    tools = FilmTools(kept.device)
    estimates = open_estimates(kept.home, tools, hosting, disk)
    publishing = Publishing(
        *(author, library, disk.ipfs, tools, hosting, disk.denied, sealing, estimates.learn), fetching.hosted
    )
    uploads = Uploads(path / "uploads", clock_ms, os.urandom)
    publications = Publications(publishing, titles, uploads, Notes(path / "publications"), clock_ms, os.urandom)
    return Desk(estimates, uploads, publications, licensed)
