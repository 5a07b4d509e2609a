"""A disk that is full stops the store from accepting, with one sentence; it goes on serving, and accepts again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CHILD = """
import asyncio, resource, sys
from cinepeer.adapters.store import RecordStore
from cinepeer.errors import LimitReached
from unit.store.people import NOW_MS, rater

def limit(size_bytes):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, resource.RLIM_INFINITY))

async def main(path):
    anna, bela = rater("anna", 50), rater("bela", 300)
    async with await RecordStore.open(path) as store:
        await store.add(anna.pairs, NOW_MS)
        limit(120_000)
        for _ in range(3):
            try:
                await store.add(bela.pairs, NOW_MS)
            except LimitReached as error:
                print(error)
        assert await store.count() == len(await store.leaves()) == 52
        assert await store.get(anna.pairs[-1][0].id) == anna.pairs[-1]
        assert store.feeds.counts(anna.pairs[-1][0]) and not store.feeds.counts(bela.inception)
        assert len(await store.sealed()) == 52
        assert (await store.add(anna.pairs, NOW_MS)).known == 52
        limit(resource.RLIM_INFINITY)
        assert len((await store.add(bela.pairs, NOW_MS)).added) == 302
        assert len(await store.sealed()) == 354
    async with await RecordStore.open(path) as store:
        await store.verify_integrity()
        assert await store.count() == 354

asyncio.run(main(sys.argv[1]))
"""


def test_a_full_disk_is_one_sentence_and_heals_by_itself(tmp_path: Path) -> None:
    tests = str(Path(__file__).parent.parent)
    ended = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {tests!r})\n{CHILD}", str(tmp_path / "records.db")],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
    told = ended.stdout.splitlines()
    assert len(told) == 3
    assert all("expected a disk that takes new records; nothing was changed" in line for line in told), told
