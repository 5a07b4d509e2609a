"""Blocks on several disks: each under its cap, a film together, and a disk that is away is missed and comes back."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import shutil
from pathlib import Path

import pytest

from cinepeer.adapters.ipfs import disk as disk_module
from cinepeer.adapters.ipfs.blockstore import BlockStore
from cinepeer.adapters.ipfs.disk import Disk
from cinepeer.adapters.ipfs.disks import known_disks, parse_disks
from cinepeer.adapters.ipfs.embedded import EmbeddedIpfs
from cinepeer.errors import BadInput, LimitReached
from cinepeer.records.cid import RAW, Cid


@pytest.fixture(autouse=True)
def _looking_always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_module, "LOOK_AGAIN_S", 0.0)


def block(number: int) -> tuple[Cid, bytes]:
    data = number.to_bytes(4, "big") * 25
    return Cid.of(data, RAW), data


def opened(folder: Path, a_bytes: int = 1000, b_bytes: int = 500, cap_bytes: int | None = None) -> BlockStore:
    others = [Disk(folder / "a", a_bytes), Disk(folder / "b", b_bytes)]
    return BlockStore(folder / "own", cap_bytes=cap_bytes, others=others)


def count(folder: Path) -> int:
    return len(list(folder.glob("??/*")))


def test_blocks_go_to_one_disk_until_it_is_full_then_to_the_next_and_to_the_own_folder_last(tmp_path: Path) -> None:
    store = opened(tmp_path)
    for number in range(20):
        store.put(*block(number))
    assert [count(tmp_path / name) for name in ("a", "b", "own")] == [10, 5, 5]
    assert store.stored_bytes() == 2000 and len(set(store)) == 20
    assert all(store.get(block(number)[0]) == block(number)[1] for number in range(20))
    store.delete(block(0)[0])
    store.put(*block(20))
    store.put(*block(0))
    assert count(tmp_path / "a") == 10 and store.stored_bytes() == 2100
    store.close()
    assert opened(tmp_path).stored_bytes() == 2100


def test_the_cap_of_all_holds_over_the_caps_of_each(tmp_path: Path) -> None:
    store = opened(tmp_path, cap_bytes=700)
    with pytest.raises(LimitReached, match="expected at most the cap of 700 bytes"):
        for number in range(20):
            store.put(*block(number))
    assert store.stored_bytes() == 700


def test_a_disk_without_space_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = opened(tmp_path)
    whole = disk_module.write_new

    def full(path: Path | str, data: bytes, *, is_bulk: bool = False) -> None:
        if Path(path).is_relative_to(tmp_path / "a"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        whole(path, data, is_bulk=is_bulk)

    monkeypatch.setattr(disk_module, "write_new", full)
    store.put(*block(1))
    assert count(tmp_path / "b") == 1 and store.stored_bytes() == 100


def test_a_disk_that_goes_away_is_told_and_the_others_are_served(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "cinepeer.blocks")
    store = opened(tmp_path)
    for number in range(15):
        store.put(*block(number))
    on_a = [block(number) for number in range(15) if (tmp_path / "a" / str(block(number)[0])[-3:-1]).exists()]
    (tmp_path / "a").rename(tmp_path / "unplugged")
    (tmp_path / "a").mkdir()  # where it was mounted
    held = [number for number in range(15) if store.get(block(number)[0]) == block(number)[1]]
    assert len(held) == 5 and store.stored_bytes() == 500 and store.disks.away == [tmp_path / "a"]
    assert f"blocks.disk_away path={tmp_path / 'a'}" in caplog.text
    store.put(*on_a[0])  # fetched anew
    assert count(tmp_path / "a") == 0 and store.has(on_a[0][0])

    (tmp_path / "a").rmdir()
    (tmp_path / "unplugged").rename(tmp_path / "a")
    assert all(store.get(block(number)[0]) == block(number)[1] for number in range(15))
    assert store.disks.away == [] and store.stored_bytes() == 1600
    assert store.delete(on_a[0][0]) == 200 and not store.has(on_a[0][0])  # it lay on two
    assert "blocks.disk_there" in caplog.text


def test_a_disk_that_goes_away_while_it_is_written_to_loses_its_turn(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.put(*block(1))
    store.disks.current._looked_s = float("inf")  # not looked at again by itself
    shutil.rmtree(tmp_path / "a")
    store.put(*block(2))
    assert store.disks.away == [tmp_path / "a"] and count(tmp_path / "b") == 1
    assert not (tmp_path / "a").exists()


def test_a_start_without_a_disk_neither_fills_its_empty_place_nor_forgets_it(tmp_path: Path) -> None:
    opened(tmp_path).put(*block(1))
    (tmp_path / "a").rename(tmp_path / "unplugged")
    (tmp_path / "a").mkdir()
    store = opened(tmp_path)
    assert store.disks.away == [tmp_path / "a"]
    store.put(*block(2))
    assert list((tmp_path / "a").iterdir()) == [] and count(tmp_path / "b") == 1
    (tmp_path / "a" / "disk").write_text("another disk\n")
    assert not store.has(block(1)[0])


def test_nothing_is_collected_while_a_disk_is_away(tmp_path: Path) -> None:
    ipfs = EmbeddedIpfs(opened(tmp_path, 10_000_000, 10_000_000), tmp_path / "pins.db")
    film = tmp_path / "film"
    film.write_bytes(os.urandom(600_000))
    root = asyncio.run(ipfs.add_file(film))
    assert len(asyncio.run(ipfs.gc())) == 0
    (tmp_path / "a").rename(tmp_path / "unplugged")
    with pytest.raises(BadInput, match="away, expected every disk"):
        asyncio.run(ipfs.gc())
    (tmp_path / "unplugged").rename(tmp_path / "a")
    assert len(asyncio.run(ipfs.gc())) == 0 and ipfs.blocks.has(root)
    ipfs.close()


def test_a_disk_is_emptied_onto_the_others(tmp_path: Path) -> None:
    store = opened(tmp_path, 2000, 1000, cap_bytes=1500)
    for number in range(15):
        store.put(*block(number))
    steps: list[None] = []
    assert store.empty(tmp_path / "a", lambda: steps.append(None)) == 15 == len(steps)
    assert [count(tmp_path / name) for name in ("a", "b", "own")] == [0, 10, 5] and store.stored_bytes() == 1500
    assert all(store.get(block(number)[0]) == block(number)[1] for number in range(15))
    with pytest.raises(BadInput, match="found no disk"):
        store.empty(tmp_path / "own")
    assert list(known_disks(tmp_path / "own")) == [str(tmp_path / "b")] and store.disks.away == []
    store.put(*block(0))
    assert store.stored_bytes() == 1500 and not (tmp_path / "a" / "disk").exists()


def test_a_disk_that_cannot_be_emptied_keeps_what_has_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = opened(tmp_path, 2000, 500)
    for number in range(15):
        store.put(*block(number))
    store.disks.own.cap_bytes = 300
    with pytest.raises(LimitReached, match="found no disk with room"):
        store.empty(tmp_path / "a")
    assert [count(tmp_path / name) for name in ("a", "b", "own")] == [7, 5, 3]
    assert all(store.has(block(number)[0]) for number in range(15))


@pytest.mark.parametrize("text", ["mnt/a=1", "/mnt/a", "/mnt/a=", "/mnt/a=-1", "/mnt/a=1GB", "=5", "/a=9" + "9" * 19])
def test_what_names_no_disk_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="expected a path and its cap in bytes"):
        parse_disks(text)


def test_disks_are_named_with_their_caps_and_each_once(tmp_path: Path) -> None:
    found = parse_disks("/mnt/a b=5, /mnt/c=6,")
    assert [(disk.path, disk.cap_bytes) for disk in found] == [(Path("/mnt/a b"), 5), (Path("/mnt/c"), 6)]
    with pytest.raises(BadInput, match="found a folder twice"):
        BlockStore(tmp_path / "own", others=[Disk(tmp_path / "own", 5)])
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(BadInput, match="unusable"):
        BlockStore(tmp_path / "own", others=[Disk(tmp_path / "file", 5)])
