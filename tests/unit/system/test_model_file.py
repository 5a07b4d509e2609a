"""The fitted model over a restart: as it was, or nothing where a byte of it is another."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from cinepeer.adapters.system.model_file import ModelFile


@dataclass(frozen=True)
class Kept:
    data: bytes
    light: bytes
    root: bytes
    ratings: int


@pytest.mark.parametrize("kept", [Kept(b"model" * 99, b"light", bytes(32), 7), Kept(b"", b"", b"r" * 32, 0)], ids=str)
def test_a_model_comes_back_as_it_was(tmp_path: Path, kept: Kept) -> None:
    file = ModelFile(tmp_path / "model", Kept)
    assert file.read() is None
    file.write(kept)
    assert file.read() == kept


def test_a_model_that_is_cut_longer_or_changed_is_none(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = ModelFile(tmp_path / "model", Kept)
    file.write(Kept(b"model" * 20, b"light", b"r" * 32, 7))
    whole = file.path.read_bytes()
    broken = [whole[:at] for at in range(0, len(whole), 9)] + [whole + b"\0"]
    broken += [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in range(0, len(whole), 5)]
    for data in broken:
        file.path.write_bytes(data)
        assert file.read() is None
    assert "it is cut or changed" in caplog.text
