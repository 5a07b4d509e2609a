"""The replication machine: syncs under way, what to gossip, what to hold against a peer. Pure: see `events`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from cinepeer.errors import Refused
from cinepeer.records.cid import Cid
from cinepeer.replication import events, frames, gossip
from cinepeer.replication.budget import Pool
from cinepeer.replication.chance import Chance
from cinepeer.replication.events import Effect, Event, LoadRecords, Pair, Timer
from cinepeer.replication.exchange import Answerer, Dialler, Due, Question, Steps
from cinepeer.replication.herald import Herald
from cinepeer.replication.limits import Limits as Limits
from cinepeer.replication.party import Parties, Party, Session
from cinepeer.replication.scope import EVERYTHING, Scope
from cinepeer.replication.statistics import PeerStatistics
from cinepeer.replication.turns import Turns


class Machine:
    """One node's replication with all its peers."""

    def __init__(
        self, network: Cid, seed: int, *, me: str = "", scope: Scope = EVERYTHING, limits: Limits | None = None
    ) -> None:
        """`me` is this node's peer id; of two neighbours the one with the smaller id dials at once."""
        self.me = me
        self._network = network
        self._chance = Chance(seed)
        self.scope = scope
        self._limits = limits or Limits()
        self._peers = Parties(self._limits.peers)
        self._ticket = 0
        self._conversation = 0
        self._sessions: dict[int, Session] = {}
        self._stores: dict[int, str] = {}  # by ticket, who brought it
        self._herald = Herald(self._limits, scope)
        self._now_ms = 0
        self._out: list[Effect] = []
        self._turns = Turns(self._peers, self._limits, self._chance, self._emit)

    def handle(self, event: Event, now_ms: int) -> list[Effect]:
        """What follows from an event at a time (Unix, ms); to be performed in this order."""
        self._now_ms = now_ms
        self._out = []
        match event:
            case events.Connected(peer):
                self._connect(peer)
            case events.Disconnected(peer):
                self._disconnect(peer)
            case events.Gossiped(peer, data):
                self._hear(peer, data)
            case events.Asked(peer, stream, frame):
                self._answer(peer, stream, frame)
            case events.Closed(peer, stream):
                self._close_stream(peer, stream)
            case events.Answered(ticket, found) | events.Loaded(ticket, found):
                self._result(ticket, found)
            case events.Stored():
                self._stored(event)
            case events.Failed(ticket, reason, is_peers_fault):
                self._fail(ticket, reason, is_peers_fault)
            case events.Woke(timer):
                self._wake(timer)
            case events.Announced(records):
                self._announce(records)
            case events.Wanted(peer, number):
                self._want(peer, number)
        return self._out

    def _emit(self, effect: Effect) -> None:
        self._out.append(effect)

    def peers(self) -> Mapping[str, PeerStatistics]:
        """What each peer brought and took, by peer id."""
        return self._peers.statistics()

    @property
    def pool(self) -> Pool:
        """What was gossiped and is not stored yet."""
        return self._herald.pool

    # Neighbours and their syncs

    def _connect(self, name: str) -> None:
        self._turns.meet(name, self._now_ms, is_first=self.me < name)
        self._begin_syncs()

    def _disconnect(self, name: str) -> None:
        peer = self._peers.of(name)
        peer.is_near = False
        peer.due_ms = None
        peer.is_again = False
        for stream in list(peer.streams):
            self._close_stream(name, stream)
        if peer.sync is not None:
            self._end_sync(peer.sync, "unreachable")
        self._release(name, peer)

    def _release(self, name: str, peer: Party) -> None:
        """Tells whoever waits for a sync that there will be none."""
        if peer.wanted:
            numbers, peer.wanted = tuple(peer.wanted), []
            self._out.append(events.Done(name, Dialler(name, self._network).done, "unreachable", numbers))

    def _want(self, name: str, number: int) -> None:
        peer = self._peers.of(name)
        peer.wanted.append(number)
        if not peer.is_near:
            self._release(name, peer)
        elif peer.sync is not None:
            peer.is_again = True
        else:
            self._turns.enqueue(name, is_first=True)
            self._begin_syncs()

    def _request(self, name: str) -> None:
        self._turns.request(name)
        self._begin_syncs()

    def _begin_syncs(self) -> None:
        while (name := self._turns.take()) is not None:
            peer = self._peers.of(name)
            if peer.is_near:
                self._begin_sync(name, peer)
            else:
                self._release(name, peer)

    def _begin_sync(self, name: str, peer: Party) -> None:
        self._conversation += 1
        dialler = Dialler(name, self._network, self.scope, self._chance.share())
        peer.sync = Session(dialler.run(), name, dialler, self._conversation)
        peer.waited, peer.wanted, peer.is_again = peer.wanted, [], False
        self._turns.limit(peer, name, self._now_ms)
        self._advance(peer.sync, None)

    def _end_sync(self, session: Session, failure: str | None) -> None:
        peer = self._peers.of(session.peer)
        assert session.dialler is not None
        self._forget(session)
        peer.sync = None
        peer.due_ms = None
        done, statistics = session.dialler.done, peer.statistics
        statistics.sent += done.sent
        statistics.rounds += done.rounds
        statistics.received_bytes += done.answered_bytes
        statistics.sent_bytes += done.asked_bytes
        if failure is None:
            statistics.last_sync_ms = self._now_ms
            statistics.lag = done.waiting + done.withheld + done.refused
        self._out.append(events.Close(session.peer, session.number))
        self._out.append(events.Done(session.peer, done, failure, tuple(peer.waited)))
        if peer.is_near:
            self._turns.follow(peer, session.peer, self._now_ms)
        self._begin_syncs()

    def _wake(self, timer: Timer) -> None:
        if timer.name == "news":
            self._tell_news()
            return
        peer = self._peers.get(timer.peer)
        if peer is None or peer.due_ms is None or self._now_ms < peer.due_ms:
            return  # another time was set since
        if peer.sync is not None:
            self._end_sync(peer.sync, "timeout")
        elif peer.is_near:
            self._turns.enqueue(timer.peer)
            self._begin_syncs()

    # Steps

    def _advance(self, session: Session, results: list[Any] | None) -> None:
        """Goes on until the steps want something that is not there yet, or end."""
        try:
            wishes = next(session.steps) if results is None else session.steps.send(results)
        except StopIteration as stop:
            self._end(session, stop.value, None)
            return
        except Refused as error:
            self._count(session.peer, error.reason)
            self._end(session, None, error.reason)
            return
        session.tickets = []
        for wish in wishes:
            if isinstance(wish, Due):
                session.tickets.append(session.ahead.popleft())
                continue
            ticket = self._next_ticket(session)
            if isinstance(wish, Question):
                timeout_ms = self._limits.answer_timeout_ms
                (session.ahead if wish.is_ahead else session.tickets).append(ticket)
                self._out.append(events.Ask(ticket, session.peer, session.number, wish.frame, timeout_ms))
                continue
            session.tickets.append(ticket)
            effect = wish(ticket)
            if isinstance(effect, events.Store):
                self._stores[ticket] = session.peer
            self._out.append(effect)
        self._go_on(session)

    def _go_on(self, session: Session) -> None:
        """Advances steps that have all they wait for."""
        if (results := session.take()) is not None:
            self._advance(session, results)

    def _next_ticket(self, session: Session) -> int:
        self._ticket += 1
        self._sessions[self._ticket] = session
        return self._ticket

    def _result(self, ticket: int, result: Any) -> None:
        session = self._sessions.pop(ticket, None)
        if session is None:
            return
        session.results[ticket] = result
        self._go_on(session)

    def _fail(self, ticket: int, reason: str, is_peers_fault: bool) -> None:
        self._stores.pop(ticket, None)
        if self._herald.end_store(ticket) is not None:
            self._store_gossip()
            return
        session = self._sessions.get(ticket)
        if session is None:
            return
        if is_peers_fault:
            self._count(session.peer, reason)
        self._end(session, None, reason)

    def _forget(self, session: Session) -> None:
        """Lets go of steps; what they still wait for is ignored when it comes."""
        for ticket in (*session.tickets, *session.ahead):
            self._sessions.pop(ticket, None)
        session.tickets = []
        session.ahead.clear()
        session.results.clear()
        session.steps.close()

    def _end(self, session: Session, value: Any, failure: str | None) -> None:
        if session.dialler is not None:
            self._end_sync(session, failure)
            return
        self._forget(session)
        if session.number < 0:
            return
        self._peers.of(session.peer).answering.pop(session.number, None)
        if failure is None:
            self._out.append(events.Answer(session.peer, session.number, value))
        elif failure in ("disk-full", "unable"):
            self._out.append(events.Answer(session.peer, session.number, frames.encode(frames.Refusal(failure))))
        else:
            self._peers.of(session.peer).streams.pop(session.number, None)
            self._out.append(events.Reset(session.peer, session.number, failure))

    # Answering

    def _answer(self, name: str, stream: int, frame: bytes) -> None:
        peer = self._peers.of(name)
        if stream in peer.answering:
            self._count(name, "bad-frame")
            self._out.append(events.Reset(name, stream, "bad-frame"))
            return
        if len(peer.answering) >= self._limits.answers_at_once:
            self._out.append(events.Answer(name, stream, frames.encode(frames.Refusal("busy"))))
            return
        answerer = peer.stream(stream, self._limits.streams, Answerer(name, self._network, self.scope))
        session = peer.answering[stream] = Session(answerer.answer(frame), name, None, stream)
        self._advance(session, None)

    def _close_stream(self, name: str, stream: int) -> None:
        peer = self._peers.of(name)
        peer.streams.pop(stream, None)
        if (session := peer.answering.pop(stream, None)) is not None:
            self._forget(session)

    # What became of records

    def _stored(self, stored: events.Stored) -> None:
        """Counts a batch for and against whoever brought it, and notes what others should hear of."""
        if self._herald.note_forks(stored.forks):
            self._plan_news()
        self._herald.note_added(stored.added)
        sources = self._herald.end_store(stored.ticket)
        self._store_gossip()
        if sources is not None:
            self._gossip_stored(stored, sources)
            return
        source = self._stores.pop(stored.ticket, None)
        if source is None:
            return
        statistics = self._peers.of(source).statistics
        statistics.received += len(stored.added)
        statistics.waiting.update(reason for _, _, reason in stored.waiting)
        for _, reason in stored.refused:
            self._count(source, reason)
        if stored.added:
            self._herald.note_news(source, stored.added)
            self._plan_news()
        self._result(stored.ticket, stored)

    def _plan_news(self) -> None:
        if not self._herald.is_due:
            self._herald.is_due = True
            pause_ms = int(self._limits.news_pause_ms * (1 + 9 * self._chance.share()))
            self._out.append(events.Wake(Timer("news"), self._now_ms + pause_ms))

    def _tell_news(self) -> None:
        """Tells the neighbours that did not bring the news: proofs, then few fresh records by gossip, else by sync."""
        near = self._peers.near()
        proofs, ids, to_sync = self._herald.news_for(near, self._now_ms)
        if near:
            self._out += map(events.Publish, gossip.messages(proofs))
        for name in to_sync:
            self._request(name)
        if ids:
            self._advance(Session(self._tell(ids), ""), None)

    def _tell(self, ids: Sequence[Cid]) -> Steps[None]:
        (loaded,) = yield (lambda ticket: LoadRecords(ticket, ids),)
        self._announce(loaded)

    def _announce(self, records: Sequence[Pair]) -> None:
        """Gossips records, those that carry keys before all others, because the others stand on them."""
        if self._peers.near():
            ordered = sorted(records, key=lambda pair: pair[0].kind not in gossip.FIRST_KINDS)
            self._herald.note_told(record for record, _ in ordered)
            self._out += map(events.Publish, gossip.messages(ordered))

    # Gossip

    def _hear(self, name: str, data: bytes) -> None:
        """Takes in what a gossip message brings; it is stored in turn."""
        try:
            self._herald.hear(name, data)
        except Refused as error:
            self._count(name, error.reason)
            return
        self._store_gossip()

    def _store_gossip(self) -> None:
        if (store := self._herald.begin_store(self._ticket + 1)) is not None:
            self._out.append(store)
            self._ticket += 1

    def _gossip_stored(self, stored: events.Stored, sources: Mapping[Cid, str]) -> None:
        """A gap before what was gossiped is closed by a sync."""
        for name, count in Counter(sources[one.id] for one in stored.added if one.id in sources).items():
            self._peers.of(name).statistics.received += count
        for record_id, reason in stored.refused:
            if record_id in sources:
                self._count(sources[record_id], reason)
        gaps: dict[str, None] = {}
        for source, reason in self._herald.keep_waiting(stored.waiting, sources):
            self._peers.of(source).statistics.waiting[reason] += 1
            if reason != "time":
                gaps[source] = None
        for source in gaps:
            self._close_gap(source)

    def _close_gap(self, name: str) -> None:
        """Syncs with the peer that gossiped past a gap, or with another neighbour when it is none itself."""
        near = sorted(self._peers.near())
        if near:
            self._request(name if name in near else near[self._chance.below(len(near))])

    # Peers

    def _count(self, name: str, reason: str) -> None:
        if name:
            self._peers.of(name).statistics.refused[reason] += 1
            self._out.append(events.Refuse(name, reason))
