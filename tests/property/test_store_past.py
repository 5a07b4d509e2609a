"""Feeds that stand on a disk, and keep next to nothing of it, say the same as those that keep everything."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinepeer.adapters.store import RecordStore, past
from property.test_records_feeds import LIVES, lives, state
from vectors.people import NOW_MS, Pair, fold

SPOIL = (
    "DELETE FROM forks",
    "UPDATE forks SET seq = seq + 1",
    "INSERT INTO forks SELECT x'00', x'00', 1",
    "UPDATE folded SET position = position - 1",
    "DELETE FROM folded",
)
FORK = [("r", 0, 0), ("r", 0, 1), ("f", 0, 0)]


async def told(file: Path, batches: Sequence[Sequence[Pair]], pairs: Sequence[Pair]) -> tuple[list[Any], list[Any]]:
    """What the feeds say after `batches`, in the run that stored them and in the next one."""
    async with await RecordStore.open(file) as store:
        for batch in batches:
            outcome = await store.add(batch, NOW_MS)
            assert outcome.refused == []
        first = state(store.feeds, pairs)
    async with await RecordStore.open(file) as store:
        return first, state(store.feeds, pairs)


@settings(max_examples=40)
@given(steps=LIVES, cuts=st.lists(st.integers(0, 40), max_size=5).map(sorted), kept=st.sampled_from([0, 3, 20_000]))
def test_feeds_on_a_disk_say_what_feeds_in_memory_say(
    steps: tuple[list[Any], list[Any]], cuts: list[int], kept: int
) -> None:
    pairs = lives(steps)
    bounds = [0, *(cut for cut in cuts if cut < len(pairs)), len(pairs)]
    batches = [pairs[begin:end] for begin, end in pairwise(bounds)]
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        patched.setattr(past, "MAX_KEPT", kept)
        first, again = asyncio.run(told(Path(folder, "records.db"), batches, pairs))
    assert first == again == state(fold(pairs)[0], pairs)


def test_forks_that_are_not_those_of_the_records_are_found_anew() -> None:
    reached: Counter[str] = Counter()

    @settings(max_examples=25)
    @given(steps=LIVES, spoil=st.sampled_from(SPOIL))
    def follow(steps: tuple[list[Any], list[Any]], spoil: str) -> None:
        pairs = lives(([*FORK, *steps[0]], steps[1]))
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "records.db")
            first, _ = asyncio.run(told(file, [pairs], pairs))
            with closing(sqlite3.connect(file)) as connection, connection:
                reached["forks"] += connection.execute("SELECT count(*) FROM forks").fetchone()[0]
                connection.execute(spoil)
            assert asyncio.run(told(file, [], pairs)) == (first, first)

    follow()
    assert reached["forks"] >= 25
