"""Trips: films that a person wants whole on this node, so that they play without a network."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Literal

from cinepeer.app.catalogue import Version
from cinepeer.app.host import Hosting
from cinepeer.errors import CinepeerError
from cinepeer.records.cid import Cid

log = logging.getLogger("cinepeer.trip")

State = Literal["whole", "coming", "failed", "absent"]


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a version is: blocks that are here of all that it has; `problem` is the sentence of a failure."""

    state: State
    blocks: int
    of: int
    kept: bool
    problem: str | None = None


class Trips:
    """Brings versions here, one after the other, and keeps them until the person lets them go."""

    def __init__(self, hosting: Hosting) -> None:
        self._hosting = hosting
        self._tasks: dict[Cid, asyncio.Task[None]] = {}
        self._done: dict[Cid, int] = {}
        self._problems: dict[Cid, str] = {}

    async def standing(self, version: Version) -> Standing:
        """How far a version is."""
        of, kept = int(version.fields["blocks"]), self._film(version) in self._hosting.kept
        if await self._hosting.is_held(version):
            return Standing("whole", of, of, kept)
        if version.id in self._tasks:
            return Standing("coming", min(self._done.get(version.id, 0), of), of, kept)
        problem = self._problems.get(version.id)
        return Standing("absent" if problem is None else "failed", 0, of, kept, problem)

    async def keep(self, version: Version) -> Standing:
        """Has a version come here whole and stay, whatever this node hosts for others; safe to repeat."""
        self._hosting.keep(str(self._film(version)), is_kept=True)
        if not await self._hosting.is_held(version) and version.id not in self._tasks:
            self._problems.pop(version.id, None)
            self._done[version.id] = 0
            self._tasks[version.id] = asyncio.create_task(self._bring(version), name=f"trip-{version.id}")
        return await self.standing(version)

    async def let_go(self, version: Version) -> Standing:
        """Ends what is on its way, lets the film leave for others again, and gives its disk back."""
        task = self._tasks.pop(version.id, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._problems.pop(version.id, None)
        self._hosting.keep(str(self._film(version)), is_kept=False)
        await self._hosting.drop(version.root)
        return await self.standing(version)

    async def stop(self) -> None:
        """Ends what is on its way; what has come stays for the next time."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _bring(self, version: Version) -> None:
        def count(blocks: int) -> None:
            self._done[version.id] = blocks

        try:
            await self._hosting.bring(version, count)
        except CinepeerError as error:
            log.info("trip.failed version=%s reason=%s", version.id, error)
            self._problems[version.id] = str(error)
        finally:
            self._tasks.pop(version.id, None)
            self._done.pop(version.id, None)

    def _film(self, version: Version) -> Cid:
        return Cid(version.fields["film"])
