"""A checkpoint of very many ratings: how soon a light client and a fresh node show what they come to.

./scripts/bench checkpoint [COUNT]         the work alone, each part in a process of its own
./scripts/bench checkpoint whole [COUNT [FOLDER]]   two whole nodes, of which one joins the other with nothing (takes
                                           minutes); FOLDER keeps the home of the other for the next time
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import checkpoint_whole
import million

from cinepeer.adapters.ipfs.blockstore import BlockStore
from cinepeer.adapters.store import RecordStore
from cinepeer.adapters.store.moment import Moment
from cinepeer.records.cid import Cid
from cinepeer.replication.checkpoint import outline, read, write
from cinepeer.replication.scope import EVERYTHING
from cinepeer.replication.snapshot import snapshot


def figures(size: str = "1000000", *more: str) -> dict[str, dict[str, object]]:
    """Of `size` records of one rating each; the baseline is to replay the records themselves."""
    if size == "whole":
        return checkpoint_whole.figures(int(more[0]) if more else 1_000_000, *more[1:2])
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "records.db")
        million.write(file, int(size))
        made = _child("make", file, Path(folder, "blocks"))
        root = str(made["root"])
        light = _child("light", Path(folder, "blocks"), root)
        node = _child("node", Path(folder, "blocks"), root, Path(folder, "home"))
        replay = _child("replay", file)
    return {
        "figures": {
            "make_s": made["seconds"],
            "make_rss_bytes": made["rss_bytes"],
            "light_client_s": light["seconds"],
            "light_client_rss_bytes": light["rss_bytes"],
            "light_client_bytes": light["bytes"],
            "node_s": node["seconds"],
            "node_rss_bytes": node["rss_bytes"],
            "bytes": node["bytes"],
        },
        "baselines": {"light_client_s": replay["seconds"], "node_s": replay["seconds"]},
        "ratios": {
            "light_client_s": float(light["seconds"]) / float(replay["seconds"]),
            "node_s": float(node["seconds"]) / float(replay["seconds"]),
        },
        "notes": {
            "light_client_s": f"{size} records; every column but the digests, checked; beside counting the records",
            "node_s": "every block kept durably and all of it checked",
            "make_s": "from one moment of the store to all blocks",
        },
    }


def _child(what: str, *arguments: Path | str) -> dict[str, float | str]:
    done = subprocess.run(
        [sys.executable, __file__, what, *map(str, arguments)], capture_output=True, text=True, check=True, timeout=900
    )
    found: dict[str, float | str] = json.loads(done.stdout)
    return found


def _ended(begin: float, **more: float | str) -> dict[str, float | str]:
    return {"seconds": time.perf_counter() - begin, "rss_bytes": million.rss_bytes(), **more}


async def _make(file: str, folder: str) -> dict[str, float | str]:
    Path(folder).mkdir()
    async with await RecordStore.open(file) as store:
        begin = time.perf_counter()

        def make(moment: Moment) -> str:
            keys = moment.keys(EVERYTHING)
            found = snapshot(EVERYTHING, million.BORN_MS, keys, moment.said(EVERYTHING, keys))
            return str(write(found, lambda cid, block: Path(folder, str(cid)).write_bytes(block) and None))

        return _ended(begin, root=await store.at_once(make))


def _light(folder: str, root: str) -> dict[str, float | str]:
    begin = time.perf_counter()
    fetched = 0

    def get(cid: Cid) -> bytes:
        nonlocal fetched
        block = Path(folder, str(cid)).read_bytes()
        fetched += len(block)
        return block

    found = read(Cid.parse(root), get)
    assert sum(map(sum, found.spread().values())) == found.ratings
    return _ended(begin, bytes=fetched)


def _node(folder: str, root: str, home: str) -> dict[str, float | str]:
    top = Cid.parse(root)
    blocks = BlockStore(Path(home))
    begin = time.perf_counter()
    fetched = 0
    for cid in [top, *outline(top, Path(folder, root).read_bytes())]:
        block = Path(folder, str(cid)).read_bytes()
        blocks.put_durably(cid, block)
        fetched += len(block)

    def get(cid: Cid) -> bytes:
        block = blocks.get(cid)
        assert block is not None
        return block

    found = read(top, get, with_digests=True)
    assert sum(map(sum, found.spread().values())) == found.ratings
    return _ended(begin, bytes=fetched)


async def _replay(file: str) -> dict[str, float | str]:
    from cinepeer.app.library import Library

    async with await RecordStore.open(file) as store:
        begin = time.perf_counter()
        await Library(store).refresh()
        return _ended(begin)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["make", file, folder]:
            print(json.dumps(asyncio.run(_make(file, folder))))
        case ["light", folder, root]:
            print(json.dumps(_light(folder, root)))
        case ["node", folder, root, home]:
            print(json.dumps(_node(folder, root, home)))
        case ["replay", file]:
            print(json.dumps(asyncio.run(_replay(file))))
