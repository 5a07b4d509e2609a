"""What the HTTP faces show and call: the application's parts, wired by the composition root."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from cinepeer.adapters.system.log_lines import LogLines
from cinepeer.adapters.system.uploads import Uploads
from cinepeer.app.announcing import Announcements
from cinepeer.app.audit import Auditing
from cinepeer.app.bandwidth import Bandwidth
from cinepeer.app.challenge import Challenges
from cinepeer.app.checkpoint import Checkpoints
from cinepeer.app.deny import DenyList
from cinepeer.app.devices import Devices
from cinepeer.app.estimate import Estimates
from cinepeer.app.extending import Extending
from cinepeer.app.head_start import HeadStart
from cinepeer.app.host import Hosting
from cinepeer.app.identity import Author
from cinepeer.app.imports import Imports
from cinepeer.app.library import Library
from cinepeer.app.licensed import Licensed
from cinepeer.app.moderate import Moderation
from cinepeer.app.parts import RecordStore
from cinepeer.app.peers import Peers
from cinepeer.app.publications import Publications
from cinepeer.app.receipts import Receipts
from cinepeer.app.recommend import Recommendations
from cinepeer.app.replicate import Replication
from cinepeer.app.screenings import Screenings
from cinepeer.app.search import Search
from cinepeer.app.strangers import Strangers
from cinepeer.app.titles import Titles
from cinepeer.app.trip import Trips
from cinepeer.ports import IpfsBackend


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that a request may reach; there is no object that owns it all."""

    author: Author
    devices: Devices
    store: RecordStore
    library: Library
    ipfs: IpfsBackend
    denied: DenyList
    publications: Publications
    estimates: Estimates
    uploads: Uploads
    hosting: Hosting
    bandwidth: Bandwidth
    challenges: Challenges
    trips: Trips
    screenings: Screenings
    search: Search
    recommendations: Recommendations
    receipts: Receipts
    imports: Imports
    titles: Titles
    licensed: Licensed
    announcements: Announcements
    auditing: Auditing
    extending: Extending
    checkpoints: Checkpoints
    head_start: HeadStart
    replication: Replication
    strangers: Strangers
    neighbours: Callable[[], Sequence[Any]]
    block_counts: Callable[[], Awaitable[dict[str, dict[str, int]]]]
    peers: Peers
    status: Callable[[], dict[str, Any]]
    connect: Callable[[str], Awaitable[str]]
    moderation: Moderation
    clock_ms: Callable[[], int]
    log_lines: LogLines
