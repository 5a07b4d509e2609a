"""A block store of a million blocks: what one read, a collection and a start take."""

from __future__ import annotations

import asyncio
import math
import os
import random
import tempfile
import time
from pathlib import Path
from typing import Any

COUNT = 1_000_000
BLOCK_BYTES = 256
READS = 20_000


def figures(count: int = COUNT) -> dict[str, Any]:
    """Half of `count` small blocks are under a pin, half are not; milliseconds a read, seconds for the rest."""
    from cinepeer.adapters.ipfs.blockstore import BlockStore
    from cinepeer.adapters.ipfs.embedded import EmbeddedIpfs

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ipfs = EmbeddedIpfs(BlockStore(folder / "blocks"), folder / "pins.db")
        begun = time.perf_counter()
        for is_pinned in (True, False):
            ipfs.take(lambda put: [_dag(count // 2, put)], pins=is_pinned)
        filled_s = time.perf_counter() - begun
        cids = random.Random(1).sample(sorted(ipfs.blocks), min(READS, count // 2))
        reads = sorted(_timed(lambda cid=cid: ipfs.blocks.get(cid)) * 1000 for cid in cids)
        ipfs.close()
        restart_s = _timed(lambda: BlockStore(folder / "blocks"))  # reads the note, and takes it away
        after_crash_s = _timed(lambda: BlockStore(folder / "blocks"))
        ipfs = EmbeddedIpfs(BlockStore(folder / "blocks"), folder / "pins.db")
        begun = time.perf_counter()
        gone = len(asyncio.run(ipfs.gc()))
        gc_s = time.perf_counter() - begun
        ipfs.close()
    return {
        "figures": {
            "million_get_ms_p50": reads[len(reads) // 2],
            "million_get_ms_p99": reads[math.ceil(0.99 * len(reads)) - 1],
            "million_gc_s": gc_s,
            "million_restart_s": restart_s,
            "million_restart_after_kill_s": after_crash_s,
            "million_fill_s": filled_s,
        },
        "notes": {
            "million_get_ms_p99": f"{len(cids)} blocks of {count:,} by chance",
            "million_gc_s": f"{gone:,} blocks deleted",
        },
    }


def _dag(leaves: int, put: Any) -> Any:
    from cinepeer.content.unixfs import Profile, import_file

    profile = Profile(chunk_bytes=BLOCK_BYTES)
    return import_file((os.urandom(BLOCK_BYTES) for _ in range(leaves)), put, profile).cid


def _timed(work: Any) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
