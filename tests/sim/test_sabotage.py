"""The simulator sees: each of these bugs, put in on purpose, breaks the law that it should within a few seeds."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cinepeer.errors import Refused
from cinepeer.records.feed import Feeds
from cinepeer.records.record import Record
from cinepeer.replication import events, frames
from cinepeer.replication.events import Effect, Event, Pair
from cinepeer.replication.machine import Machine
from cinepeer.replication.scope import Scope
from sim import checkpoints, disk, node, scenario
from sim.run import run
from sim.shrink import failure, shrink
from sim.world import BrokenLawError

SEEDS = range(120)


def broken_laws(found: str) -> str:
    """The law, by its name, when one of the seeds breaks it; fails when none does."""
    for seed in SEEDS:
        try:
            run(scenario.draw(seed))
        except BrokenLawError as error:
            if error.law == found:
                return error.law
    pytest.fail(f"found no seed of {len(SEEDS)} that shows it, expected one")


def sabotaged(change: Callable[[Event, list[Effect]], list[Effect]]) -> type[Machine]:
    """A machine whose effects are changed."""

    class Sabotaged(Machine):
        def handle(self, event: Event, now_ms: int) -> list[Effect]:
            return change(event, super().handle(event, now_ms))

    return Sabotaged


def test_law_1_is_broken_by_a_fold_that_forgets_what_was_revoked_before_it_came(monkeypatch) -> None:
    counts = Feeds.counts
    monkeypatch.setattr(Feeds, "counts", lambda feeds, record: counts(feeds, record) or record.kind == "rating")
    broken_laws("1 one state")


def test_law_2_is_broken_by_a_limit_of_ones_own_that_decides_what_is_valid(monkeypatch) -> None:
    take = disk.Disk._take

    def limited(self, record: Record, body, added, refused) -> None:
        mine = [one for one, _ in self.held.values() if one.author == record.author]
        if len(mine) >= 30:
            refused.append((record.id, "too-many"))
        else:
            take(self, record, body, added, refused)

    monkeypatch.setattr(disk.Disk, "_take", limited)
    broken_laws("2 valid")


def test_law_3_is_broken_by_a_machine_that_passes_on_what_it_has_not_stored(monkeypatch) -> None:
    def pass_on(event: Event, effects: list[Effect]) -> list[Effect]:
        is_news = isinstance(event, events.Gossiped) and any(isinstance(one, events.Store) for one in effects)
        return [events.Publish(event.data), *effects] if is_news else effects

    monkeypatch.setattr(node, "Machine", sabotaged(pass_on))
    broken_laws("3 store, then send")


def test_law_3_is_broken_by_a_machine_that_acknowledges_more_than_it_stored(monkeypatch) -> None:
    def boast(event: Event, effects: list[Effect]) -> list[Effect]:
        return [boasted(one) if isinstance(one, events.Answer) else one for one in effects]

    def boasted(answer: events.Answer) -> events.Answer:
        took = frames.encode(frames.Took(1, 0, 0, 0))
        is_took = answer.frame[:6] == took[:6]
        return events.Answer(answer.peer, answer.stream, took) if is_took else answer

    monkeypatch.setattr(node, "Machine", sabotaged(boast))
    broken_laws("3 store, then send")


def test_law_3_is_broken_by_a_disk_that_loses_what_it_acknowledged_in_a_crash(monkeypatch) -> None:
    restart = disk.Disk.restart

    def lose(self) -> None:
        if self.held:
            self.held.popitem()
        restart(self)

    monkeypatch.setattr(disk.Disk, "restart", lose)
    broken_laws("3 store, then send")


def test_law_2_is_broken_by_an_eviction_that_takes_what_is_vouched_for(monkeypatch) -> None:
    def evict(self, keep) -> int:
        self.held = {one: (record, None) for one, (record, _) in self.held.items()}
        return len(keep)

    monkeypatch.setattr(disk.Disk, "evict", evict)
    broken_laws("2 held")


def test_law_1_is_broken_by_a_checkpoint_that_counts_what_does_not_count(monkeypatch) -> None:
    class Blind(Feeds):
        def counts(self, record: Record) -> bool:
            return True

    monkeypatch.setattr(checkpoints, "Feeds", Blind)
    broken_laws("1 one state")


def test_law_4_is_broken_by_a_store_that_checks_no_signature(monkeypatch) -> None:
    monkeypatch.setattr(disk, "signature_verdict", lambda record: None)
    broken_laws("4 nothing unverified")


def test_law_5_is_broken_by_a_fold_that_drops_the_second_half_of_a_fork(monkeypatch) -> None:
    monkeypatch.setattr(Feeds, "fork", lambda feeds, device: None)
    broken_laws("5 forks")


def test_nothing_moves_on_where_a_broken_sync_is_never_tried_again(monkeypatch) -> None:
    def give_up(event: Event, effects: list[Effect]) -> list[Effect]:
        return [one for one in effects if not isinstance(one, events.Wake) or one.timer.name == "news"]

    monkeypatch.setattr(node, "Machine", sabotaged(give_up))
    broken_laws("progress")


def test_a_part_that_misses_what_it_names_is_seen(monkeypatch) -> None:
    covers = Scope.covers
    monkeypatch.setattr(Scope, "covers", lambda scope, record, body: covers(scope, record, body) and record.seq != 2)
    broken_laws("progress")


def test_the_seam_is_watched(monkeypatch) -> None:
    def twice(event: Event, effects: list[Effect]) -> list[Effect]:
        return [*effects, *(one for one in effects if isinstance(one, events.Ask))]

    monkeypatch.setattr(node, "Machine", sabotaged(twice))
    broken_laws("seam")


def test_what_a_machine_raises_is_a_finding_and_shrinks_to_little(monkeypatch) -> None:
    class Fragile(Machine):
        def handle(self, event: Event, now_ms: int) -> list[Effect]:
            if isinstance(event, events.Stored) and any(pair[0].kind == "revocation" for pair in told(event)):
                raise Refused("oops", "")
            return super().handle(event, now_ms)

    def told(event: events.Stored) -> list[Pair]:
        return [(record, None) for record in event.added]

    monkeypatch.setattr(node, "Machine", Fragile)
    drawn = next(one for one in map(scenario.draw, SEEDS) if one.size > 40 and failure(one) == "Refused")
    small = shrink(drawn)
    assert failure(small) == "Refused"
    assert small.nodes == 2 and len(small.steps) <= 2 and not small.faults and not small.liars
