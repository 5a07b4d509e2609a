"""A home is made private, belongs to one process, and keeps what the node remembers."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from cinepeer.adapters.system.home import open_home
from cinepeer.errors import BadInput


def test_a_new_home_is_private_and_has_its_folders(tmp_path: Path) -> None:
    with open_home(tmp_path / "a" / "home") as home:
        assert stat.S_IMODE(home.path.stat().st_mode) == 0o700
        assert home.blocks.is_dir()
        assert stat.S_IMODE(home.keys.stat().st_mode) == 0o700
        assert home.records.parent == home.ledger.parent == home.index.parent == home.path


def test_a_second_opener_is_told_who_has_the_home(tmp_path: Path) -> None:
    with (
        open_home(tmp_path),
        pytest.raises(
            BadInput,
            match=rf"found the home {tmp_path} in use by process {os.getpid()}, expected it free: "
            "stop that node or choose another --home",
        ),
    ):
        open_home(tmp_path)


def test_a_closed_home_can_be_opened_again(tmp_path: Path) -> None:
    home = open_home(tmp_path)
    home.close()
    home.close()
    open_home(tmp_path).close()


def test_reading_needs_no_lock(tmp_path: Path) -> None:
    with open_home(tmp_path) as home:
        home.keep(page_port=4000)
        assert open_home(tmp_path, lock=False).kept == {"page_port": 4000}


def test_what_is_kept_is_there_after_reopening(tmp_path: Path) -> None:
    with open_home(tmp_path) as home:
        assert home.kept == {}
        home.keep(page_port=4000, network="b")
        home.keep(network=None)
        assert home.kept == {"page_port": 4000}
    with open_home(tmp_path) as home:
        assert home.kept == {"page_port": 4000}


@pytest.mark.parametrize("damage", [b"{", b"[]", b"\xff\xfe", b""])
def test_a_damaged_memory_is_named_and_left_as_it_is(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "node.json").write_bytes(damage)
    with pytest.raises(BadInput, match=r"found .*node\.json damaged .* expected a JSON object"):
        open_home(tmp_path)
    assert (tmp_path / "node.json").read_bytes() == damage
    (tmp_path / "node.json").unlink()
    open_home(tmp_path).close()  # the failure let the lock go


def test_a_file_is_no_home(tmp_path: Path) -> None:
    file = tmp_path / "film.mp4"
    file.write_bytes(b"film")
    with pytest.raises(BadInput, match=r"found a file at .*film\.mp4, expected a folder for the home"):
        open_home(file)
    with pytest.raises(BadInput, match="unusable"):
        open_home(file / "home")
    assert file.read_bytes() == b"film"


def test_a_home_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    # Root may write everywhere but into the kernel's own tree.
    place = Path("/proc/cinepeer") if os.geteuid() == 0 else tmp_path / "home"
    with pytest.raises(BadInput, match=r"unusable .* expected a place that this account can read and write"):
        open_home(place)
    tmp_path.chmod(0o700)
