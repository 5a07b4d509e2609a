"""The disk in memory answers as the real store does, batch by batch, so that what heals here heals there."""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from cinepeer.adapters.store import RecordStore
from cinepeer.replication.scope import EVERYTHING, Scope
from sim.disk import Disk
from sim.liars import SwappingDisk
from sim.lives import FALSE, Lives, Pair, Step, author_id, draw_steps
from vectors.people import BORN_MS

SPAN_MS = 60_000
NOW_MS = BORN_MS + SPAN_MS
SCOPES = (
    EVERYTHING,
    Scope(authors=frozenset({author_id(0)})),
    Scope(films=frozenset({"movielens:3", "movielens:4"})),
    Scope(since_ms=BORN_MS + SPAN_MS // 2),
)


def batches(seed: int, count: int) -> list[list[Pair]]:
    """What a few authors and liars signed, in any order, some of it twice, without its body, or with another one."""
    chance = Random(seed)
    steps = draw_steps(chance, count, authors=3, nodes=1, span_ms=SPAN_MS, twisted=0.3)
    lies = [Step(SPAN_MS, chance.randrange(3), what, 0, chance.randrange(8), chance.randrange(8)) for what in FALSE]
    pairs = [*Lives([one for one in steps if one.what != "many"] + lies).pairs.values()]
    swapped = SwappingDisk()
    for record, body in chance.sample(pairs, min(5, len(pairs))):
        swapped.keep(record, body)
    bare = [(record, None) for record, _ in chance.sample(pairs, len(pairs) // 3)]
    whole = [*pairs, *chance.sample(pairs, len(pairs) // 3), *bare, *swapped.records(swapped.held)]
    chance.shuffle(whole)
    return [whole[at : at + 12] for at in range(0, len(whole), 12)]


@settings(max_examples=12)
@given(seed=st.integers(0, 10**6), count=st.integers(1, 40))
def test_the_disk_and_the_store_say_the_same_of_every_batch(seed: int, count: int) -> None:
    with TemporaryDirectory() as folder:
        asyncio.run(compare(batches(seed, count), Path(folder) / "records.db", Random(seed)))


async def compare(told: list[list[Pair]], path: Path, chance: Random) -> None:
    disk = Disk()
    async with await RecordStore.open(path) as store:
        for batch in told:
            here, there = disk.add(0, batch, NOW_MS), await store.add(batch, NOW_MS)
            assert {record.id for record in here.added} == {record.id for record in there.added}
            assert {record.id for record in here.completed} == {record.id for record in there.completed}
            assert waits(here.waiting) == waits(there.waiting)
            assert here.known == there.known
            assert {*here.refused} == {(one, error.reason) for one, error in there.refused}
            if disk.held and chance.random() < 0.3:
                gone = chance.choice([*disk.held])
                if disk.held[gone][0].kind == "rating":
                    disk.forget(gone)
                    await store.forget([gone])
            await compare_state(disk, store, chance.random())


def waits(waiting) -> set[tuple[bytes, str]]:  # type: ignore[no-untyped-def]
    """What waits, and for what."""
    return {(bytes(record.id), reason) for record, _, reason in waiting}


async def compare_state(disk: Disk, store: RecordStore, start: float) -> None:
    """Whether the two hold the same, and hand it out alike."""
    ids = [*disk.held]
    held = {record.id: body for record, body in await store.records(ids)}
    assert held == {one: body for one, (_, body) in disk.held.items()}
    assert await store.count() == len(ids)
    for scope in SCOPES:
        here, there = disk.sealed(scope), await store.sealed(scope)
        assert here.ids(0, len(here)) == there.ids(0, len(there))
        lacking = {record.id for record, _ in await store.bodiless(scope, 1_000, start)}
        assert lacking == {record.id for record, _ in disk.bodiless(scope, 1_000, start)}
    for record, _ in disk.held.values():
        assert store.feeds.counts(record) == disk.feeds.counts(record)
        assert store.feeds.fork(record.device) == disk.feeds.fork(record.device)
