"""A node that syncs until it is killed: python -m real.sync_killed DB ADDR; it prints how many records it holds."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from cinepeer.adapters.p2p.network import P2P
from cinepeer.adapters.p2p.plan import Plan
from cinepeer.adapters.store.records import RecordStore
from cinepeer.app.replicate import Replication
from cinepeer.ports import NoBlocks
from unit.replication.rig import NETWORK, NOW_MS


async def main(file: Path, addr: str) -> None:
    """Syncs from the node at `addr` again and again."""
    async with await RecordStore.open(file) as store:
        replication = Replication(store, NETWORK, clock_ms=lambda: NOW_MS, chance=lambda: 0.5, interval_s=1.0)
        p2p = await P2P.start(
            bytes([82]) * 32,
            ["/ip4/127.0.0.1/tcp/0"],
            NoBlocks(),
            lambda *_: False,
            replication.responders,
            [replication.topic],
            replication.on_gossip,
            replication.on_neighbour,
            known=[addr],
            plan=Plan(b"", (), redial_first_s=0.1),
        )
        await replication.start(p2p)
        while True:
            print(await store.count(), flush=True)
            await asyncio.sleep(0.02)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
