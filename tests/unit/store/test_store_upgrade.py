"""A home from any earlier version opens with everything that was in it."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from cinepeer.adapters.store import RecordStore
from cinepeer.adapters.store.schema import MIGRATIONS, prepare
from cinepeer.replication.scope import EVERYTHING, Scope
from unit.store.people import NOW_MS, rater

FORMS = sorted(Path(__file__).parent.glob("form_*.sql"))


def restored(form: Path, folder: Path) -> Path:
    """The database that an earlier version left, from its text."""
    file = folder / "records.db"
    connection = sqlite3.connect(file)
    connection.executescript(form.read_text())
    connection.close()
    return file


def shape(file: Path) -> list[tuple[object, ...]]:
    """All tables and indexes with the words that made them."""
    connection = sqlite3.connect(file)
    try:
        return connection.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name").fetchall()
    finally:
        connection.close()


def test_every_form_that_was_ever_written_is_tried() -> None:
    assert [form.stem for form in FORMS] == [f"form_{number}" for number in range(1, len(MIGRATIONS) + 1)]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.stem)
def test_an_earlier_home_opens_whole(form: Path, tmp_path: Path) -> None:
    anna = rater("anna", 3)
    forgotten = anna.device.pairs[1][0]
    file = restored(form, tmp_path)

    async def story() -> None:
        async with await RecordStore.open(file) as store:
            await store.verify_integrity()
            assert await store.leaves() == [record.id for record, _ in anna.pairs]
            assert (await store.add(anna.pairs, NOW_MS)).known == 5
            assert await store.get(forgotten.id) == (forgotten, None)
            assert store.feeds.heads(anna.device.device) == {anna.device.pairs[-1][0].id}
            assert len(await store.sealed(Scope(films=frozenset({"movielens:1"})))) == 5
            assert await store.bodiless(EVERYTHING, 9, 0.0) == []
            anna.rate(9)
            assert len((await store.add(anna.pairs, NOW_MS)).added) == 1

    asyncio.run(story())


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.stem)
def test_an_upgraded_database_has_the_shape_of_a_new_one(form: Path, tmp_path: Path) -> None:
    file = restored(form, tmp_path)
    prepare(file)
    prepare(tmp_path / "new.db")
    assert shape(file) == shape(tmp_path / "new.db")
