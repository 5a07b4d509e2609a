"""The machine alone: turns, timers, who is told what, and what is held against whom, event by event."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

import pytest

from cinepeer.records.record import Record
from cinepeer.replication import events, exchange, frames, gossip
from cinepeer.replication.events import Effect, Event, Timer
from cinepeer.replication.fingerprints import SealedSet
from cinepeer.replication.machine import Limits, Machine
from unit.replication.rig import NETWORK, NOW_MS, Author, MemoryStore, load

T = TypeVar("T")
EMPTY = SealedSet(())


class Desk:
    """A machine, and the effects it gave that nobody took yet; loads and stores are done at once."""

    def __init__(self, name: str = "m", store: MemoryStore | None = None, **limits: int) -> None:
        self.machine = Machine(NETWORK, 7, me=name, limits=Limits(**limits))
        self.store = store or MemoryStore()
        self.now_ms = NOW_MS
        self.open: list[Effect] = []
        self.is_slow = False  # leaves stores and loads to the test

    def tell(self, *told: Event) -> Desk:
        for event in told:
            queue = list(self.machine.handle(event, self.now_ms))
            while queue:
                effect = queue.pop(0)
                is_work = isinstance(
                    effect,
                    events.LoadSet | events.LoadPlaces | events.LoadRecords | events.LoadBodiless | events.Store,
                )
                if not is_work or self.is_slow:
                    self.open.append(effect)
                    continue
                queue += self.machine.handle(self._done(effect), self.now_ms)
        return self

    def _done(self, effect: Any) -> Event:
        found = load(effect, self.store)
        return found if isinstance(found, events.Stored) else events.Loaded(effect.ticket, found)

    def take(self, kind: type[T]) -> list[T]:
        """The effects of a kind since the last time."""
        found = [effect for effect in self.open if isinstance(effect, kind)]
        self.open = [effect for effect in self.open if not isinstance(effect, kind)]
        return found

    def finish(self, ask: events.Ask) -> None:
        """Answers a hello as a peer that holds the same."""
        mine = self.store.sealed_now()
        same = frames.Hello(frames.VERSION, NETWORK, count=len(mine), fingerprint=mine.fingerprint(0, len(mine)))
        self.tell(events.Answered(ask.ticket, frames.encode(same)))

    def wake(self, timer: Timer, after_ms: int) -> Desk:
        self.now_ms += after_ms
        return self.tell(events.Woke(timer))


def rated(number: int, count: int) -> Author:
    author = Author(number)
    author.rate(count)
    return author


def test_of_two_neighbours_the_one_with_the_smaller_id_dials_at_once() -> None:
    assert [ask.peer for ask in Desk("a").tell(events.Connected("b")).take(events.Ask)] == ["b"]
    later = Desk("b").tell(events.Connected("a"))
    assert later.take(events.Ask) == []
    (wake,) = later.take(events.Wake)
    assert wake.timer == Timer("sync", "a") and 1_000 <= wake.at_ms - NOW_MS < 2_000
    assert [ask.peer for ask in later.wake(wake.timer, wake.at_ms - NOW_MS).take(events.Ask)] == ["a"]


def test_a_timer_that_comes_too_early_or_for_nobody_does_nothing() -> None:
    desk = Desk("b").tell(events.Connected("a"))
    assert desk.wake(Timer("sync", "a"), 999).take(events.Ask) == []
    assert desk.wake(Timer("sync", "nobody"), 10_000).take(events.Ask) == []


def test_no_more_syncs_run_than_there_are_turns_and_a_sync_on_demand_goes_first() -> None:
    desk = Desk("a", syncs_at_once=2).tell(*(events.Connected(peer) for peer in "bcdef"))
    first = desk.take(events.Ask)
    assert [ask.peer for ask in first] == ["b", "c"]
    desk.tell(events.Wanted("f", 1))
    for ask in first:
        desk.finish(ask)
    assert [ask.peer for ask in desk.take(events.Ask)] == ["f", "d"]


def test_after_a_sync_the_next_is_due_within_the_interval() -> None:
    desk = Desk("a", interval_ms=100_000).tell(events.Connected("b"))
    (ask,) = desk.take(events.Ask)
    desk.take(events.Wake)
    desk.finish(ask)
    (wake,) = desk.take(events.Wake)
    assert 50_000 <= wake.at_ms - NOW_MS <= 100_000
    (done,) = desk.take(events.Done)
    assert (done.failure, done.numbers, done.synced.rounds) == (None, (), 1)
    assert [close.conversation for close in desk.take(events.Close)] == [ask.conversation]
    assert desk.machine.peers()["b"].last_sync_ms == NOW_MS


def test_a_sync_that_takes_too_long_ends_and_gives_its_turn_to_the_next() -> None:
    desk = Desk("a", syncs_at_once=1, sync_timeout_ms=5_000).tell(events.Connected("b"), events.Connected("c"))
    (ask,) = desk.take(events.Ask)
    desk.wake(Timer("sync", "b"), 5_000)
    assert [(done.peer, done.failure) for done in desk.take(events.Done)] == [("b", "timeout")]
    assert [other.peer for other in desk.take(events.Ask)] == ["c"]
    desk.finish(ask)  # far too late: nobody waits for it
    assert desk.take(events.Done) == []
    assert desk.machine.peers()["b"].last_sync_ms is None


def test_whoever_wants_a_sync_hears_of_one_that_began_after_that() -> None:
    desk = Desk("a").tell(events.Connected("b"))
    (ask,) = desk.take(events.Ask)
    desk.tell(events.Wanted("b", 1), events.Wanted("b", 2))
    desk.finish(ask)
    assert [done.numbers for done in desk.take(events.Done)] == [()]
    (ask,) = desk.take(events.Ask)
    desk.finish(ask)
    assert [done.numbers for done in desk.take(events.Done)] == [(1, 2)]


def test_a_sync_with_nobody_is_unreachable_at_once() -> None:
    desk = Desk("a").tell(events.Wanted("b", 1))
    assert [(done.failure, done.numbers) for done in desk.take(events.Done)] == [("unreachable", (1,))]


def test_a_neighbour_that_goes_takes_its_sync_and_its_questions_along() -> None:
    desk = Desk("a").tell(events.Connected("b"))
    desk.is_slow = True
    hello = frames.encode(frames.Hello(frames.VERSION, NETWORK))
    desk.tell(events.Asked("b", 5, hello), events.Wanted("b", 3))
    desk.take(events.Wake)
    (question,) = desk.take(events.LoadSet)
    desk.tell(events.Disconnected("b"))
    assert sorted((done.failure, tuple(done.numbers)) for done in desk.take(events.Done)) == [
        ("unreachable", ()),
        ("unreachable", (3,)),
    ]
    desk.tell(events.Loaded(question.ticket, EMPTY))
    assert desk.take(events.Answer) == desk.take(events.Wake) == []
    desk.tell(events.Connected("b"))
    assert len(desk.take(events.LoadSet)) == 1  # and begins anew when it comes back


def test_what_was_being_stored_counts_although_the_sync_broke_off() -> None:
    author = rated(1, 3)
    desk = Desk("a").tell(events.Connected("b"))
    other = MemoryStore(author.pairs)
    (ask,) = desk.take(events.Ask)
    their = other.sealed_now()
    desk.tell(
        events.Answered(
            ask.ticket,
            frames.encode(frames.Hello(1, NETWORK, count=len(their), fingerprint=their.fingerprint(0, len(their)))),
        )
    )
    (ask,) = desk.take(events.Ask)
    ids = b"".join(frames.digest_of(record.id) for record, _ in author.pairs)
    listed = b"a\x00\x00\x02" + bytes([len(author.pairs)]) + ids
    desk.tell(events.Answered(ask.ticket, frames.encode(frames.Reconcile(listed))))
    (ask,) = desk.take(events.Ask)
    desk.is_slow = True
    desk.tell(events.Answered(ask.ticket, frames.encode(frames.Records(tuple(author.pairs)))))
    (store,) = desk.take(events.Store)
    desk.tell(events.Disconnected("b"))
    desk.tell(load(store, desk.store))
    assert desk.machine.peers()["b"].received == 5
    assert [wake.timer.name for wake in desk.take(events.Wake)][-1] == "news"


def test_while_a_batch_is_read_and_stored_the_next_one_is_on_its_way_and_no_third(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exchange, "MAX_RECORDS", 4)
    author = rated(1, 18)
    desk, giver = Desk("a"), Desk("b", MemoryStore(author.pairs))
    desk.tell(events.Connected("b"))
    under_way: list[events.Ask] = []
    most = stored = 0
    while True:
        desk.is_slow = True
        under_way += desk.take(events.Ask)
        if not under_way:
            break
        most = max(most, len(under_way))
        ask = under_way.pop(0)
        (answer,) = giver.tell(events.Asked("a", 1, ask.frame)).take(events.Answer)
        desk.tell(events.Answered(ask.ticket, answer.frame))
        while work := [effect for effect in desk.open if isinstance(effect, events.Store | events.LoadSet)]:
            if isinstance(work[0], events.Store) and len(desk.store.held) + 4 < len(author.pairs):
                stored += 1
                assert under_way or any(isinstance(effect, events.Ask) for effect in desk.open)
            desk.open.remove(work[0])
            desk.tell(desk._done(work[0]))
        for looking in desk.take(events.LoadBodiless):
            desk.tell(desk._done(looking))
    assert (most, stored > 1, desk.store.held) == (2, True, giver.store.held)


def test_a_failed_ask_ends_the_sync_and_only_the_peers_fault_is_held_against_it() -> None:
    for is_fault in (False, True):
        desk = Desk("a").tell(events.Connected("b"))
        (ask,) = desk.take(events.Ask)
        desk.tell(events.Failed(ask.ticket, "frame-too-large", is_fault))
        assert [done.failure for done in desk.take(events.Done)] == ["frame-too-large"]
        assert desk.machine.peers()["b"].refused == ({"frame-too-large": 1} if is_fault else {})
        assert len(desk.take(events.Refuse)) == is_fault


def test_a_question_is_refused_when_too_many_are_open_and_a_stream_is_reset_that_breaks_the_protocol() -> None:
    desk = Desk("a", answers_at_once=2, streams=3)
    desk.is_slow = True
    hello = frames.encode(frames.Hello(frames.VERSION, NETWORK))
    desk.tell(*(events.Asked("b", stream, hello) for stream in (1, 2, 3)))
    busy = frames.encode(frames.Refusal("busy"))
    assert [(answer.stream, answer.frame) for answer in desk.take(events.Answer)] == [(3, busy)]
    desk.tell(events.Asked("b", 1, hello))  # before its answer
    desk.tell(events.Asked("c", 9, b"\xff"))
    assert [(reset.peer, reset.stream, reset.reason) for reset in desk.take(events.Reset)] == [
        ("b", 1, "bad-frame"),
        ("c", 9, "not-canonical"),
    ]
    assert desk.machine.peers()["b"].refused == {"bad-frame": 1}
    assert desk.machine.peers()["c"].refused == {"not-canonical": 1}


def test_a_peer_may_open_one_stream_after_another_although_nobody_says_that_they_closed() -> None:
    desk = Desk("a", streams=3)
    hello = frames.encode(frames.Hello(frames.VERSION, NETWORK))
    for stream in range(10):
        desk.tell(events.Asked("b", stream, hello))
    assert [answer.stream for answer in desk.take(events.Answer)] == list(range(10))
    records = frames.encode(frames.RecordsWanted(()))
    desk.tell(*(events.Asked("b", stream, records) for stream in (9, 8, 7, 0)))
    assert [answer.stream for answer in desk.take(events.Answer)] == [9, 8, 7]
    assert [reset.stream for reset in desk.take(events.Reset)] == [0]  # long forgotten: it has to greet again


def test_a_disk_that_fails_refuses_the_question_without_holding_it_against_the_asker() -> None:
    desk = Desk("a")
    desk.is_slow = True
    desk.tell(events.Asked("b", 1, frames.encode(frames.Hello(frames.VERSION, NETWORK))))
    (wanted,) = desk.take(events.LoadSet)
    desk.tell(events.Failed(wanted.ticket, "disk-full"))
    assert [answer.frame for answer in desk.take(events.Answer)] == [frames.encode(frames.Refusal("disk-full"))]
    assert desk.machine.peers()["b"].refused == {}


def test_keys_are_announced_before_what_stands_on_them_and_nothing_when_nobody_is_near() -> None:
    author = rated(1, 3)
    desk = Desk("a").tell(events.Announced(tuple(author.pairs)))
    assert desk.take(events.Publish) == []
    desk.tell(events.Connected("b"), events.Announced(tuple(reversed(author.pairs))))
    (told,) = desk.take(events.Publish)
    assert [record.kind for record, _ in gossip.parse_message(told.data)][:2] == ["delegate", "inception"]


def test_gossip_is_stored_one_batch_at_a_time_in_turn_by_author() -> None:
    flood, quiet = rated(1, 60), rated(2, 2)
    desk = Desk("a", gossip_records=8)
    desk.is_slow = True
    desk.tell(events.Gossiped("b", gossip.messages(flood.pairs)[0]))
    desk.tell(events.Gossiped("c", gossip.messages(quiet.pairs)[0]))
    batches: list[list[str]] = []
    while stores := desk.take(events.Store):
        (store,) = stores
        batches.append([("flood", "quiet")[record.author == quiet.id] for record, _ in store.records])
        desk.tell(load(store, desk.store))
    assert batches[0] == ["flood"] * 8  # was taken before anyone else came
    assert batches[1] == ["flood", "quiet"] * 4
    assert desk.machine.peers()["b"].received == 62
    assert desk.machine.peers()["c"].received == 4
    assert len(desk.machine.pool) == 0


def test_a_gossiped_gap_is_closed_with_whoever_gossiped_or_with_any_neighbour() -> None:
    author = rated(1, 3)
    message = gossip.messages([author.pairs[-1]])[0]
    for source in ("b", "far-away"):
        desk = Desk("a").tell(events.Connected("b"))
        (ask,) = desk.take(events.Ask)
        desk.finish(ask)
        desk.tell(events.Gossiped(source, message))
        assert [one.peer for one in desk.take(events.Ask)] == ["b"]
        assert desk.machine.peers()[source].waiting == {"author": 1}


def test_a_record_ahead_of_its_time_waits_and_no_sync_is_wanted_for_it() -> None:
    author = rated(1, 1)
    desk = Desk("a").tell(events.Connected("b"))
    (ask,) = desk.take(events.Ask)
    desk.finish(ask)
    desk.is_slow = True
    desk.tell(events.Gossiped("b", gossip.messages(author.pairs)[0]))
    (store,) = desk.take(events.Store)
    desk.tell(events.Stored(store.ticket, waiting=tuple((record, body, "time") for record, body in author.pairs)))
    assert desk.take(events.LoadSet) == []
    assert desk.machine.peers()["b"].waiting == {"time": 3}


@pytest.mark.parametrize("count", [3, 400])
def test_what_a_sync_brought_is_told_to_the_others_proofs_first(count: int) -> None:
    author = rated(1, count)
    forked = author.fork(author.pairs[2][0])
    desk = Desk("a", news_records=200).tell(events.Connected("b"), events.Connected("c"))
    for ask in desk.take(events.Ask):
        desk.finish(ask)
    desk.take(events.Wake)
    desk.is_slow = True
    desk.tell(events.Asked("b", 1, frames.encode(frames.Hello(frames.VERSION, NETWORK))))
    (wanted,) = desk.take(events.LoadSet)
    desk.tell(events.Loaded(wanted.ticket, EMPTY))
    for batch in frames.batches(author.pairs):
        desk.tell(events.Asked("b", 1, frames.encode(frames.Give(tuple(batch)))))
        (store,) = desk.take(events.Store)
        stored = load(store, desk.store)
        proof = desk.store.feeds.fork(forked.device)
        forks = [proof] if proof is not None else []
        desk.tell(events.Stored(store.ticket, stored.added, forks=forks))
    desk.is_slow = False
    desk.wake(Timer("news"), 100)
    told = [gossip.parse_message(message.data) for message in desk.take(events.Publish)]
    assert {record.id for record, _ in told[0]} == {record.id for record in _proof(desk, forked)}
    if count == 3:
        assert {record.id for record, _ in told[1]} == {record.id for record, _ in author.pairs}
    else:
        assert len(told) == 1
        assert [ask.peer for ask in desk.take(events.Ask)] == ["c"]


def _proof(desk: Desk, forked: Record) -> Iterator[Record]:
    proof = desk.store.feeds.fork(forked.device)
    assert proof is not None
    return iter(proof)


def test_the_same_events_give_the_same_effects() -> None:
    def told() -> list[Effect]:
        desk = Desk("m").tell(*(events.Connected(peer) for peer in "amz"), events.Disconnected("a"))
        return desk.wake(Timer("sync", "m"), 3_000).open

    assert told() == told()
