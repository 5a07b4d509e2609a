"""Other IPFS software sees ordinary IPFS: the same ids, and the same films over bitswap both ways."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trio
from libp2p.peer.peerinfo import info_from_p2p_addr
from multiaddr import Multiaddr

from cinepeer.adapters.ipfs.blockstore import BlockStore
from cinepeer.adapters.p2p.bitswap import Bitswap
from cinepeer.adapters.p2p.guard import guard_accept, guard_streams
from cinepeer.adapters.p2p.host import make_host
from cinepeer.adapters.p2p.muxer import guard_buffers
from cinepeer.content.cidv0 import text_of
from cinepeer.content.hamt import is_shard
from cinepeer.content.path import follow
from cinepeer.content.unixfs import CHUNK_BYTES, LINKS, Profile, cat, directory, import_file
from cinepeer.errors import Refused
from cinepeer.records.cid import DAG_PB, RAW, Cid
from real.npm_rig import installed, node
from real.p2p_rig import plan, running

pytestmark = pytest.mark.npm

FULL = CHUNK_BYTES * LINKS
SIZES = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 1 << 20, FULL - CHUNK_BYTES, FULL, FULL + 1]
SMALL_CHUNK = 16
# The edges of the third level, with small chunks: 174 times 174 leaves, one less, one more.
DEEP = [SMALL_CHUNK * (LINKS * LINKS + leaves) for leaves in (-1, 0, 1)]
JOBS: list[tuple[int, int, int]] = [
    *((size, CHUNK_BYTES, 1) for size in SIZES),
    *((size, SMALL_CHUNK, 1) for size in DEEP),
    *((size, CHUNK_BYTES, 0) for size in (0, 1, CHUNK_BYTES, CHUNK_BYTES + 1, FULL + 1)),
]
FOLDER = {"master.m3u8": 300, "720/00000.m4s": CHUNK_BYTES * 3, "720/00001.m4s": 0, "ä b.vtt": 1, "Z": 2, "a": 3}
NAMES = [f"{number:05d} película 映画.m4s" for number in range(3000)]
PATTERN = bytes(range(251))
FILM = PATTERN * 12_000  # 3 MB


@pytest.fixture(scope="module")
def packages() -> Path:
    """The folder with the packages and scripts."""
    return installed("ipfs")


@pytest.fixture(scope="module")
def theirs(packages: Path) -> dict[str, object]:
    """The ids that ipfs-unixfs-importer gives."""
    jobs = json.dumps({"files": JOBS, "folder": FOLDER, "names": NAMES})
    ran = subprocess.run(
        [node(packages), "import.mjs", jobs], cwd=packages, check=True, capture_output=True, timeout=300
    )
    found: dict[str, object] = json.loads(ran.stdout)
    return found


def content(size: int) -> Iterator[bytes]:
    """`size` bytes of the repeated pattern."""
    whole = PATTERN * 4000
    for at in range(0, size, len(whole)):
        yield whole[: size - at]


def ignore(_cid: Cid, _block: bytes) -> None:
    """Keeps nothing."""


@pytest.mark.parametrize(("job", "number"), [(job, number) for number, job in enumerate(JOBS)], ids=str)
def test_a_file_has_the_id_that_ipfs_unixfs_importer_gives(
    theirs: dict[str, list[str]], job: tuple[int, int, int], number: int
) -> None:
    size, chunk_bytes, version = job
    ours = import_file(content(size), ignore, Profile(chunk_bytes, LINKS, version, version == 1))
    assert text_of(ours.cid, version) == theirs["files"][number]
    assert ours.size == size


def test_a_folder_that_ipfs_unixfs_importer_shards_is_read(theirs: dict[str, Any]) -> None:
    blocks = {Cid.of(block, DAG_PB): block for block in map(base64.b64decode, theirs["blocks"])}
    root = Cid.parse(theirs["sharded"])
    assert is_shard(root, blocks[root])
    for name in NAMES:
        assert follow(root, name, blocks.get) == Cid.of(name.encode(), RAW)
    with pytest.raises(Refused, match="found no 'another'"):
        follow(root, "another", blocks.get)


def test_a_folder_has_the_id_that_ipfs_unixfs_importer_gives(theirs: dict[str, object]) -> None:
    files = {path: import_file(content(size), ignore) for path, size in FOLDER.items()}
    inner = directory([(path[4:], found) for path, found in files.items() if path.startswith("720/")], ignore)
    root = directory([("720", inner), *((path, found) for path, found in files.items() if "/" not in path)], ignore)
    assert str(root.cid) == theirs["folder"]


def guarded(number: int):  # type: ignore[no-untyped-def]
    made = plan(number)
    host = make_host(made)
    guard_streams(host, made)
    guard_accept(host, made)
    guard_buffers(host)
    return host


def test_a_film_goes_to_helia_and_comes_from_helia(packages: Path, tmp_path: Path) -> None:
    (tmp_path / "film").write_bytes(FILM)
    ours = BlockStore(tmp_path / "ours")
    with ours.batch() as batch:
        root = import_file([FILM], batch.put).cid
    fetched = BlockStore(tmp_path / "fetched")
    helia = [node(packages), str(packages / "helia.mjs")]

    async def give() -> None:
        host = guarded(1)
        async with running(host), trio.open_nursery() as nursery:
            bitswap = Bitswap(host, ours, lambda _peer, _cid: True, nursery)
            addr = f"{host.get_transport_addrs()[0]}/p2p/{host.get_id()}"
            ran = await trio.run_process([*helia, "fetch", addr, str(root)], capture_stdout=True)
            told = json.loads(ran.stdout)
            assert told == {"bytes": len(FILM), "sha256": hashlib.sha256(FILM).hexdigest()}
            (counts,) = bitswap.counts().values()
            assert counts["bytes_out"] >= len(FILM)
            await hang_up(host)
            nursery.cancel_scope.cancel()

    async def take() -> None:
        async with trio.open_nursery() as outer:
            process = await outer.start(
                lambda task_status: trio.run_process(
                    [*helia, "serve", str(tmp_path / "film")],
                    stdout=subprocess.PIPE,
                    check=False,
                    task_status=task_status,
                )
            )
            told = json.loads(await process.stdout.receive_some())
            assert told["cid"] == str(root)
            host = guarded(2)
            async with running(host), trio.open_nursery() as nursery:
                bitswap = Bitswap(host, fetched, lambda _peer, _cid: True, nursery)
                peer = info_from_p2p_addr(Multiaddr(told["addr"]))
                await host.connect(peer)
                count = await bitswap.fetch(root, [str(peer.peer_id)], 20.0)
                assert count == len(list(ours)) and set(fetched) == set(ours)
                await hang_up(host)
                nursery.cancel_scope.cancel()
            outer.cancel_scope.cancel()

    async def both() -> None:
        with trio.fail_after(90):
            await give()
            await take()

    trio.run(both)
    assert b"".join(cat(root, fetched.get)) == FILM


async def hang_up(host) -> None:  # type: ignore[no-untyped-def]
    """The library leaves its sockets open otherwise."""
    for connection in host.get_network().get_connections():
        await connection.close()
