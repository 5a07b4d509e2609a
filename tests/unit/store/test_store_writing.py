"""Bodies are forgotten for good, and no failure in the middle leaves half of anything."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from pathlib import Path

import pytest

from cinepeer.adapters.store import RecordStore
from cinepeer.adapters.store.database import Database, Inserting
from cinepeer.errors import BadInput, CinepeerError, LimitReached
from unit.store.people import NOW_MS, rater
from unit.store.stories import ids, tell


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the database of a test lies."""
    return tmp_path / "records.db"


def test_a_forgotten_body_is_off_the_disk_and_not_taken_again(file: Path) -> None:
    anna = rater("anna", 2)
    record, body = anna.device.pairs[0]

    async def forget(store: RecordStore) -> None:
        await store.add(anna.pairs, NOW_MS)
        await store.forget([record.id])
        await again(store)
        assert all(body not in path.read_bytes() for path in file.parent.iterdir())

    async def again(store: RecordStore) -> None:
        outcome = await store.add(anna.pairs, NOW_MS)
        assert (outcome.known, outcome.completed, outcome.refused) == (4, [], [])
        assert await store.get(record.id) == (record, None)
        assert await store.get(anna.device.pairs[1][0].id) == anna.device.pairs[1]

    tell(file, forget)
    tell(file, again)


def test_a_body_forgotten_before_it_came_is_not_taken(file: Path) -> None:
    anna = rater("anna", 1)
    record, _ = anna.device.pairs[0]

    async def story(store: RecordStore) -> None:
        await store.forget([record.id])
        outcome = await store.add(anna.pairs, NOW_MS)
        assert len(outcome.added) == 3
        assert await store.get(record.id) == (record, None)

    tell(file, story)


def test_the_chain_of_keys_cannot_be_forgotten(file: Path) -> None:
    anna = rater("anna", 1)

    async def story(store: RecordStore) -> None:
        await store.add(anna.pairs, NOW_MS)
        with pytest.raises(BadInput, match="found a record of the kind delegate to forget"):
            await store.forget([anna.device.pairs[0][0].id, anna.delegate.id])
        assert await store.get(anna.device.pairs[0][0].id) == anna.device.pairs[0]

    tell(file, story)


def test_a_full_disk_changes_nothing_and_the_store_goes_on(file: Path) -> None:
    anna, bela = rater("anna", 3), rater("bela", 400)

    async def fill(store: RecordStore) -> None:
        await store.add(anna.pairs[:3], NOW_MS)
        with pytest.raises(LimitReached, match=r"found no space left for .*records\.db, expected room"):
            await store.add(anna.pairs + bela.pairs, NOW_MS)
        assert await store.count() == 3
        assert store.feeds.heads(bela.device.device) == set()
        assert await store.leaves() == ids(anna.pairs[:3])
        assert len((await store.add(anna.pairs, NOW_MS)).added) == 2
        await store.verify_integrity()

    async def room(store: RecordStore) -> None:
        assert len((await store.add(anna.pairs + bela.pairs, NOW_MS)).added) == 402

    tell(file, fill, cap_bytes=120_000)
    tell(file, room)


def test_the_state_shows_a_record_only_once_it_is_on_the_disk(file: Path) -> None:
    anna = rater("anna", 1)
    seen: dict[str, tuple[int, int]] = {}

    async def story() -> None:
        def look(point: str) -> None:
            other = sqlite3.connect(file)
            on_disk = other.execute("SELECT count(*) FROM records").fetchone()[0]
            other.close()
            seen[point] = (on_disk, len(store.feeds.heads(anna.device.device)))

        async with await RecordStore.open(file, crash_at=look) as store:
            await store.add(anna.pairs, NOW_MS)

    asyncio.run(story())
    assert seen == {"before-commit": (0, 0), "after-commit": (3, 0), "after-apply": (3, 1)}


@pytest.mark.parametrize(("point", "stored"), [("before-commit", 2), ("after-commit", 4), ("after-apply", 4)])
def test_after_a_failure_the_state_is_what_the_disk_has(file: Path, point: str, stored: int) -> None:
    anna = rater("anna", 3)
    broken = False

    def fail(name: str) -> None:
        if broken and name == point:
            raise RuntimeError("cable pulled")

    async def story() -> None:
        nonlocal broken
        async with await RecordStore.open(file, crash_at=fail) as store:
            await store.add(anna.root.pairs, NOW_MS)
            broken = True
            with pytest.raises(RuntimeError, match="cable pulled"):
                await store.add(anna.device.pairs[:2], NOW_MS)
            broken = False
            assert await store.count() == len(await store.leaves()) == stored
            assert store.feeds.heads(anna.device.device) == set(ids(anna.device.pairs[: stored - 2])[-1:])
            assert len((await store.add(anna.pairs, NOW_MS)).added) == 5 - stored
            assert store.feeds.heads(anna.device.device) == {anna.device.pairs[-1][0].id}

    asyncio.run(story())


def test_a_cancelled_caller_does_not_cut_a_transaction(file: Path) -> None:
    anna = rater("anna", 50)

    async def story(store: RecordStore) -> None:
        for _ in range(3):
            task = asyncio.create_task(store.add(anna.pairs, NOW_MS))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        outcome = await store.add(anna.pairs, NOW_MS)
        assert len(outcome.added) + outcome.known == 52
        assert await store.count() == 52

    tell(file, story)


@pytest.mark.parametrize("count", [0, 1, 2, 63, 64, 65, 127, 200])
def test_many_rows_are_inserted_as_they_are_one_by_one(count: int) -> None:
    rows = [(number, bytes([number])) for number in range(count)]
    found = []
    for factory in (sqlite3.Connection, Inserting):
        with contextlib.closing(sqlite3.connect(":memory:", factory=factory)) as connection:
            connection.execute("CREATE TABLE many (number INTEGER PRIMARY KEY, data BLOB)")
            connection.executemany("INSERT INTO many VALUES (?, ?)", rows)
            connection.executemany("INSERT OR IGNORE INTO many VALUES (?, ?)", rows)
            found.append(connection.execute("SELECT * FROM many ORDER BY number").fetchall())
    assert found == [rows, rows]


def test_a_row_that_cannot_be_inserted_takes_all_of_its_transaction_with_it(file: Path) -> None:
    async def story() -> None:
        database = await Database.open(file)
        try:
            made = [("INSERT INTO forgotten VALUES (?)", [(bytes([number]),) for number in (*range(70), 5, 6)])]
            with pytest.raises(CinepeerError):
                await database.write(made)
            assert await database.read("SELECT count(*) FROM forgotten") == [(0,)]
            await database.write([("INSERT INTO forgotten VALUES (?)", [(b"one",)])])
            assert await database.read("SELECT count(*) FROM forgotten") == [(1,)]
        finally:
            await database.close()

    asyncio.run(story())
