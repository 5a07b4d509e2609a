"""A flooding author and everybody else in one sync: how many records come before theirs, whoever asks."""

from __future__ import annotations

from functools import cache

import pytest

from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.replication import exchange
from cinepeer.replication.budget import in_turn, shared_part
from unit.replication.rig import Author, MemoryStore, sync

BATCH, PASS, PEOPLE, RATINGS = 16, 512, 12, 4
FLOOD = 2_500
# The batch that shows the flood, and the one that was asked for before it was looked at.
BEFORE = 2 * BATCH


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Syncs whose batches and passes are small, so that a flood of hundreds is a great one."""
    monkeypatch.setattr(exchange, "MAX_RECORDS", BATCH)
    monkeypatch.setattr(exchange, "MAX_PLACES", PASS)
    monkeypatch.setattr(exchange, "PASS_IDS", PASS)
    monkeypatch.setattr(exchange, "MAX_RECONCILE_BYTES", 4096)


@cache
def crowd(flood: int, when: str) -> tuple[Author, list[Author]]:
    """One who signed `flood` ratings, and people with a few each: after them, before them, or among them."""
    flooder = Author(0)
    people = [Author(1 + number) for number in range(PEOPLE)]
    flooder.rate(flood)
    for number, one in enumerate(people):
        if when == "after":
            one._clock = flooder._clock + number
        if when == "among":
            one._clock = flooder._clock - flood + number * flood // PEOPLE
        one.rate(RATINGS)
    return flooder, people


def waits(one: MemoryStore, people: list[Author]) -> int:
    """How many records of others came before the last of the people's."""
    theirs = {record.id for author in people for record, _ in author.pairs}
    order = list(one.held)
    last = max(place for place, record_id in enumerate(order) if record_id in theirs)
    return last + 1 - len(theirs)


@cache
def all_of(flood: int, when: str) -> MemoryStore:
    """A node that holds everything."""
    flooder, people = crowd(flood, when)
    return MemoryStore(pair for author in (flooder, *people) for pair in author.pairs)


@pytest.mark.parametrize("when", ["after", "before", "among"])
@pytest.mark.parametrize("flood", [0, FLOOD // 5, FLOOD])
def test_a_flood_delays_others_by_no_more_than_as_much_again(flood: int, when: str) -> None:
    one, held = MemoryStore(), all_of(flood, when)
    done = sync(one, held)
    assert (set(one.held), done.withheld) == (set(held.held), 0)
    # Without a flood they wait for each other: so twice as long, and what was on its way when the flood was seen.
    assert waits(one, crowd(flood, when)[1]) <= PEOPLE * (2 + RATINGS) + BEFORE


@pytest.mark.parametrize("when", ["after", "among"])
def test_a_flood_is_given_whole_as_well(when: str) -> None:
    one = MemoryStore()
    sync(all_of(FLOOD, when), one)
    assert set(one.held) == set(all_of(FLOOD, when).held)


def test_two_who_flood_count_as_two() -> None:
    flooder, people = crowd(FLOOD // 5, "after")
    second = Author(99)
    second.rate(FLOOD // 5)
    held = MemoryStore(pair for author in (flooder, second, *people) for pair in author.pairs)
    one = MemoryStore()
    sync(one, held)
    assert set(one.held) == set(held.held)


def test_who_holds_all_but_a_flood_takes_it_whole() -> None:
    held = all_of(FLOOD, "among")
    one = MemoryStore(pair for author in crowd(FLOOD, "among")[1] for pair in author.pairs)
    done = sync(one, held)
    assert (set(one.held), done.waiting, done.withheld) == (set(held.held), 0, 0)


def test_a_flood_that_comes_while_the_other_side_numbers_by_arrival_alone_is_taken_by_arrival(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    flooder, people = crowd(300, "after")
    held = MemoryStore(pair for author in (flooder, *people) for pair in author.pairs)
    arrival = {one: place for place, one in enumerate(held.held)}
    monkeypatch.setattr(held, "places_now", lambda ids: [arrival.get(one) for one in ids])
    one = MemoryStore()
    sync(one, held)
    assert set(one.held) == set(held.held)


@pytest.mark.parametrize("lie", [0, 1 << 40, (1 << 64) - 2])
def test_places_that_say_anything_delay_a_sync_by_one_round_at_most(lie: int, monkeypatch: pytest.MonkeyPatch) -> None:
    flooder, people = crowd(300, "among")
    held = MemoryStore(pair for author in (flooder, *people) for pair in author.pairs)
    monkeypatch.setattr(held, "places_now", lambda ids: [lie ^ number << 40 for number, _ in enumerate(ids)])
    one = MemoryStore()
    for _ in range(4):
        sync(one, held)
    assert set(one.held) == set(held.held)


def test_places_go_in_turn_by_author_and_within_one_by_arrival() -> None:
    ids = [Cid.of(bytes([number]), DAG_CBOR) for number in range(6)]
    placed = in_turn([(ids[5], b"a", 9), (ids[0], b"a", 1), (ids[1], b"a", 2), (ids[2], b"b", 4), (ids[3], b"c", 3)])
    assert sorted(placed, key=placed.__getitem__) == [ids[0], ids[3], ids[2], ids[1], ids[5]]
    assert [one for _, one in shared_part((place, one) for one, place in placed.items())] == [ids[0], ids[3], ids[2]]
    assert shared_part([]) == []
