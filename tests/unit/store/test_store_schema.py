"""The database is made whole, upgraded step by step, and never recreated over a damaged one."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from cinepeer.adapters.store.schema import APPLICATION_ID, MIGRATIONS, prepare
from cinepeer.errors import BadInput, CheckFailed

ONE = MIGRATIONS[:1]


def question(path: Path, sql: str) -> list[tuple[object, ...]]:
    """All rows of one question."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def tables(path: Path) -> set[object]:
    """Names of the tables."""
    return {row[0] for row in question(path, "SELECT name FROM sqlite_schema WHERE type = 'table'")}


def add_notes(connection: sqlite3.Connection) -> None:
    """A migration of the future."""
    connection.execute("CREATE TABLE notes (text TEXT)")


def test_a_new_database_has_the_newest_form_and_leaves_no_other_file(tmp_path: Path) -> None:
    file = tmp_path / "records.db"
    prepare(file)
    assert {"records", "bodies", "forgotten", "subjects", "bodiless", "forks", "folded"} <= tables(file)
    assert question(file, "PRAGMA user_version") == [(len(MIGRATIONS),)]
    assert question(file, "PRAGMA application_id") == [(APPLICATION_ID,)]
    assert list(tmp_path.iterdir()) == [file]
    assert file.stat().st_mode & 0o777 == 0o600


def test_preparing_twice_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "records.db"
    prepare(file)
    before = file.read_bytes()
    prepare(file)
    assert file.read_bytes() == before


def test_a_database_without_tables_is_brought_to_the_newest_form(tmp_path: Path) -> None:
    file = tmp_path / "records.db"
    question(file, "VACUUM")  # writes a header, no table
    question(file, f"PRAGMA application_id = {APPLICATION_ID}")
    prepare(file)
    assert "records" in tables(file)


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS) + 1))
def test_every_earlier_form_is_brought_to_the_newest(tmp_path: Path, version: int) -> None:
    file = tmp_path / "records.db"
    prepare(file, MIGRATIONS[:version])
    prepare(file, (*MIGRATIONS, add_notes))
    assert {"records", "notes"} <= tables(file)
    assert question(file, "PRAGMA user_version") == [(len(MIGRATIONS) + 1,)]


def test_a_step_that_fails_is_undone_whole(tmp_path: Path) -> None:
    file = tmp_path / "records.db"
    prepare(file, ONE)

    def half(connection: sqlite3.Connection) -> None:
        add_notes(connection)
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        prepare(file, (*ONE, half))
    assert "notes" not in tables(file)
    assert question(file, "PRAGMA user_version") == [(1,)]


def test_a_newer_form_is_one_sentence_and_stays(tmp_path: Path) -> None:
    file = tmp_path / "records.db"
    prepare(file, (*MIGRATIONS, add_notes))
    with pytest.raises(BadInput, match=f"in form {len(MIGRATIONS) + 1}, expected at most {len(MIGRATIONS)}: a newer"):
        prepare(file)
    assert "notes" in tables(file)


def test_another_programs_database_is_not_taken(tmp_path: Path) -> None:
    file = tmp_path / "records.db"
    question(file, "CREATE TABLE photos (name TEXT)")
    with pytest.raises(BadInput, match="found another program's database"):
        prepare(file)
    assert tables(file) == {"photos"}


@pytest.mark.parametrize("damage", [b"", b"no database" * 1000, b"SQLite format 3\0" + bytes(10)])
def test_a_damaged_database_is_named_and_stays(tmp_path: Path, damage: bytes) -> None:
    file = tmp_path / "records.db"
    file.write_bytes(damage)
    with pytest.raises(CheckFailed, match=r"found .*records\.db damaged .* restore it from a backup"):
        prepare(file)
    assert file.read_bytes() == damage


def test_a_log_without_its_database_is_damage_and_no_first_start(tmp_path: Path) -> None:
    (tmp_path / "records.db-wal").write_bytes(b"pages")
    with pytest.raises(CheckFailed, match=r"the file is gone while records\.db-wal is still there"):
        prepare(tmp_path / "records.db")
    assert not (tmp_path / "records.db").exists()


def test_a_first_start_that_was_cut_off_begins_again(tmp_path: Path) -> None:
    (tmp_path / "records.db.new").write_bytes(b"half")
    prepare(tmp_path / "records.db")
    assert [path.name for path in tmp_path.iterdir()] == ["records.db"]


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"found .* unusable"):
        prepare(tmp_path / "nowhere" / "records.db")
