"""A small file is replaced whole or not at all."""

from __future__ import annotations

import errno
import stat
from pathlib import Path

import pytest

from cinepeer.adapters.system.durable import in_words, write_whole
from cinepeer.errors import BadInput, LimitReached


def test_a_file_is_replaced_whole_and_private(tmp_path: Path) -> None:
    file = tmp_path / "note"
    write_whole(file, b"one")
    write_whole(file, b"two")
    assert file.read_bytes() == b"two"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "note"
    target.mkdir()
    (target / "inside").write_bytes(b"kept")
    with pytest.raises(BadInput, match="unusable"):
        write_whole(target, b"new")
    assert list(tmp_path.iterdir()) == [target]
    assert (target / "inside").read_bytes() == b"kept"


def test_a_missing_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such file or directory"):
        write_whole(tmp_path / "nowhere" / "note", b"")


def test_a_full_disk_is_a_limit_and_no_bad_input() -> None:
    error = in_words(OSError(errno.ENOSPC, "No space left on device"), Path("/disk/file"))
    assert isinstance(error, LimitReached)
    assert "found no space left for /disk/file, expected room" in str(error)
