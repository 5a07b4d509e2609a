"""A flipped bit, a lost body and a batch that was cut off are found by name, and what can be mended is."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cinepeer.adapters.store import RecordStore
from cinepeer.adapters.store.mending import mend, unfinished_pages
from cinepeer.adapters.store.reading import Damage, reading
from cinepeer.errors import BadInput, CheckFailed, LimitReached
from cinepeer.faces.cli.main import group
from cinepeer.replication.scope import EVERYTHING
from unit.store.people import NOW_MS, rater

ANNA = rater("anna", 40)
RATED = [record.id for record, _ in ANNA.device.pairs]
FLIP = "UPDATE {} SET block = CAST(substr(block, 1, 60) || x'2a' || substr(block, 62) AS BLOB) WHERE position = {}"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home that holds Anna's records; the body of her second rating is forgotten."""
    tmp_path.chmod(0o700)

    async def fill() -> None:
        async with await RecordStore.open(tmp_path / "records.db") as store:
            await store.add(ANNA.pairs, NOW_MS)
            await store.forget([RATED[1]])

    asyncio.run(fill())
    return tmp_path


def change(home: Path, *statements: str) -> None:
    """Changes the database behind everybody's back."""
    with closing(sqlite3.connect(home / "records.db", isolation_level=None)) as connection:
        for statement in statements:
            assert connection.execute(statement).rowcount == 1


def damage(home: Path) -> Damage:
    """What is found wrong with the blocks."""
    with reading(home / "records.db") as held:
        assert held.misfit() is None
        return held.damage()


def looked(home: Path, *arguments: str) -> tuple[int, bool, str]:
    """The doctor's exit code and line about records."""
    ended = CliRunner().invoke(group, ["doctor", "--json", "--home", str(home), *arguments], standalone_mode=False)
    lines: list[dict[str, Any]] = json.loads(ended.stdout)
    [line] = [line for line in lines if line["check"] == "records"]
    return ended.return_value, line["ok"], line["told"]


def test_what_is_as_it_was_stored_is_no_damage(home: Path) -> None:
    assert not damage(home).is_any
    assert looked(home)[:2] == (0, True)


def test_a_flipped_bit_in_a_header_is_named_and_not_mended(home: Path) -> None:
    change(home, FLIP.format("records", 9))
    assert damage(home).headers == [RATED[6]]
    for arguments in ((), ("--mend",)):
        code, ok, told = looked(home, *arguments)
        assert (code, ok) == (1, False)
        assert "found 1 headers and 0 bodies of records with other bytes than were stored, and 0 bodies gone" in told
        assert str(RATED[6]) in told
        assert "restore a backup" in told


def test_a_flipped_bit_in_a_body_and_a_lost_body_are_named_and_asked_for_again(home: Path) -> None:
    change(home, FLIP.format("bodies", 9), "DELETE FROM bodies WHERE position = 12")
    found = damage(home)
    assert (found.headers, found.bodies, found.lost) == ([], [RATED[6]], [RATED[9]])
    code, ok, told = looked(home)
    assert (code, ok, "cinepeer doctor --mend" in told) == (1, False, True)
    assert damage(home) == found  # looking changes nothing
    code, ok, told = looked(home, "--mend")
    assert (code, ok, "they were dropped, and neighbours are asked for them" in told) == (0, True, True)
    assert not damage(home).is_any

    async def heal() -> None:
        async with await RecordStore.open(home / "records.db") as store:
            asked = await store.bodiless(EVERYTHING, 9, 0.0)
            assert [record.id for record, _ in asked] == [RATED[6], RATED[9]]
            outcome = await store.add(ANNA.pairs, NOW_MS)
            assert {record.id for record in outcome.completed} == {RATED[6], RATED[9]}

    asyncio.run(heal())
    assert looked(home, "--all")[:2] == (0, True)


def test_a_changed_body_reaches_nobody(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    change(home, FLIP.format("bodies", 9))

    async def story() -> None:
        async with await RecordStore.open(home / "records.db") as store:
            assert await store.get(RATED[6]) == (ANNA.device.pairs[6][0], None)
            assert [one.body is None for one in await store.after(7, 3)] == [False, True, False]

    asyncio.run(story())
    assert f"store.damaged body_of={RATED[6]}" in caplog.text


@pytest.mark.parametrize(
    ("flip", "told"),
    [
        ("UPDATE records SET block = CAST(x'00' || substr(block, 2) AS BLOB) WHERE position = 9", "the record"),
        (FLIP.format("records", 9), "other bytes for the record"),
    ],
)
def test_a_changed_header_is_one_sentence(home: Path, flip: str, told: str) -> None:
    change(home, flip)

    async def story() -> None:
        async with await RecordStore.open(home / "records.db") as store:
            assert (await store.get(RATED[5]) or [None])[0] == ANNA.device.pairs[5][0]
            for ask in (store.get(RATED[6]), store.after(0, 99), store.by_kind("rating")):
                with pytest.raises(CheckFailed, match=f"damaged .{told} {RATED[6]}"):
                    await ask

    asyncio.run(story())


def test_the_body_of_a_key_record_needs_a_backup(home: Path) -> None:
    change(home, "DELETE FROM bodies WHERE position = 2")
    code, ok, told = looked(home, "--mend")
    assert (code, ok) == (1, False)
    assert "0 were dropped, the others are of key records: restore a backup" in told
    assert damage(home).lost == [ANNA.delegate.id]


def test_an_author_of_whom_a_key_record_does_not_hold_is_not_guessed_at(home: Path) -> None:
    change(home, "DELETE FROM bodies WHERE position = 2")

    async def story() -> None:
        async with await RecordStore.open(home / "records.db") as store:
            with pytest.raises(Exception, match=r"damaged \(a key record of .* does not hold"):
                store.feeds.counts(ANNA.device.pairs[0][0])

    asyncio.run(story())


def test_a_batch_that_was_cut_off_is_named_and_left_out(home: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    cut = tmp_path_factory.mktemp("cut")
    cut.chmod(0o700)
    bela, carl = rater("bela", 60), rater("carl", 60)
    log = cut / "records.db-wal"

    async def die() -> None:
        async with await RecordStore.open(home / "records.db") as store:
            await store.add(bela.pairs, NOW_MS)
            before = (home / log.name).stat().st_size
            await store.add(carl.pairs, NOW_MS)
            for name in ("records.db", log.name):
                shutil.copy(home / name, cut / name)
            assert unfinished_pages(cut / "records.db") == 0
            data = log.read_bytes()
            assert len(data) > before + 10_000
            log.write_bytes(data[:-5_000])  # as far as the disk got

    asyncio.run(die())
    assert unfinished_pages(cut / "records.db") > 1
    code, ok, told = looked(cut)
    assert (code, ok) == (0, True)
    assert "104 records of 4 devices hold" in told
    assert "a batch that a crash had cut off" in told

    async def again() -> None:
        async with await RecordStore.open(cut / "records.db") as store:
            assert await store.count() == 104
            assert len((await store.add(carl.pairs, NOW_MS)).added) == 62

    asyncio.run(again())
    assert unfinished_pages(cut / "records.db") == 0
    assert "cut off" not in looked(cut)[2]


def test_nothing_is_unfinished_without_a_log(tmp_path: Path) -> None:
    assert unfinished_pages(tmp_path / "records.db") == 0
    (tmp_path / "records.db-wal").write_bytes(b"short")
    assert unfinished_pages(tmp_path / "records.db") == 0


def test_mending_a_file_that_takes_nothing_is_one_sentence(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change(home, FLIP.format("bodies", 9))
    found = damage(home)
    real = sqlite3.connect

    def read_only(path: Path, **more: Any) -> sqlite3.Connection:
        return real(f"{Path(path).as_uri()}?mode=ro", uri=True, **more)

    monkeypatch.setattr("cinepeer.adapters.store.mending.prepare", lambda _path: None)
    monkeypatch.setattr("cinepeer.adapters.store.mending.sqlite3.connect", read_only)
    with pytest.raises(LimitReached, match=r"found .*records\.db impossible to write .*; nothing was changed"):
        mend(home / "records.db", found)
    monkeypatch.undo()
    assert damage(home) == found


def test_another_programs_file_is_not_looked_into(tmp_path: Path) -> None:
    (tmp_path / "records.db").write_bytes(b"")
    with pytest.raises(BadInput), reading(tmp_path / "records.db"):
        raise AssertionError
