"""The append-only store of records: what it acknowledged is on disk, and is there after any crash."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from cinepeer.adapters.store.admission import admit, check, distinct, right_body
from cinepeer.adapters.store.database import Database
from cinepeer.adapters.store.eviction import author_sizes, evictions, invitations
from cinepeer.adapters.store.forks import fork_statements, forks_held
from cinepeer.adapters.store.insertion import completions, insertions, omissions
from cinepeer.adapters.store.lookup import ROW, Lookup
from cinepeer.adapters.store.outcome import Batch, Outcome, Pair
from cinepeer.adapters.store.past import StoredPast
from cinepeer.adapters.store.sealing import Sealing
from cinepeer.errors import BadInput, CheckFailed
from cinepeer.records.cid import Cid
from cinepeer.records.feed import KEY_KINDS, Feeds
from cinepeer.records.record import Record
from cinepeer.replication.budget import NO_ROOM

log = logging.getLogger("cinepeer.store")

T = TypeVar("T")


class RecordStore(Lookup):
    """Records in the order of their arrival, with the state of all feeds.

    One task at a time writes, in transactions that are on disk before anything is applied or acknowledged; reading goes
    over a connection of its own. Signatures are verified in one thread, while another batch is being written.
    """

    def __init__(
        self, database: Database, past: StoredPast, forks_digest: int, crash_at: Callable[[str], None] | None
    ) -> None:
        """Use `open`."""
        super().__init__(database, past, Sealing(database))
        self.feeds = Feeds(past)
        self._forks_digest = forks_digest
        self._crash_at = crash_at or (lambda _name: None)
        self._verifier = ThreadPoolExecutor(1, thread_name_prefix="verify")
        self._writing = asyncio.Lock()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._forgotten: set[bytes] = set()
        self.evictions = 0
        self.has_room: Callable[[Cid], bool] = lambda _author: True  # whether new records of an author are stored
        self._news: list[set[Cid]] = []  # for each batch under way, the ids stored since it looked

    @classmethod
    async def open(
        cls, path: Path | str, *, crash_at: Callable[[str], None] | None = None, cap_bytes: int | None = None
    ) -> RecordStore:
        """Opens the database at `path`, making or upgrading it as needed; `cap_bytes` bounds its size.

        `crash_at` is called with the name of each durable boundary ("before-commit", "after-commit", "after-apply"),
        for a test to end the process there. Raises `BadInput` for a newer form or another program's file, and
        `CheckFailed` for a damaged one.
        """
        database = await Database.open(Path(path), cap_bytes)
        try:
            position, digest = await database.gather(_held_forks)
            store = cls(database, StoredPast(database.reading(), database.path, position), digest, crash_at)
            store._forgotten = {row[0] for row in await database.read("SELECT id FROM forgotten")}
            [(store.evictions,)] = await database.read("SELECT count(*) FROM evicted")
        except BaseException:
            await database.close()
            raise
        return store

    async def close(self) -> None:
        """Waits for what is being written, then closes the database."""
        while self._tasks:
            await asyncio.wait(self._tasks)
        self._verifier.shutdown()
        self._past.close()
        await self._database.close()

    async def __aenter__(self) -> RecordStore:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # Writing

    async def add(self, batch: Batch, now_ms: int) -> Outcome:
        """Verifies a batch in any order and stores what holds, durable when this returns; idempotent.

        What fails is in the outcome and does not hinder the rest. Raises `LimitReached` when the disk is full: then
        nothing of the batch is stored. The batch of a cancelled caller may be stored all the same.
        """
        return await self._finish(self._add(batch, now_ms))

    async def forget(self, record_ids: Iterable[Cid]) -> None:
        """Wipes the bodies of `record_ids` from the disk and takes none of them again; the headers stay.

        Raises `BadInput`, and changes nothing, when one is of a kind that carries keys.
        """
        await self._finish(self._forget(list(record_ids)))

    async def evict(self, keep: Mapping[Cid, int]) -> int:
        """Lets go of these authors' newest bodies that may go, so that at most so many bytes stay; returns how many.

        They are not forgotten: what others send of them is taken, and `invite` has them asked for.
        """
        return await self._finish(self._evict(keep))

    async def invite(self, authors: Collection[Cid]) -> None:
        """Has the bodies that were let go of these authors asked for again."""
        await self._finish(self._invite(authors))

    async def author_sizes(self) -> dict[Cid, tuple[int, int]]:
        """By author the bytes that stay whatever happens, and those of bodies that may go."""
        return await self._database.gather(author_sizes)

    @property
    def forgotten(self) -> int:
        """A number that changes whenever bodies went: ids that are noted as forgotten, bodies that were let go."""
        return len(self._forgotten) + self.evictions

    # How

    async def _finish(self, work: Coroutine[Any, Any, T]) -> T:
        """Awaits `work`, which goes on to its end even when the caller is cancelled: transactions are never cut."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(task)

    async def _add(self, batch: Batch, now_ms: int) -> Outcome:
        """`add`, uncancelled."""
        outcome = Outcome()
        news: set[Cid] = set()
        self._news.append(news)
        try:
            pairs = distinct(batch)
            bodied = await self._bodied(pairs)
            fresh = [pair for record_id, pair in pairs.items() if record_id not in bodied]
            checked = await asyncio.get_running_loop().run_in_executor(self._verifier, check, fresh)
            outcome.refused += checked.refused
            outcome.waiting += [(record, None, "body") for record in checked.bodiless]
            async with self._writing:
                bodied |= await self._bodied(news & pairs.keys())
                outcome.known = len(batch) - len(pairs) + len(bodied)
                fresh = [pair for pair in checked.pairs if pair[0].id not in bodied]
                await self._store(
                    fresh, checked.films, [pairs[found] for found in bodied if not bodied[found]], now_ms, outcome
                )
        finally:
            self._news.remove(news)
        return outcome

    async def _store(
        self,
        fresh: list[Pair],
        films: Mapping[Cid, Iterable[str]],
        bodiless: list[Pair],
        now_ms: int,
        outcome: Outcome,
    ) -> None:
        """Stores what may be added of `fresh`, and bodies that came for `bodiless` records, in one transaction."""
        if self._forgotten:
            fresh = [(record, self._unless_forgotten(record, body)) for record, body in fresh]
        late = self._late_bodies(bodiless, outcome)
        full = {author for author in {record.author for record, _ in fresh} if not self.has_room(author)}
        if full:
            outcome.waiting += [(record, body, NO_ROOM) for record, body in fresh if record.author in full]
            fresh = [pair for pair in fresh if pair[0].author not in full]
        draft = Feeds(self.feeds)
        try:
            admitted = await asyncio.to_thread(admit, draft, fresh, now_ms)
            position = self._past.position
            end = position + len(admitted.pairs)
            digest, forks = fork_statements(self._past, draft.authors, self._forks_digest, end)
            if admitted.pairs or late:
                statements = [*insertions(admitted.pairs, position + 1, films), *completions(late), *forks]
                await self._database.write(statements, lambda: self._crash_at("before-commit"))
            self._crash_at("after-commit")
            self._forks_digest = digest
            self._past.take(draft.authors, draft.tails, end)
            self._apply([record for record, _ in admitted.pairs], draft.revision)
            self._crash_at("after-apply")
        except BaseException:
            await self._recover()
            raise
        outcome.refused += admitted.refused
        outcome.waiting += admitted.waiting
        outcome.added += [record for record, _ in admitted.pairs]
        outcome.completed += [record for record, _ in late]

    def _apply(self, records: Sequence[Record], revisions: int) -> None:
        """Tells of records that are on disk and in the feeds now."""
        self.feeds.revision += revisions
        self._sealing.take(records)
        for news in self._news:
            news.update(record.id for record in records)

    def _late_bodies(self, bodiless: Iterable[Pair], outcome: Outcome) -> list[tuple[Record, bytes]]:
        """The right bodies among those given for records that are held without one."""
        late = []
        for record, given in bodiless:
            body = right_body(record, self._unless_forgotten(record, given), outcome.refused)
            if body is not None:
                late.append((record, body))
        return late

    def _unless_forgotten(self, record: Record, body: bytes | None) -> bytes | None:
        """`body`, or None where it was forgotten; the chain of keys needs its bodies, so those are never."""
        if record.kind not in KEY_KINDS and not self._forgotten.isdisjoint((record.id, record.header.body)):
            return None
        return body

    async def _evict(self, keep: Mapping[Cid, int]) -> int:
        """`evict`, uncancelled."""
        async with self._writing:
            statements = await self._database.gather(lambda connection: evictions(connection, keep))
            await self._database.write(statements)
            self.evictions += len(gone := list(statements[0][1]))
            return len(gone)

    async def _invite(self, authors: Collection[Cid]) -> None:
        """`invite`, uncancelled."""
        async with self._writing:
            await self._database.write(invitations(authors))

    async def _forget(self, record_ids: list[Cid]) -> None:
        """`forget`, uncancelled."""
        async with self._writing:
            held = self._held(await self._among(f"{ROW} WHERE records.id", record_ids))
            for kind in KEY_KINDS.intersection(found.record.kind for found in held):
                raise BadInput(f"found a record of the kind {kind} to forget, expected none that carries keys")
            forgotten = {bytes(cid) for cid in (*record_ids, *(found.record.header.body for found in held))}
            await self._database.write(omissions(held, forgotten))
            self._forgotten |= forgotten
            await self._database.fold_log()

    async def _recover(self) -> None:
        """After any failure while storing: the state becomes what is on the disk, no more and no less."""
        before = self._past.position
        [(last,)] = await self._database.read("SELECT coalesce(max(position), 0) FROM records")
        if last == before:
            return
        position, self._forks_digest = await self._database.gather(_held_forks)
        self._past.clear(position)
        rows = await self._database.read(f"{ROW} WHERE records.position > ? ORDER BY records.position", (before,))
        # A commit may have held although it said otherwise.
        self._apply([found.record for found in self._held(rows)], len(rows))


def _held_forks(connection: sqlite3.Connection) -> tuple[int, int]:
    """The last position, and the digest of the forks; they were made to fit when the database was opened."""
    found = forks_held(connection)
    if found is None:
        raise CheckFailed("found forks that are not those of the records, expected what was written with them")
    return found
