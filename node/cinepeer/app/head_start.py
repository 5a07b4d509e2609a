"""The head start: a fresh node shows the network's newest checkpoint first, and checks it while the records come.

Nothing of it counts here. It stands beside what this node counts itself, says who computed it, and goes when its
records are held and were replayed, or when they do not come to what it says.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from cinepeer.app.checkpoint import Checkpoints, Stated
from cinepeer.app.recommend import Claim
from cinepeer.app.talk import Talking
from cinepeer.errors import CinepeerError, Refused
from cinepeer.records import dagcbor
from cinepeer.records.cid import Cid
from cinepeer.replication.introduction import encode_introductions, parse_introductions
from cinepeer.replication.snapshot import Snapshot
from cinepeer.trust.rating_arrays import RatingArrays

log = logging.getLogger("cinepeer.head_start")

CHECKPOINTS = "/cinepeer/checkpoints/1"
NOTHING = dagcbor.encode(None)
ASK_TIMEOUT_S = 10.0


class Store(Protocol):
    """The records that are held here."""

    async def count(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Pace:
    """How often it looks, how long an answer is told again, the longest pause between two replays, the patience; s."""

    look_s: float = 1.0
    told_s: float = 10.0
    rest_s: float = 60.0
    patience_s: float = 900.0


@dataclass(frozen=True, slots=True)
class Shown:
    """The checkpoint that is shown, how often its films got 1, 2 … 10 stars, and how many records are held already."""

    stated: Stated
    found: Snapshot
    spread: dict[str, list[int]]
    claim: Claim
    held: int


class HeadStart:
    """`answer` goes to the network under `CHECKPOINTS`; `start(network)` begins to look."""

    def __init__(
        self,
        checkpoints: Checkpoints,
        store: Store,
        scope: Cid,
        *,
        clock_ms: Callable[[], int],
        blame: Callable[[str, str], None],
        pace: Pace | None = None,
    ) -> None:
        """`scope` is the link of what this node holds; `blame(peer, reason)` hears of what does not hold."""
        self._checkpoints = checkpoints
        self._store = store
        self._scope = scope
        self._clock_ms = clock_ms
        self._blame = blame
        self._pace = pace or Pace()
        self._task: asyncio.Task[None] | None = None
        self._asked: set[str] = set()
        self._left: set[Cid] = set()  # records of checkpoints that were looked at and are not shown
        self._told = b""
        self._told_until_s = float("-inf")
        self._due_s = 0.0
        self._pause_s = 0.0
        self._grew_s = 0.0
        self.shown: Shown | None = None
        self.ended: Stated | None = None

    async def start(self, network: Talking) -> None:
        """Begins to look for a checkpoint."""
        self._task = asyncio.create_task(self._go(network), name="head-start")

    async def stop(self) -> None:
        """Lets go of it."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def stars(self, film: str) -> tuple[list[int], str] | None:
        """A film's stars as the checkpoint shown has them, ascending, and its label; None while none is shown."""
        if self.shown is None or film not in self.shown.spread:
            return None
        counts = self.shown.spread[film]
        return [stars for stars, count in enumerate(counts, 1) for _ in range(count)], self.shown.stated.label

    def claim(self) -> Claim | None:
        """The ratings that the checkpoint shown has, for a model to be fitted on; None while none is shown."""
        return None if self.shown is None else self.shown.claim

    async def look(self, network: Talking) -> None:
        """One step: to find a checkpoint worth showing, or to check the one that is shown."""
        if self.shown is None:
            await self._begin(network)
        else:
            await self._check(self.shown)

    async def _go(self, network: Talking) -> None:
        while True:
            try:
                await self.look(network)
            except CinepeerError as error:
                log.info("head_start.failed reason=%s", error)
            except Exception:  # a task's edge: the node goes on without a head start
                log.exception("head_start.failed")
            await asyncio.sleep(self._pace.look_s)

    async def answer(self, _question: bytes) -> bytes:
        """What this node tells whoever asks: the newest checkpoints that it holds, with their authors' keys."""
        now_s = _now_s()
        if now_s >= self._told_until_s:  # many may ask, and read through the records of keys costs
            self._told = encode_introductions(await self._checkpoints.introductions())
            self._told_until_s = now_s + self._pace.told_s
        return self._told

    # Finding one

    async def _begin(self, network: Talking) -> None:
        """Loads the newest checkpoint that knows more records than are held here."""
        await self._ask(network)
        held = await self._store.count()
        for one in await self._checkpoints.listed():
            if one.record in self._left or not one.is_claim or one.scope != self._scope or one.contradicts:
                continue
            if one.records <= held:
                continue
            try:
                found, stated = await self._checkpoints.load(one.record)
            except CinepeerError as error:
                self._left.add(one.record)
                log.info("head_start.left checkpoint=%s reason=%s", one.record, error)
                continue
            self._due_s = self._grew_s = _now_s()
            self._pause_s = self._pace.look_s
            claim = Claim(stated.record, stated.label, await asyncio.to_thread(arrays_of, found))
            self.shown = Shown(stated, found, found.spread(), claim, held)
            log.info("head_start.shown checkpoint=%s ratings=%d label=%s", one.record, one.ratings, stated.label)
            return

    async def _ask(self, network: Talking) -> None:
        """Asks each neighbour once what it knows of."""
        for neighbour in network.neighbours():
            peer = neighbour.peer_id
            if peer in self._asked:
                continue
            self._asked.add(peer)
            try:
                async with network.conversation(peer, CHECKPOINTS) as talk:
                    told = await talk.ask(NOTHING, ASK_TIMEOUT_S)
                self._checkpoints.introduce(await asyncio.to_thread(parse_introductions, told, self._clock_ms()))
            except Refused as error:
                self._blame(peer, error.reason)
            except CinepeerError as error:
                log.info("head_start.unasked peer=%s reason=%s", peer, error)

    # Checking it

    async def _check(self, shown: Shown) -> None:
        """Replays it once its records may be here; lets go of it where they never come."""
        held, now_s = await self._store.count(), _now_s()
        if held > shown.held:
            self._grew_s = now_s
        shown = self.shown = replace(shown, held=held)
        if held >= shown.stated.records and now_s >= self._due_s:
            self._pause_s = min(2 * self._pause_s, self._pace.rest_s)
            self._due_s = now_s + self._pause_s
            replayed = await self._checkpoints.replay(shown.stated.record)
            if not replayed.missing_records and not replayed.missing_bodies:
                self._end(replace(shown.stated, label=replayed.label))
                return
        if now_s - self._grew_s > self._pace.patience_s:
            self._end(replace(shown.stated, label=f"{shown.stated.label}: nobody brings all of its records"))
        elif one := next((one for one in await self._checkpoints.listed() if one.record == shown.stated.record), None):
            self.shown = replace(shown, stated=one)
            if one.contradicts or not one.counts:
                self._end(one)

    def _end(self, stated: Stated) -> None:
        """Shows this node's own numbers from now on."""
        log.info("head_start.ended checkpoint=%s label=%s", stated.record, stated.label)
        self._left.add(stated.record)
        self.shown, self.ended = None, stated


def arrays_of(found: Snapshot) -> RatingArrays:
    """The standing ratings of a checkpoint in the form that models are fitted on; withdrawn ones are left out."""
    import numpy as np

    stars = np.frombuffer(found.stars, np.int8)
    stands = stars > 0
    authors, author = np.unique(np.array(found.author, np.int64)[stands], return_inverse=True)
    films, film = np.unique(np.array(found.film, np.int64)[stands], return_inverse=True)
    record = np.array(found.record, np.int64)[stands]
    return RatingArrays(
        tuple(found.authors[one] for one in authors),
        tuple(found.films[one] for one in films),
        np.concatenate(([0], np.cumsum(np.bincount(author, minlength=len(authors))))).astype(np.int64),
        film.astype(np.int32),
        stars[stands],
        np.array(found.times, np.int64)[record],
        record.astype(np.int32),
    )


def _now_s() -> float:
    return asyncio.get_running_loop().time()
