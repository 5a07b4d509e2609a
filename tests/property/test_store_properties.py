"""Whatever the order, the repetition and the batches, the store ends in the same state, and keeps what it said."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinepeer.adapters.store import RecordStore
from cinepeer.records.cid import Cid
from unit.store.people import NOW_MS, Pair, Person, rater

Fingerprint = bytes


def forked(name: str) -> Person:
    """A person whose device signs on from two copies of itself."""
    person = rater(name, 4)
    left = person.device.pairs[-1][0]
    person.rate(77, after=person.device.pairs[1][0])
    person.rate(78)
    person.rate(79, after=left)
    return person


PAIRS = rater("anna", 5).pairs + forked("bela").pairs + rater("carl", 2).pairs
PLACES = st.integers(0, len(PAIRS) - 1)


async def end(path: Path, batches: Sequence[Sequence[Pair]]) -> tuple[Fingerprint, list[object], set[Cid]]:
    """Adds `batches`, then again what waited; returns what is sealed, what the feeds say, and what was acknowledged."""
    said: set[Cid] = set()
    async with await RecordStore.open(path) as store:
        waiting: list[Pair] = []
        for batch in batches:
            outcome = await store.add([*batch, *waiting], NOW_MS)
            assert outcome.refused == []
            said |= {record.id for record in outcome.added}
            waiting = [(record, body) for record, body, _ in outcome.waiting]
            assert said == set(await store.leaves())
        held = await store.sealed()
        return held.fingerprint(0, len(held)), state(store), said


def state(store: RecordStore) -> list[object]:
    """What the feeds say of every record and device that there is."""
    devices = sorted({record.device for record, _ in PAIRS})
    forks = [store.feeds.fork(device) for device in devices]
    return [
        [store.feeds.heads(device) for device in devices],
        [None if fork is None else {record.id for record in fork} for fork in forks],
        [store.feeds.counts(record) for record, _ in PAIRS],
    ]


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> tuple[Fingerprint, list[object]]:
    """Where it ends when everything comes at once, in the order in which it was signed."""
    return asyncio.run(end(tmp_path_factory.mktemp("whole") / "records.db", [PAIRS]))[:2]


@settings(max_examples=30)
@given(
    order=st.permutations(range(len(PAIRS))),
    again=st.lists(PLACES, max_size=8),
    cuts=st.lists(PLACES, max_size=4).map(sorted),
)
def test_any_order_repetition_and_batching_ends_in_one_state(
    expected: tuple[Fingerprint, list[object]], order: list[int], again: list[int], cuts: list[int]
) -> None:
    pairs = [PAIRS[place] for place in [*order, *again]]
    batches = [pairs[start:stop] for start, stop in pairwise([0, *cuts, len(pairs)])]
    with tempfile.TemporaryDirectory() as folder:
        *found, said = asyncio.run(end(Path(folder, "records.db"), batches))
        assert tuple(found) == expected
        assert said == {record.id for record, _ in PAIRS}
        # Reopened, it has all it acknowledged, and what it loads is the state that it had.
        *found, _ = asyncio.run(end(Path(folder, "records.db"), []))
        assert tuple(found) == expected


@settings(max_examples=20)
@given(kept=st.sets(PLACES))
def test_every_subset_is_split_into_what_holds_and_what_waits(kept: set[int]) -> None:
    async def story(path: Path) -> None:
        async with await RecordStore.open(path) as store:
            outcome = await store.add([PAIRS[place] for place in sorted(kept)], NOW_MS)
            assert len(outcome.added) + len(outcome.waiting) == len(kept)
            outcome = await store.add(PAIRS, NOW_MS)
            assert outcome.waiting == outcome.refused == []
            assert await store.count() == len(PAIRS)

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(story(Path(folder, "records.db")))
