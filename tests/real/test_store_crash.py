"""A node that is killed at any durable boundary has everything that it acknowledged."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cinepeer.adapters.store import RecordStore
from unit.store.people import NOW_MS, Pair, rater

BATCH = 25
BATCHES = 6
FATAL = 4  # the batch in which the process dies

CHILD = """
import asyncio, os, signal, sys
from cinepeer.adapters.store import RecordStore
from real.test_store_crash import BATCH, FATAL, story
from unit.store.people import NOW_MS

async def main(path, point):
    passed = 0
    def crash_at(name):
        nonlocal passed
        passed += name == point
        if passed == FATAL:
            os.kill(os.getpid(), signal.SIGKILL)
    async with await RecordStore.open(path, crash_at=crash_at) as store:
        for batch in story():
            outcome = await store.add(batch, NOW_MS)
            for record in outcome.added:
                print(record.id, flush=True)

asyncio.run(main(*sys.argv[1:]))
"""


def story() -> list[list[Pair]]:
    """The batches that the child adds, one after another."""
    pairs = rater("anna", BATCH * BATCHES - 2).pairs
    return [pairs[start : start + BATCH] for start in range(0, len(pairs), BATCH)]


@pytest.mark.parametrize(
    ("point", "stored"),
    [("before-commit", FATAL - 1), ("after-commit", FATAL), ("after-apply", FATAL), ("never", BATCHES)],
)
def test_what_was_acknowledged_survives_a_kill(tmp_path: Path, point: str, stored: int) -> None:
    file = tmp_path / "records.db"
    tests = str(Path(__file__).parent.parent)
    child = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {tests!r})\n{CHILD}", str(file), point],
        capture_output=True,
        text=True,
        timeout=120,
    )
    acknowledged = child.stdout.split()
    if point == "never":
        assert child.returncode == 0, child.stderr
        assert len(acknowledged) == BATCH * BATCHES
    else:
        assert child.returncode == -signal.SIGKILL, child.stderr
        assert len(acknowledged) == BATCH * (FATAL - 1)

    async def look() -> None:
        async with await RecordStore.open(file) as store:
            await store.verify_integrity()
            leaves = [str(leaf) for leaf in await store.leaves()]
            assert leaves[: len(acknowledged)] == acknowledged
            assert await store.count() == len(leaves) == stored * BATCH  # a batch is there whole or not at all
            for number, batch in enumerate(story()):
                outcome = await store.add(batch, NOW_MS)
                assert len(outcome.added) == (0 if number < stored else BATCH)
                assert outcome.refused == outcome.waiting == []
            assert await store.records(await store.leaves()) == [pair for batch in story() for pair in batch]

    asyncio.run(look())
