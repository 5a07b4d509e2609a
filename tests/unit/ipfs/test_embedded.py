"""The embedded IPFS: the common behaviour, and what only it promises."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cinepeer.adapters.ipfs.blockstore import BlockStore
from cinepeer.adapters.ipfs.disk import Disk
from cinepeer.adapters.ipfs.embedded import EmbeddedIpfs
from cinepeer.content.unixfs import CHUNK_BYTES
from cinepeer.errors import BadInput, LimitReached, Refused
from cinepeer.records.cid import RAW, Cid
from unit.ipfs.backend_behaviour import FILM, Behaviour


class TestEmbedded(Behaviour):
    """The common suite."""

    @asynccontextmanager
    async def opened(self, folder: Path) -> AsyncIterator[EmbeddedIpfs]:
        ipfs = make(folder)
        yield ipfs
        ipfs.close()


def make(folder: Path, **settings: object) -> EmbeddedIpfs:
    folder.mkdir(exist_ok=True)
    return EmbeddedIpfs(BlockStore(folder / "blocks", **settings), folder / "pins.db")  # type: ignore[arg-type]


def test_pins_and_blocks_stand_after_a_restart(tmp_path: Path) -> None:
    (tmp_path / "film").write_bytes(FILM)
    first = make(tmp_path)
    root = asyncio.run(first.add_file(tmp_path / "film"))
    stored = asyncio.run(first.stored_bytes())
    first.close()
    again = make(tmp_path)
    assert asyncio.run(again.pins()) == {root}
    assert asyncio.run(again.stored_bytes()) == stored > len(FILM)
    again.close()


def test_memory_is_used_again_only_once_its_block_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    leaves = [bytes([number]) * CHUNK_BYTES for number in range(40)]
    (tmp_path / "film").write_bytes(b"".join([*leaves, leaves[0], b"the end"]))
    whole, first = Disk.write, threading.Event()

    def late(disk: Disk, name: str, data: bytes | memoryview, *, is_bulk: bool) -> None:
        if name == str(Cid.of(leaves[1], RAW)):
            first.wait(10)  # while the others are read, written and forgotten
        elif name == str(Cid.of(leaves[-1], RAW)):
            first.set()
        whole(disk, name, data, is_bulk=is_bulk)

    monkeypatch.setattr(Disk, "write", late)
    ipfs = make(tmp_path)
    asyncio.run(ipfs.add_file(tmp_path / "film"))
    assert [ipfs.blocks.get(Cid.of(leaf, RAW)) for leaf in leaves] == leaves and first.is_set()
    assert ipfs.blocks.get(Cid.of(b"the end", RAW)) == b"the end" and len(list(ipfs.blocks)) == 42
    ipfs.close()


def test_an_import_above_the_cap_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "film").write_bytes(FILM)
    ipfs = make(tmp_path, cap_bytes=len(FILM))  # the leaves fit, the node above them does not
    with pytest.raises(LimitReached, match="cap"):
        asyncio.run(ipfs.add_file(tmp_path / "film"))
    assert list(ipfs.blocks) == [] and ipfs.blocks.stored_bytes() == 0
    assert asyncio.run(ipfs.pins()) == set()
    ipfs.close()


def test_a_failed_import_leaves_the_blocks_that_were_there_before(tmp_path: Path) -> None:
    (tmp_path / "film").write_bytes(FILM)
    ipfs = make(tmp_path, cap_bytes=len(FILM) + 10)
    first = Cid.of(FILM[:262_144], RAW)
    asyncio.run(ipfs.put_block(first, FILM[:262_144]))
    with pytest.raises(LimitReached):
        asyncio.run(ipfs.add_file(tmp_path / "film"))
    assert list(ipfs.blocks) == [first]
    ipfs.close()


def test_a_file_larger_than_the_cap_is_refused_before_a_byte_is_written(tmp_path: Path) -> None:
    (tmp_path / "film").write_bytes(FILM)
    ipfs = make(tmp_path, cap_bytes=1000)
    with pytest.raises(LimitReached, match="to import"):
        asyncio.run(ipfs.add_file(tmp_path / "film"))
    ipfs.close()


def test_a_denied_block_can_be_neither_imported_nor_pinned_nor_read(tmp_path: Path) -> None:
    (tmp_path / "film").write_bytes(FILM)
    denied: set[Cid] = set()
    ipfs = make(tmp_path, denied=denied.__contains__)
    root = asyncio.run(ipfs.add_file(tmp_path / "film"))
    leaf = Cid.of(FILM[:262_144], RAW)
    denied.add(leaf)
    assert asyncio.run(ipfs.get_block(leaf)) is None
    assert asyncio.run(ipfs.has([leaf, root])) == {root}
    asyncio.run(ipfs.unpin(root))
    with pytest.raises(Refused) as refused:
        asyncio.run(ipfs.pin(root))
    assert refused.value.reason == "denied"
    with pytest.raises(Refused) as refused:
        asyncio.run(ipfs.add_file(tmp_path / "film"))
    assert refused.value.reason == "denied"
    assert set(asyncio.run(ipfs.gc())) >= {leaf, root}
    ipfs.close()


def test_a_corrupt_node_under_a_pin_is_missing_for_the_next(tmp_path: Path) -> None:
    (tmp_path / "film").write_bytes(FILM)
    ipfs = make(tmp_path)
    root = asyncio.run(ipfs.add_file(tmp_path / "film"))
    (tmp_path / "blocks" / str(root)[-3:-1] / str(root)).write_bytes(b"rot")
    with pytest.raises(Refused) as refused:
        asyncio.run(ipfs.pin(root))
    assert refused.value.reason == "missing-block" and ipfs.blocks.quarantined == 1
    ipfs.close()


def test_nothing_is_collected_while_an_import_runs(tmp_path: Path) -> None:
    ipfs = make(tmp_path)

    def build(put: object) -> list[Cid]:
        with pytest.raises(BadInput, match="1 imports running"):
            ipfs._gc()
        return []

    ipfs.take(build)  # type: ignore[arg-type]
    assert asyncio.run(ipfs.gc()) == []
    ipfs.close()


def test_a_file_of_pins_that_is_none_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "pins.db").write_bytes(b"no database at all, but long enough to be read as one" * 20)
    with pytest.raises(BadInput, match="file of pins"):
        make(tmp_path)
