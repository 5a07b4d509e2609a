"""What a node does by itself while it runs: take up what arrives, witness, make checkpoints, tell where it is."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine, Iterable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from cinepeer.errors import CinepeerError

if TYPE_CHECKING:
    from cinepeer.app.library import Library
    from cinepeer.app.relay import Relaying
    from cinepeer.app.renewal import Renewal
    from cinepeer.app.witness import Witnessing
    from cinepeer.faces.http.parts import Parts
    from cinepeer.records.record import Record

log = logging.getLogger("cinepeer.daemon")

RENEWAL_LOOK_S = 60


def begin(stack: AsyncExitStack, tasks: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Lets them run until `stack` unwinds."""
    for work in tasks:
        stack.push_async_callback(_cancel, asyncio.create_task(work))


async def witness(witnessing: Witnessing, every_s: int) -> None:
    """Signs now and again which block of the ledger this node saw and executed."""
    while every_s:
        await asyncio.sleep(every_s)
        try:
            await witnessing.look()
        except CinepeerError as error:
            log.info("witness.failed reason=%s", error)


async def renew(renewal: Renewal, every_s: int) -> None:
    """Makes a checkpoint now and again; it looks once a minute, because the last one may be from before the start."""
    while every_s:
        await asyncio.sleep(min(every_s, RENEWAL_LOOK_S))
        try:
            await renewal.look()
        except CinepeerError as error:
            log.info("checkpoint.failed reason=%s", error)
        except Exception:  # a task's edge: one checkpoint that goes wrong must not be the last
            log.exception("checkpoint.failed")


async def follow(parts: Parts, arrivals: asyncio.Queue[list[Record]], relaying: Relaying) -> None:
    """Takes up what arrives from the network: the library first, then films to host."""
    while True:
        arrived = await arrivals.get()
        try:
            await parts.library.refresh(arrived)
            if any(record.kind == "network" for record in arrived):
                await _obey(parts)
            relaying.take(arrived)
            if any(record.kind in ("version", "host", "retraction") for record in arrived):
                await parts.hosting.pursue()
                parts.licensed.hint()
        except CinepeerError as error:
            log.warning("follow.failed reason=%s", error)
        except Exception:  # a task's edge: one arrival that goes wrong must not stop what comes after it
            log.exception("follow.failed")


async def _obey(parts: Parts) -> None:
    """Takes what the network's founder announced: peers to begin with now, endpoints from the next start on."""
    newest = await parts.announcements.obey()
    await parts.extending.learn()
    if newest is not None:
        parts.peers.note_network("the founder", {"genesis": newest.network, "bootstrap": list(newest.bootstrap)})


async def count(library: Library) -> None:
    """Counts the ratings that the start left for later."""
    try:
        await library.refresh()
    except CinepeerError as error:
        log.warning("count.failed reason=%s", error)


async def tell_where(parts: Parts) -> None:
    """Signs anew what this node holds and where it is reached, when that has changed since the last run."""
    try:
        if parts.author.is_admitted:
            await parts.hosting.tell()
    except CinepeerError as error:
        log.warning("host.untold reason=%s", error)


async def _cancel(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
