"""Nodes with real stores over real sockets, for tests of several of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from cinepeer.adapters.p2p.network import P2P
from cinepeer.adapters.store.records import RecordStore
from cinepeer.app.replicate import Replication
from cinepeer.replication.scope import EVERYTHING, Scope
from real.p2p_rig import LOOPBACK, Blocks, plan
from unit.replication.rig import NETWORK, NOW_MS, Author, Pair


@dataclass
class Node:
    """A store, what replicates it, and the host that carries both."""

    store: RecordStore
    replication: Replication
    p2p: P2P

    async def publish(self, pairs: Sequence[Pair]) -> None:
        """Stores records here and announces them."""
        outcome = await self.store.add(pairs, NOW_MS)
        assert len(outcome.added) == len(pairs)
        await self.replication.announce(pairs)


@asynccontextmanager
async def node(
    folder: Path,
    number: int,
    listen: str = LOOPBACK,
    interval_s: float = 3600.0,
    scope: Scope = EVERYTHING,
    **changes: object,
) -> AsyncIterator[Node]:
    """A node whose store lies in `folder`, with the same identity each time; `changes` are to its plan."""
    async with await RecordStore.open(folder / f"{number}.db") as store:
        replication = Replication(
            store, NETWORK, clock_ms=lambda: NOW_MS, chance=lambda: 0.5, interval_s=interval_s, scope=scope
        )
        p2p = await P2P.start(
            bytes([number]) * 32,
            [listen],
            Blocks(),
            lambda _peer, _cid: True,
            replication.responders,
            [replication.topic],
            replication.on_gossip,
            replication.on_neighbour,
            chance=lambda: 0.5,
            plan=plan(number, **{"redial_first_s": 0.1, **changes}),
        )
        try:
            await replication.start(p2p)
            yield Node(store, replication, p2p)
        finally:
            await replication.stop()
            await p2p.stop()


async def settled(count: int, *nodes: Node) -> None:
    """Waits until every node holds `count` records, and checks that they are the same ones."""

    async def all_hold() -> bool:
        return all([await one.store.count() == count for one in nodes])

    async with asyncio.timeout(150):
        while not await all_hold():
            await asyncio.sleep(0.05)
    held = [set(await one.store.leaves()) for one in nodes]
    assert all(one == held[0] for one in held)


def rated(number: int, count: int) -> Author:
    """The author numbered so, who signed `count` ratings."""
    author = Author(number)
    author.rate(count)
    return author
