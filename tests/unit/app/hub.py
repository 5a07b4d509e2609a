"""A network in memory for the tests of finding peers: nodes, who listens where, and one clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import pytest

from cinepeer.app.acquaintances import Acquaintances
from cinepeer.app.peers import Pace, Peers
from cinepeer.errors import Refused, Unreachable
from cinepeer.records import keys
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.replication.addresses import peer_id

NETWORK = Cid.of(b"network", DAG_CBOR)
START_MS = 1_800_000_000_000
PACE = Pace(look_s=0.01, enough=8)


@dataclass(frozen=True)
class Near:
    peer_id: str
    addrs: tuple[str, ...]


class Hub:
    """Everybody's nodes, who listens where, and one clock."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.now_ms = START_MS

    def at(self, addr: str) -> Node | None:
        return next((node for node in self.nodes.values() if addr in node.listens), None)


class Node:
    """One node: the part under test, and the network that it is given."""

    restarts = dropped = 0

    def __init__(
        self,
        hub: Hub,
        number: int,
        ip: str,
        known: Acquaintances | None = None,
        *,
        behind_nat: bool = False,
        pace: Pace = PACE,
        version: str = "0.1.0",
    ) -> None:
        seed = bytes([number]) * 32
        self.hub, self.ip = hub, ip
        self.peer_id = peer_id(keys.public_key(seed))
        self.addrs = [f"/ip4/{ip}/tcp/{4000 + number}/p2p/{self.peer_id}"]
        self.listens = [] if behind_nat else [self.addrs[0].split("/p2p/")[0]]
        self.near: dict[str, Near] = {}
        self.away: frozenset[str] = frozenset()
        self.dialled: list[str] = []
        self.probed: list[str] = []
        self.kept: list[Acquaintances] = []
        self.odd: dict[str, Callable[[bytes], Awaitable[bytes]]] = {}
        hub.nodes[self.peer_id] = self
        self.peers = Peers(
            seed,
            NETWORK,
            known or Acquaintances(),
            clock_ms=lambda: hub.now_ms,
            chance=lambda: 0.5,
            keep=self.kept.append,
            pace=pace,
            version=version,
        )

    def neighbours(self) -> list[Near]:
        return list(self.near.values())

    @asynccontextmanager
    async def conversation(self, peer: str, protocol: str) -> AsyncIterator[Talk]:
        if peer not in self.near:
            raise Unreachable("nobody there")
        yield Talk(self, self.hub.nodes[peer], protocol)

    async def dial(self, peer: str, addrs: Sequence[str]) -> None:
        self.dialled += addrs
        for addr in addrs:
            found = self.hub.at(addr)
            if found is not None and found.peer_id == peer and self.peer_id not in found.away:
                await link(self, found)
                return
        raise Unreachable("nobody there")

    async def probe(self, peer: str, addr: str, timeout_s: float) -> bool:
        self.probed.append(addr)
        found = self.hub.at(addr)
        return found is not None and found.peer_id == peer

    async def turn_away(self, peers: Collection[str]) -> None:
        self.away = frozenset(peers)
        for peer in self.away & set(self.near):
            await part(self, self.hub.nodes[peer])


@dataclass
class Talk:
    asker: Node
    answerer: Node
    protocol: str

    async def ask(self, question: bytes, timeout_s: float) -> bytes:
        odd = self.answerer.odd.get(self.protocol)
        return await (odd or self.answerer.peers.responders[self.protocol](self.asker.peer_id))(question)


async def link(dialler: Node, other: Node) -> None:
    """Connects two; the one that dialled comes from a port of its own."""
    dialler.near[other.peer_id] = Near(other.peer_id, (other.addrs[0].split("/p2p/")[0],))
    other.near[dialler.peer_id] = Near(dialler.peer_id, (f"/ip4/{dialler.ip}/tcp/50000",))
    await dialler.peers.on_neighbour(other.peer_id, True)
    await other.peers.on_neighbour(dialler.peer_id, True)


async def part(one: Node, other: Node) -> None:
    del one.near[other.peer_id], other.near[one.peer_id]
    await one.peers.on_neighbour(other.peer_id, False)
    await other.peers.on_neighbour(one.peer_id, False)


@asynccontextmanager
async def started(*nodes: Node) -> AsyncIterator[None]:
    for node in nodes:
        await node.peers.start(node)
    yield
    for node in nodes:
        await node.peers.stop()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


async def a_while() -> None:
    """Several rounds, for what must not come about."""
    await asyncio.sleep(0.3)


@contextmanager
def refused_as(reason: str) -> Iterator[None]:
    with pytest.raises(Refused) as caught:
        yield
    assert caught.value.reason == reason
