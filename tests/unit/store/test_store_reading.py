"""What is held is found: in an order that can be admitted, by kind and author, and beside whoever writes."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

import pytest

from cinepeer.adapters.store import RecordStore
from cinepeer.errors import CheckFailed
from unit.store.people import NOW_MS, Person, rater
from unit.store.stories import ids, tell


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the database of a test lies."""
    return tmp_path / "records.db"


def test_what_is_not_held_is_nothing(file: Path) -> None:
    anna = Person("anna")

    async def story(store: RecordStore) -> None:
        assert await store.get(anna.inception.id) is None
        assert await store.records([anna.inception.id]) == []
        assert await store.after(0, 10) == []
        assert await store.by_kind("rating") == []
        assert await store.ids(anna.root.device) == []
        assert len(await store.sealed()) == 0
        assert await store.leaves() == []
        assert await store.count() == 0
        outcome = await store.add([], NOW_MS)
        assert outcome.added == []

    tell(file, story)


def test_records_come_in_an_order_that_can_be_admitted(file: Path, tmp_path: Path) -> None:
    anna, bela = rater("anna", 5), rater("bela", 5)
    pairs = anna.pairs + bela.pairs
    random.Random(2).shuffle(pairs)

    async def story(store: RecordStore) -> None:
        await store.add(pairs, NOW_MS)
        found = await store.records([*reversed(ids(pairs)), *ids(pairs)])
        assert sorted(ids(found)) == sorted(ids(pairs))
        async with await RecordStore.open(tmp_path / "other.db") as other:
            for pair in found:
                assert (await other.add([pair], NOW_MS)).added == [pair[0]]

    tell(file, story)


def test_reading_in_the_order_of_arrival_misses_nothing(file: Path) -> None:
    anna = rater("anna", 7)

    async def story(store: RecordStore) -> None:
        await store.add(anna.pairs, NOW_MS)
        found, position = [], 0
        while page := await store.after(position, 4):
            found += page
            position = page[-1].position
        assert [held.position for held in found] == list(range(1, 10))
        assert [(held.record, held.body) for held in found] == anna.pairs
        assert [held.position for held in await store.after(4, 2, "rating")] == [5, 6]
        assert [held.position for held in await store.after(0, 9, "delegate")] == [2]

    tell(file, story)


def test_records_are_found_by_kind_and_author(file: Path) -> None:
    anna, bela = rater("anna", 2), rater("bela", 3)

    async def story(store: RecordStore) -> None:
        await store.add(anna.pairs + bela.pairs, NOW_MS)
        assert len(await store.by_kind("rating")) == 5
        assert ids([(held.record, b"") for held in await store.by_kind("rating", bela.inception.id)]) == ids(
            bela.device.pairs
        )
        assert [held.record for held in await store.by_kind("inception", anna.inception.id)] == [anna.inception]

    tell(file, story)


def test_reading_goes_on_while_another_program_writes_nothing(file: Path) -> None:
    anna = Person("anna")

    async def story(store: RecordStore) -> None:
        other = sqlite3.connect(file)
        other.execute("BEGIN")
        assert other.execute("SELECT count(*) FROM records").fetchone() == (0,)
        await store.add(anna.pairs, NOW_MS)
        assert other.execute("SELECT count(*) FROM records").fetchone() == (0,)
        assert await store.count() == 2
        other.close()

    tell(file, story)


def test_a_page_that_was_changed_on_the_disk_is_named(file: Path) -> None:
    async def fill(store: RecordStore) -> None:
        await store.add(rater("anna", 100).pairs, NOW_MS)

    async def look(store: RecordStore) -> None:
        await store.verify_integrity()

    tell(file, fill)
    data = bytearray(file.read_bytes())
    for start in range(8192, len(data) - 4096, 8192):
        data[start : start + 64] = b"\xff" * 64
    file.write_bytes(data)
    with pytest.raises(CheckFailed, match=r"found .*records\.db damaged"):
        tell(file, look)
    assert file.read_bytes() == bytes(data)


def test_only_this_account_may_read_the_records(file: Path) -> None:
    async def story(store: RecordStore) -> None:
        await store.add(Person("anna").pairs, NOW_MS)

    tell(file, story)
    assert file.stat().st_mode & 0o777 == 0o600
