"""Two nodes with real stores and blocks, of which one made a checkpoint or lies in one, for the application's tests."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from cinepeer.adapters.ipfs.blockstore import BlockStore
from cinepeer.adapters.ipfs.embedded import EmbeddedIpfs
from cinepeer.adapters.store.records import RecordStore
from cinepeer.adapters.system.notes import Notes
from cinepeer.app.checkpoint import Checkpoints
from cinepeer.app.identity import Author
from cinepeer.records.bodies import new_body
from cinepeer.records.cid import Cid
from cinepeer.records.record import Record, sign_record
from cinepeer.replication import checkpoint
from cinepeer.replication.checkpoint import statement
from cinepeer.replication.scope import EVERYTHING, Scope
from cinepeer.replication.snapshot import Said, snapshot
from unit.app.people import World
from unit.store.people import rater


class Node:
    """A node with a store, blocks, an author, and at most one neighbour to fetch from."""

    def __init__(self, folder: Path, store: RecordStore, author: Author, world: World, scope: Scope) -> None:
        self.store, self.author, self.world = store, author, world
        self.ipfs = EmbeddedIpfs(BlockStore(folder / "blocks"), folder / "pins.db")
        self.neighbour: Node | None = None
        self.fetched = 0
        self.folder, self.scope = folder, scope
        self.checkpoints = self.begin()

    def begin(self) -> Checkpoints:
        """The checkpoints as a node that starts has them."""
        notes = Notes(self.folder / "checkpoints")
        return Checkpoints(self.store, self.author, self.ipfs, self, notes, self.scope, self.world.clock_ms)

    async def block(self, cid: Cid) -> bytes | None:
        return None if self.neighbour is None else await self.neighbour.ipfs.get_block(cid)

    async def dag(self, root: Cid, _addrs: Sequence[str]) -> int:
        assert self.neighbour is not None
        for cid in [root, *checkpoint.outline(root, await self.neighbour.ipfs.get_block(root) or b"")]:
            block = await self.neighbour.ipfs.get_block(cid)
            if block is not None:
                await self.ipfs.put_block(cid, block)
                self.fetched += 1
        return self.fetched

    async def bring(self, other: Node, limit: int = 999) -> None:
        """Takes the other's records."""
        pairs = [(one.record, one.body) for one in await other.store.after(0, limit)]
        await self.store.add(pairs, self.world.clock_ms())

    async def label(self, record: Cid) -> str:
        return next(one.label for one in await self.checkpoints.listed() if one.record == record)


def tell(folder: Path, story: Callable[[Node, Node], Awaitable[None]], scope: Scope = EVERYTHING) -> None:
    """A node with ratings, and a fresh one beside it."""

    async def run() -> None:
        async with AsyncExitStack() as stack:
            nodes = []
            for name in ("anna", "bela"):
                (folder / name).mkdir()
                store = await stack.enter_async_context(await RecordStore.open(folder / name / "records.db"))
                world = World(store)
                nodes.append(Node(folder / name, store, await world.author(name), world, scope))
            await nodes[0].store.add(rater("carl", 5).pairs, nodes[0].world.clock_ms())
            await nodes[0].author.sign("rating", {"ratings": [["movielens:1", 9], ["movielens:9", 1]]})
            nodes[1].neighbour = nodes[0]
            await story(*nodes)

    asyncio.run(run())


async def revoked(node: Node, last: Cid) -> tuple[Record, bytes]:
    """The record by which a node's author revokes its own device after the record `last`; it is not stored."""
    held = await node.store.get(last)
    assert held is not None
    root = next(key for key, its in node.store.feeds.devices(node.author.id).items() if its.is_root)
    [head] = node.store.feeds.heads(root)
    before = await node.store.get(head)
    assert before is not None
    said = {"device": node.author.device, "seq": held[0].seq, "head": last, "reason": "lost"}
    body = new_body("revocation", bytes(16), **said)
    place = {"author": node.author.id, "seq": before[0].seq + 1, "prev": head, "time": node.world.clock_ms()}
    seed = hashlib.sha256(f"{node.folder.name} root".encode()).digest()
    return sign_record(seed, kind="revocation", body=body, **place), body  # type: ignore[arg-type]


async def state(node: Node, said: list[Said], moment_ms: int = 7, **other: Any) -> Cid:
    """A checkpoint that a dishonest node signs over what it holds."""
    keys = await node.store.at_once(lambda moment: moment.keys(EVERYTHING))
    found = snapshot(EVERYTHING, moment_ms, keys, said)
    blocks: list[tuple[Cid, bytes]] = []
    root = checkpoint.write(found, lambda *block: blocks.append(block))
    for cid, block in blocks:
        await node.ipfs.put_block(cid, block)
    return (await node.author.sign("checkpoint", {**statement(found, root), **other})).id
