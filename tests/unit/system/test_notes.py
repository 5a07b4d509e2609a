"""Notes: kept whole by name, forgotten when told, and a damaged one is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from cinepeer.adapters.system.notes import Notes
from cinepeer.errors import BadInput


def test_what_was_saved_is_there_after_a_restart(tmp_path: Path) -> None:
    notes = Notes(tmp_path / "notes")
    notes.save("b", {"stands": 2})
    notes.save("a", {"stands": 1})
    notes.save("b", {"stands": 3})
    assert Notes(tmp_path / "notes").all() == [{"stands": 1}, {"stands": 3}]
    notes.remove("a")
    notes.remove("never")
    assert notes.all() == [{"stands": 3}]


@pytest.mark.parametrize("data", [b"", b"{", b"[1]", b"\xff", b"null"])
def test_a_damaged_note_is_passed_over_and_kept(tmp_path: Path, data: bytes) -> None:
    notes = Notes(tmp_path / "notes")
    notes.save("a", {"stands": 1})
    (tmp_path / "notes" / "b.json").write_bytes(data)
    assert notes.all() == [{"stands": 1}]
    assert (tmp_path / "notes" / "b.json").read_bytes() == data


def test_a_file_in_the_way_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("not a folder")
    with pytest.raises(BadInput, match="expected a place"):
        Notes(tmp_path / "notes")
