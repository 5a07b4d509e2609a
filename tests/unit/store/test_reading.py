"""Reading beside the writer: one state of the store, of one author or of all, and nothing is changed by it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from cinepeer.adapters.store.reading import reading
from cinepeer.errors import BadInput, CheckFailed
from unit.app.people import World, in_world

RATING = {"ratings": [["imdb:tt0111161", 9]]}


def test_records_are_read_in_order_while_the_store_is_open(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        one, other = await world.author("one"), await world.author("other")
        for author in (one, other, one):
            await author.sign("rating", RATING)
        with reading(world.store._database.path) as held:
            await one.sign("rating", RATING)  # after the state that is read
            expected = [(found.record, found.body) for found in await world.store.after(0, 100)][:-1]
            assert list(held.pairs()) == expected
            assert held.count() == 7
            mine = [pair for pair in expected if pair[0].author == one.id]
            assert list(held.pairs(one.id)) == mine
            assert held.count(one.id) == len(mine) == 4
            assert held.misfit() is None

    in_world(tmp_path, story)


def test_what_is_no_store_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="found no"), reading(tmp_path / "records.db"):
        pass
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "words").write_text("only words, and not a few of them\n" * 40)
    with pytest.raises(CheckFailed, match="damaged"), reading(tmp_path / "words"):
        pass
    sqlite3.connect(tmp_path / "other").execute("CREATE TABLE other (x)").connection.close()
    with pytest.raises(BadInput, match="another program's database"), reading(tmp_path / "other"):
        pass
