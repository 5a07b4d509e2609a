"""Pins move between backends and back, and nothing of them is lost."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cinepeer.adapters.ipfs.blockstore import BlockStore
from cinepeer.adapters.ipfs.embedded import EmbeddedIpfs
from cinepeer.adapters.ipfs.kubo import KuboIpfs
from cinepeer.app.copying import Copied, copy_pins
from cinepeer.errors import LimitReached, Refused, Unreachable
from cinepeer.ports import IpfsBackend
from cinepeer.records.cid import RAW, Cid
from real.rpc_rig import address, node


def embedded(folder: Path, cap_bytes: int | None = None) -> EmbeddedIpfs:
    return EmbeddedIpfs(BlockStore(folder / "blocks", cap_bytes=cap_bytes), folder / "pins.db")


async def imported(ipfs: IpfsBackend, folder: Path) -> list[Cid]:
    """Two films that share a file, and a file alone."""
    for name, parts in (("one", ("a", "b")), ("two", ("a", "c"))):
        for part in parts:
            (folder / name).mkdir(exist_ok=True, parents=True)
            (folder / name / part).write_bytes(part.encode() * 600_000)
    return [await ipfs.add_folder(folder / "one"), await ipfs.add_folder(folder / "two")]


async def read(ipfs: IpfsBackend, root: Cid) -> bytes:
    return b"".join([piece async for piece in ipfs.cat(root)])


def test_all_pins_go_to_a_daemon_and_come_back_into_an_empty_store(tmp_path: Path) -> None:
    async def story(port: int) -> None:
        first, other, second = embedded(tmp_path / "1"), KuboIpfs(address(port)), embedded(tmp_path / "2")
        roots = await imported(first, tmp_path)
        alone = await first.add_file(tmp_path / "one" / "b")
        there = await copy_pins(first, other)
        assert there.pins == 3 and there.bytes == first.blocks.stored_bytes()
        assert await other.pins() >= {*roots, alone}
        assert await copy_pins(first, other) == Copied(3, 0, 0)
        back = await copy_pins(other, second)
        assert (back.blocks, back.bytes) == (there.blocks, there.bytes)
        assert await second.pins() == await first.pins() and set(second.blocks) == set(first.blocks)
        assert await read(second, alone) == b"b" * 600_000
        for one in (first, other, second):
            one.close()

    with node(tmp_path / "daemon") as (port, _):
        asyncio.run(story(port))


def test_a_part_that_is_there_already_is_not_carried_again(tmp_path: Path) -> None:
    async def story() -> None:
        first, second = embedded(tmp_path / "1"), embedded(tmp_path / "2")
        root, _ = await imported(first, tmp_path)
        block = first.blocks.get(root)
        assert block is not None
        second.blocks.put(root, block)
        made = await copy_pins(first, second)
        assert made.blocks == len(list(first.blocks)) - 1 and await second.pins() == await first.pins()

    asyncio.run(story())


def test_a_hole_or_a_full_store_is_told_and_pins_nothing_of_it(tmp_path: Path) -> None:
    async def story() -> None:
        first = embedded(tmp_path / "1")
        roots = await imported(first, tmp_path)
        full = embedded(tmp_path / "full", cap_bytes=600_000)
        with pytest.raises(LimitReached):
            await copy_pins(first, full)
        assert await full.pins() == set()
        leaf = min(cid for cid in first.blocks if cid not in roots and cid.codec == RAW)
        first.blocks.delete(leaf)
        with pytest.raises(Refused, match="found no block") as refused:
            await copy_pins(first, embedded(tmp_path / "2"))
        assert refused.value.reason == "missing-block"

    asyncio.run(story())


def test_a_daemon_that_is_away_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unreachable):
        asyncio.run(copy_pins(embedded(tmp_path / "1"), KuboIpfs(address(1))))
