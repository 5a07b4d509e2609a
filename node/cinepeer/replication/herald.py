"""What was heard by gossip and waits to be stored, and what is to be told to others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

from cinepeer.records.cid import Cid
from cinepeer.records.fork import ForkProof
from cinepeer.records.record import Record
from cinepeer.replication import gossip
from cinepeer.replication.budget import NO_ROOM, Held, Pool
from cinepeer.replication.events import Pair, Store
from cinepeer.replication.limits import Limits
from cinepeer.replication.scope import Scope

Waiting = tuple[Record, bytes | None, str]


class Herald:
    """The hints of one node, in and out: both bounded, for whatever is lost here a sync brings."""

    def __init__(self, limits: Limits, scope: Scope) -> None:
        self.pool = Pool(limits.pool_bytes)
        self.is_due = False
        self._limits = limits
        self._scope = scope
        self._storing: tuple[int, dict[Cid, str]] | None = None  # the ticket, and who brought each record
        self._news: dict[str, list[Record]] = {}
        self._proofs: list[Pair] = []
        self._waiting: dict[Cid, Held] = {}  # what came before what it stands on, the oldest first
        self._waiting_bytes = 0
        self._told: dict[Cid, None] = {}  # what gossip has carried lately: nobody needs to hear it once more

    def hear(self, peer: str, data: bytes) -> None:
        """Puts the records of a message that are within the scope into the pool; raises `Refused`."""
        records = gossip.parse_message(data)
        self.note_told(record for record, _ in records)
        for record, body in records:
            if self._scope.covers(record, body):
                self.pool.put(Held(peer, record, body))

    def begin_store(self, ticket: int) -> Store | None:
        """The next batch out of the pool, unless one is on its way or nothing waits; one at a time."""
        if self._storing is not None or not len(self.pool):
            return None
        taken = self.pool.take(self._limits.gossip_records, self._limits.gossip_bytes)
        sources = {held.record.id: held.source for held in taken}
        self._storing = (ticket, sources)
        source = taken[0].source if len(set(sources.values())) == 1 else ""
        return Store(ticket, source, [(held.record, held.body) for held in taken])

    def end_store(self, ticket: int) -> Mapping[Cid, str] | None:
        """Who brought each record of the batch that ended, or None when the ticket is not of that batch."""
        if self._storing is None or self._storing[0] != ticket:
            return None
        sources = self._storing[1]
        self._storing = None
        return sources

    def keep_waiting(self, waiting: Iterable[Waiting], sources: Mapping[Cid, str]) -> Iterator[tuple[str, str]]:
        """Keeps records whose ground is not held yet, the oldest give way; tells who brought each and what it lacks."""
        for record, body, reason in waiting:
            if record.id not in sources:
                continue
            if reason not in ("time", NO_ROOM) and record.id not in self._waiting:
                held = self._waiting[record.id] = Held(sources[record.id], record, body)
                self._waiting_bytes += held.size_bytes
            yield sources[record.id], reason
        while self._waiting_bytes > self._limits.waiting_bytes:
            self._unkeep(next(iter(self._waiting)))

    def _unkeep(self, record_id: Cid) -> Held:
        held = self._waiting.pop(record_id)
        self._waiting_bytes -= held.size_bytes
        return held

    def note_added(self, added: Iterable[Record]) -> None:
        """Lets the records of these authors that wait try once more."""
        if self._waiting:
            authors = {record.author for record in added}
            for held in [one for one in self._waiting.values() if one.record.author in authors]:
                self.pool.put(self._unkeep(held.record.id))

    def note_told(self, records: Iterable[Record]) -> None:
        """Notes what gossip carries; the oldest are forgotten."""
        for record in records:
            self._told[record.id] = None
        while len(self._told) > self._limits.told_records:
            del self._told[next(iter(self._told))]

    def note_news(self, source: str, added: Sequence[Record]) -> None:
        """Notes what a sync brought; one more than may be told by gossip says that there is much."""
        heard = self._news.setdefault(source, [])
        heard += added[: max(self._limits.news_records + 1 - len(heard), 0)]

    def note_forks(self, forks: Sequence[ForkProof]) -> bool:
        """Notes proofs, up to a bound; whether there are any to tell."""
        for proof in forks[: self._limits.proofs - len(self._proofs) // 2]:
            self._proofs += [(proof.one, None), (proof.other, None)]
        return bool(self._proofs)

    def news_for(self, near: Set[str], now_ms: int) -> tuple[list[Pair], list[Cid], list[str]]:
        """Proofs to gossip first, ids of records to gossip, neighbours to sync with; then there is no more news.

        What gossip carried meanwhile is left out: a message reaches everybody, so that one node of many has to tell.
        What is old is gossiped by nobody: who was away would tell everybody what only it had missed.
        """
        self.is_due = False
        news, self._news = self._news, {}
        proofs, self._proofs = self._proofs, []
        if all(record.id in self._told for record, _ in proofs):
            proofs = []
        records = [one for heard in news.values() for one in heard]
        others = sorted(near - (news.keys() if len(news) == 1 else set()))
        if len(records) > self._limits.news_records:
            return proofs, [], others
        records = [one for one in records if one.id not in self._told]
        ids = [one.id for one in records if now_ms - one.time <= self._limits.news_age_ms]
        return proofs, ids if near - news.keys() else [], others if len(ids) < len(records) else []
