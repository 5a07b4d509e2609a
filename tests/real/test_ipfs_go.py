"""Films over bitswap with a peer on boxo and go-libp2p, as Kubo is made of, and the CARs of boxo's own gateway.

The peer takes minutes to compile, so this part is there only where `CINEPEER_GO_PEER` names one that was built:
`go build -o /tmp/peer .` in `tests/real/go/ipfs`.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio
from fastapi import FastAPI
from libp2p.peer.peerinfo import info_from_p2p_addr
from multiaddr import Multiaddr

from cinepeer.adapters.ipfs.blockstore import BlockStore
from cinepeer.adapters.ipfs.embedded import EmbeddedIpfs
from cinepeer.adapters.p2p.bitswap import Bitswap
from cinepeer.content.car import read, write
from cinepeer.content.unixfs import CHUNK_BYTES, LINKS, cat, directory, import_file
from cinepeer.faces.http.gateway import gateway
from cinepeer.records.cid import Cid
from real.p2p_rig import running
from real.test_ipfs_peers import guarded, hang_up
from unit.content.test_hamt import sharded

PEER = os.environ.get("CINEPEER_GO_PEER", "")
FILM = bytes(range(251)) * 40_000  # 10 MB
SIZES = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, LINKS * CHUNK_BYTES, LINKS * CHUNK_BYTES + 1]
FILE_BYTES = 4 * CHUNK_BYTES + 7

QUERIES = [
    *("", "&car-dups=y", "&car-order=unk", "&car-version=1"),
    *("&dag-scope=all", "&dag-scope=block", "&dag-scope=entity", "&dag-scope=entity&car-dups=y"),
    *(
        f"&dag-scope=entity&entity-bytes={first}:{last}"
        for first, last in [
            *((0, "*"), (0, 0), (0, CHUNK_BYTES - 1), (0, CHUNK_BYTES), (CHUNK_BYTES, 2 * CHUNK_BYTES - 1)),
            *((-1, "*"), (-7, "*"), (-8, "*"), (-9, -8), (5, -8), (CHUNK_BYTES, "*"), (0, 99_999_999)),
        ]
    ),
]
REFUSED = ["&dag-scope=x", "&car-version=2", "&car-order=bfs", "&car-dups=x", "&entity-bytes=5:4", "&entity-bytes=x"]


@contextmanager
def peer(*arguments: str) -> Iterator[dict[str, Any]]:
    """The Go peer and what it told first; it goes on until its input ends."""
    process = subprocess.Popen([PEER, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.communicate(timeout=20)


def scene(held: dict[Cid, bytes]) -> dict[str, Cid]:
    """A file, one of equal leaves, a folder, a folder in it, and a sharded one."""
    film = import_file([FILM[:FILE_BYTES]], held.__setitem__)
    same = import_file([b"\7" * (3 * CHUNK_BYTES)], held.__setitem__)
    empty = import_file([b""], held.__setitem__)
    inner = directory([("film.m4s", film), ("empty", empty)], held.__setitem__)
    root = directory([("same", same), ("720", inner)], held.__setitem__)
    return {
        "film": film.cid,
        "same": same.cid,
        "folder": root.cid,
        "shards": sharded([f"file {number}" for number in range(300)], held),
    }


if PEER:

    @pytest.mark.parametrize("size", SIZES)
    def test_a_file_has_the_id_that_boxo_gives(tmp_path: Path, size: int) -> None:
        (tmp_path / "film").write_bytes(bytes(size))
        with peer("name", str(tmp_path / "film")) as told:
            assert told["root"] == str(import_file([bytes(size)], lambda _c, _b: None).cid)

    def test_a_film_goes_to_boxo_and_comes_from_boxo(tmp_path: Path) -> None:
        (tmp_path / "film").write_bytes(FILM)
        ours, fetched = BlockStore(tmp_path / "ours"), BlockStore(tmp_path / "fetched")
        with ours.batch() as batch:
            root = import_file([FILM], batch.put).cid

        async def give() -> None:
            host = guarded(1)
            async with running(host), trio.open_nursery() as nursery:
                bitswap = Bitswap(host, ours, lambda _peer, _cid: True, nursery)
                addr = f"{host.get_transport_addrs()[0]}/p2p/{host.get_id()}"
                ran = await trio.run_process([PEER, "take", addr, str(root)], capture_stdout=True)
                told = json.loads(ran.stdout)
                assert (told["size"], told["sha256"]) == (len(FILM), hashlib.sha256(FILM).hexdigest())
                assert told["duplicates"] == 0
                (counts,) = bitswap.counts().values()
                assert counts["bytes_out"] >= len(FILM)
                await hang_up(host)
                nursery.cancel_scope.cancel()

        async def take(addr: str) -> None:
            host = guarded(2)
            async with running(host), trio.open_nursery() as nursery:
                bitswap = Bitswap(host, fetched, lambda _peer, _cid: True, nursery)
                info = info_from_p2p_addr(Multiaddr(addr))
                await host.connect(info)
                assert await bitswap.fetch(root, [str(info.peer_id)], 20.0) == len(list(ours))
                await hang_up(host)
                nursery.cancel_scope.cancel()

        trio.run(give)
        with peer("give", str(tmp_path / "film")) as told:
            assert told["root"] == str(root)
            trio.run(take, told["addr"])
        assert b"".join(cat(root, fetched.get)) == FILM

    def test_a_car_holds_the_blocks_that_boxo_s_gateway_gives_whatever_is_asked(tmp_path: Path) -> None:
        held: dict[Cid, bytes] = {}
        roots = scene(held)
        (tmp_path / "scene.car").write_bytes(b"".join(write(list(roots.values()), held.items())))
        blocks = BlockStore(tmp_path / "blocks")
        for cid, block in held.items():
            blocks.put(cid, block)
        ipfs = EmbeddedIpfs(blocks, tmp_path / "pins.db")
        app = FastAPI()
        app.include_router(gateway(ipfs, lambda _: False, trustless=True))
        paths = [
            *(str(root) for root in roots.values()),
            *(f"{roots['folder']}/720/film.m4s", f"{roots['folder']}/720/empty", f"{roots['shards']}/file 17"),
        ]

        async def compare(theirs: str) -> None:
            ours = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")
            async with ours, httpx.AsyncClient(base_url=theirs) as boxo:
                for path in paths:
                    for query in QUERIES:
                        url = f"/ipfs/{path}?format=car{query}"
                        found, expected = await ours.get(url), await boxo.get(url)
                        assert found.status_code == expected.status_code == 200, url
                        assert found.headers["content-type"] == expected.headers["content-type"], url
                        told = [[cid for cid, _, _ in read(answer.content)[1]] for answer in (found, expected)]
                        assert told[0] == told[1], url
                    for query in REFUSED:
                        url = f"/ipfs/{path}?format=car{query}"
                        assert (await ours.get(url)).status_code == (await boxo.get(url)).status_code == 400, url
                    if "/" in path:
                        continue  # a raw block by path is ours alone
                    raw = [await one.get(f"/ipfs/{path}?format=raw") for one in (ours, boxo)]
                    assert raw[0].content == raw[1].content
                    for header in ("content-type", "content-length", "etag", "x-ipfs-roots", "content-disposition"):
                        assert raw[0].headers[header] == raw[1].headers[header], (path, header)

        with peer("gateway", str(tmp_path / "scene.car")) as told:
            asyncio.run(compare(told["addr"]))
        ipfs.close()
