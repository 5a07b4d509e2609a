"""Makes what hosts films: what is taken, kept and let go, and whether others hold what they say."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from cinepeer.adapters.system.durable import write_whole
from cinepeer.adapters.system.home import Home
from cinepeer.app.bandwidth import Bandwidth, Limits, parse_night
from cinepeer.app.challenge import Challenges
from cinepeer.app.choice import Choice
from cinepeer.app.estimate import Estimates
from cinepeer.app.fetch import Fetching
from cinepeer.app.host import Hosting
from cinepeer.app.identity import Author
from cinepeer.app.library import Library
from cinepeer.app.parts import Media
from cinepeer.app.recommend import Recommendations
from cinepeer.daemon.disk import Disk, keep_disk_cap
from cinepeer.daemon.listeners import public_url
from cinepeer.errors import CinepeerError, Refused
from cinepeer.records.cid import Cid

COUNTED_EVERY_S = 60
CHOSEN = 50  # of the own list that a host takes by taste

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
        custody=bool(settings["custody"]),
        keep_cap=lambda cap_bytes: keep_disk_cap(home, settings, disk, cap_bytes),
        challenges=challenges,
        kept=_cids(file.read_text().split() if file.exists() else ()),
        keep_kept=keep,
    )
    return hosting, challenges


def open_choice(
    settings: Mapping[str, Any], library: Library, author: Author, recommendations: Recommendations
) -> Choice:
    """Which films are hosted for their own sake; raises `BadInput` for a word that is none."""

    async def best() -> list[str]:
        listed, _ = await recommendations.best(author.id, recommendations.taste.wishes, CHOSEN)
        return [one.listed.film for one in listed]

    return Choice(str(settings["host_choice"]), library, author.id, best)


def open_estimates(home: Home, media: Media, hosting: Hosting, disk: Disk) -> Estimates:
    """What publishing takes, by how fast this machine was with the last films."""

    async def room_bytes() -> int:
        return max(0, hosting.cap_bytes - int(await disk.ipfs.stored_bytes()))

    kept = home.kept.get("ladder_speed")
    speed = float(kept) if isinstance(kept, int | float) and kept > 0 else None
    return Estimates(media, room_bytes, speed, lambda found: home.keep(ladder_speed=round(found)))


def open_bandwidth(home: Home, settings: Mapping[str, Any]) -> Bandwidth:
    """What the settings let this node send and take, with what was sent of this month; raises `BadInput`."""
    limits = Limits(
        int(settings["upload_rate"]),
        int(settings["download_rate"]),
        int(settings["upload_month"]),
        parse_night(str(settings["night"])),
    )
    month, sent = home.kept.get("sent_month"), home.kept.get("sent_bytes")
    before = (month, sent) if isinstance(month, str) and isinstance(sent, int) else ("", 0)
    return Bandwidth(limits, time.monotonic, _calendar, before, lambda *now: _keep_sent(home, *now))


def _keep_sent(home: Home, month: str, sent_bytes: int) -> None:
    home.keep(sent_month=month, sent_bytes=sent_bytes)


def _calendar() -> tuple[str, int]:
    """The month and the hour on this machine's own clock."""
    now = time.localtime()
    return time.strftime("%Y-%m", now), now.tm_hour


def _cids(words: Sequence[str]) -> list[Cid]:
    """Those of `words` that are CIDs: a line that somebody broke must not keep the node from starting."""
    found = []
    for word in words:
        with contextlib.suppress(Refused):
            found.append(Cid.parse(word))
    return found


async def counting(bandwidth: Bandwidth) -> None:
    """Writes down now and again what was sent."""
    while True:
        await asyncio.sleep(COUNTED_EVERY_S)
        bandwidth.write()


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
