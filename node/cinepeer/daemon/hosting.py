"""Makes what hosts films: what is taken, kept and let go, and whether others hold what they say."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from cinepeer.adapters.system.durable import write_whole
from cinepeer.adapters.system.home import Home
from cinepeer.app.challenge import Challenges
from cinepeer.app.fetch import Fetching
from cinepeer.app.host import Hosting
from cinepeer.app.identity import Author
from cinepeer.app.library import Library
from cinepeer.daemon.disk import Disk, keep_disk_cap
from cinepeer.daemon.listeners import public_url
from cinepeer.errors import CinepeerError, Refused
from cinepeer.records.cid import Cid

log = logging.getLogger("cinepeer.daemon")


def open_hosting(
    home: Home,
    settings: Mapping[str, Any],
    disk: Disk,
    library: Library,
    author: Author,
    fetching: Fetching,
    addrs: Callable[[], list[str]],
    clock_ms: Callable[[], int],
) -> tuple[Hosting, Challenges]:
    """Both parts; the second one asks only when somebody or `challenging` has it look."""
    challenges = Challenges(
        library, disk.ipfs, lambda: author.device, fetching.hosted, clock_ms, random.SystemRandom().random
    )
    file = home.path / "kept.txt"

    def keep(lines: Sequence[str]) -> None:
        write_whole(file, "".join(f"{line}\n" for line in lines).encode())

    hosting = Hosting(
        library,
        author,
        disk.ipfs,
        disk.denied,
        fetching.dag,
        addrs,
        cap_bytes=disk.blocks.cap_bytes,
        willing=bool(settings["host_films"]),
        gateway=public_url(settings),
        keep_cap=lambda cap_bytes: keep_disk_cap(home, settings, disk, cap_bytes),
        others=challenges.count,
        kept=_cids(file.read_text().split() if file.exists() else ()),
        keep_kept=keep,
    )
    return hosting, challenges


def _cids(words: Sequence[str]) -> list[Cid]:
    """Those of `words` that are CIDs: a line that somebody broke must not keep the node from starting."""
    found = []
    for word in words:
        with contextlib.suppress(Refused):
            found.append(Cid.parse(word))
    return found


def challenging(challenges: Challenges, every_s: int) -> Coroutine[Any, Any, None]:
    """Has a host challenged now and again, or never where `every_s` is 0."""

    async def look() -> None:
        while every_s:
            await asyncio.sleep(every_s)
            try:
                await challenges.look()
            except CinepeerError as error:
                log.info("challenge.failed reason=%s", error)

    return look()
