"""Replication between nodes in memory: hints, gaps, news, strangers, and what is counted against whom."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from cinepeer.app.replicate import SYNC, Replication
from cinepeer.errors import Refused, Unreachable
from cinepeer.records.cid import Cid
from cinepeer.records.record import Record
from cinepeer.replication import gossip
from cinepeer.replication.fingerprints import SealedSet
from cinepeer.replication.machine import Limits
from unit.replication.rig import NETWORK, NOW_MS, OTHER, Author, MemoryStore, Pair


@dataclass(frozen=True)
class Near:
    peer_id: str


@dataclass
class Talk:
    answer: Callable[[bytes], Awaitable[bytes]]
    network: Network
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def ask(self, question: bytes, timeout_s: float) -> bytes:
        async with self.turn:
            self.network.asked += 1
            if self.network.asked == self.network.break_at:
                raise Unreachable("the connection broke off")
            await asyncio.sleep(0)
            return await self.answer(question)


@dataclass
class Network:
    """One node's view of a network in memory; `is_deaf` loses its gossip."""

    peer_id: str
    links: dict[str, Replication] = field(default_factory=dict)
    published: list[bytes] = field(default_factory=list)
    asked: int = 0
    break_at: int | None = None
    is_deaf: bool = False

    async def publish(self, topic: str, data: bytes) -> None:
        self.published.append(data)
        for other in self.links.values():
            if not self.is_deaf:
                await other.on_gossip(topic, self.peer_id, data)

    @asynccontextmanager
    async def conversation(self, peer_id: str, protocol: str) -> AsyncIterator[Talk]:
        if peer_id not in self.links:
            raise Unreachable(f"{peer_id} is not connected")
        yield Talk(self.links[peer_id].responders[protocol](self.peer_id), self)

    def neighbours(self) -> Sequence[Near]:
        return [Near(peer_id) for peer_id in self.links]


@dataclass
class Node:
    store: MemoryStore
    replication: Replication
    network: Network
    told: list[Record]


def make(
    name: str,
    pairs: Sequence[Pair] = (),
    network_id: Cid = NETWORK,
    interval_s: float = 3600.0,
    limits: Limits | None = None,
) -> Node:
    store, told = MemoryStore(pairs), []

    async def on_records(records: list[Record]) -> None:
        told.extend(records)

    replication = Replication(
        store,
        network_id,
        clock_ms=lambda: NOW_MS,
        chance=lambda: 0.5,
        interval_s=interval_s,
        limits=limits,
        on_records=on_records,
    )
    return Node(store, replication, Network(name), told)


async def link(one: Node, other: Node) -> None:
    one.network.links[other.network.peer_id] = other.replication
    other.network.links[one.network.peer_id] = one.replication
    await one.replication.on_neighbour(other.network.peer_id, True)
    await other.replication.on_neighbour(one.network.peer_id, True)


@asynccontextmanager
async def running(*nodes: Node) -> AsyncIterator[None]:
    for node in nodes:
        await node.replication.start(node.network)
    try:
        yield
    finally:
        for node in nodes:
            await node.replication.stop()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


def has_synced(node: Node, peer: str) -> bool:
    return peer in (peers := node.replication.peers()) and peers[peer].last_sync_ms is not None


def author(ratings: int, number: int = 1) -> Author:
    made = Author(number)
    made.rate(ratings)
    return made


def test_new_neighbours_sync_and_the_application_hears_of_what_is_new() -> None:
    async def body() -> None:
        one, other = make("a", author(3, 1).pairs), make("b", author(3, 2).pairs)
        async with running(one, other):
            await link(one, other)
            await until(lambda: len(one.store.held) == len(other.store.held) == 10)
        assert {record.id for record in one.told} == {record.id for record, _ in author(3, 2).pairs}
        statistics = one.replication.peers()["b"]
        assert (statistics.received, statistics.sent, statistics.lag) == (5, 5, 0)
        assert statistics.last_sync_ms == NOW_MS
        assert other.replication.peers()["a"].received == 5

    asyncio.run(body())


def test_an_announced_record_is_there_by_gossip_alone() -> None:
    async def body() -> None:
        made = author(1)
        one, other = make("a", made.pairs), make("b", made.pairs)
        async with running(one, other):
            await link(one, other)
            await until(lambda: has_synced(one, "b") and has_synced(other, "a"))
            made.rate(1)
            asked = one.network.asked, other.network.asked
            await one.store.add([made.pairs[-1]], NOW_MS)
            await one.replication.announce([made.pairs[-1]])
            await until(lambda: made.pairs[-1][0].id in other.store.held)
            assert (one.network.asked, other.network.asked) == asked

    asyncio.run(body())


def test_gossip_past_a_gap_is_followed_by_a_sync() -> None:
    async def body() -> None:
        made = author(1)
        one, other = make("a", made.pairs), make("b")
        async with running(one, other):
            await link(one, other)
            await until(lambda: len(other.store.held) == 3)
            made.rate(5)
            await one.store.add(made.pairs, NOW_MS)
            await one.replication.announce([made.pairs[-1]])  # the four before it were lost
            await until(lambda: len(other.store.held) == 8)

    asyncio.run(body())


def test_a_gap_in_gossip_from_afar_is_closed_with_a_neighbour() -> None:
    async def body() -> None:
        made = author(4)
        near, here = make("a", made.pairs), make("b")
        async with running(near, here):
            here.network.links["a"] = near.replication
            await here.replication.on_neighbour("a", True)
            await here.replication.on_gossip("topic", "far-away", gossip.messages([made.pairs[-1]])[0])
            await until(lambda: len(here.store.held) == 6)

    asyncio.run(body())


def test_what_a_sync_brought_is_told_to_the_others_once() -> None:
    async def body() -> None:
        made = author(3)
        source, middle, end = make("a", made.pairs), make("b"), make("c")
        async with running(source, middle, end):
            await link(middle, end)
            await link(source, middle)
            await until(lambda: len(end.store.held) == 5)
            await asyncio.sleep(0.4)
            assert len(middle.network.published) == 1
            assert source.network.published == end.network.published == []

    asyncio.run(body())


def test_much_news_is_told_by_sync_and_not_by_gossip() -> None:
    async def body() -> None:
        made = author(400)
        source, middle, end = make("a", made.pairs), make("b"), make("c")
        async with running(source, middle, end):
            await link(middle, end)
            await link(source, middle)
            await until(lambda: len(end.store.held) == 402)
            assert middle.network.published == []

    asyncio.run(body())


def test_lost_gossip_is_healed_by_the_sync_that_runs_again_and_again() -> None:
    async def body() -> None:
        made = author(1)
        one, other = make("a", made.pairs, interval_s=0.1), make("b", interval_s=0.1)
        one.network.is_deaf = True
        async with running(one, other):
            await link(one, other)
            await until(lambda: len(other.store.held) == 3)
            made.rate(2)
            await one.store.add(made.pairs, NOW_MS)
            await one.replication.announce(made.pairs[-2:])
            await until(lambda: len(other.store.held) == 5)

    asyncio.run(body())


def test_a_sync_that_breaks_off_is_resumed_by_the_next() -> None:
    async def body() -> None:
        one, other = make("a"), make("b", author(600).pairs)
        one.network.links["b"] = other.replication
        one.network.break_at = 5
        async with running(one, other):
            await until(lambda: one.network.asked >= 5)
            await until(lambda: one.replication.peers()["b"].received > 0)
            assert 0 < len(one.store.held) < 602
            done = await one.replication.sync("b")
            assert len(one.store.held) == 602
            assert 0 < done.received < 602
            assert one.replication.peers()["b"].received == 602

    asyncio.run(body())


def test_a_sync_that_never_ends_gives_its_turn_back() -> None:
    async def body() -> None:
        one, other = make("a", limits=Limits(sync_timeout_ms=50)), make("b")
        one.network.links["b"] = other.replication
        async with running(one, other):
            other.store.sealed = lambda _: asyncio.sleep(60, SealedSet([]))  # type: ignore[method-assign, assignment]
            with pytest.raises(Unreachable, match="not done in time"):
                await one.replication.sync("b")

    asyncio.run(body())


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"", "not-canonical"), (b"\x81\x01", "bad-frame"), (bytes(70_000), "message-too-large")],
)
def test_malformed_gossip_is_counted_against_its_sender(data: bytes, reason: str) -> None:
    async def body() -> None:
        node = make("a")
        await node.replication.on_gossip("topic", "b", data)
        assert node.replication.peers()["b"].refused == {reason: 1}

    asyncio.run(body())


def test_a_record_that_is_not_valid_is_counted_against_its_sender_and_the_rest_is_stored() -> None:
    async def body() -> None:
        made = author(3)
        record, content = made.pairs[-1]
        forged = Record(record.header, bytes(64), record.id, record.block)
        node = make("a")
        outcome = await node.store.add([*made.pairs[:-1], (forged, content)], NOW_MS)
        assert [error.reason for _, error in outcome.refused] == ["bad-signature"]
        node = make("a", made.pairs[:-1])
        node.store.add_now = lambda batch, now_ms: outcome  # type: ignore[method-assign]
        await node.replication.on_gossip("topic", "b", gossip.messages([made.pairs[-1]])[0])
        await until(lambda: "b" in node.replication.peers())
        assert node.replication.peers()["b"].refused == {"bad-signature": 1}

    asyncio.run(body())


def test_a_peer_of_another_network_is_refused_by_name_and_counted() -> None:
    async def body() -> None:
        one, other = make("a", author(1).pairs), make("b", network_id=OTHER)
        async with running(one, other):
            one.network.links["b"] = other.replication
            await other.replication.on_neighbour("a", True)
            await one.replication.on_neighbour("b", True)
            with pytest.raises(Refused) as caught:
                await one.replication.sync("b")
            assert caught.value.reason == "other-network"
            assert set(one.replication.peers()["b"].refused) == {"other-network"}
            assert not other.store.held

    asyncio.run(body())


def test_a_malformed_question_is_refused_and_counted_against_the_asker() -> None:
    async def body() -> None:
        node = make("a")
        answer = node.replication.responders[SYNC]("b")
        with pytest.raises(Refused):
            await answer(b"\xff")
        assert node.replication.peers()["b"].refused == {"not-canonical": 1}

    asyncio.run(body())


def test_a_sync_with_nobody_and_a_sync_when_stopped_are_unreachable() -> None:
    async def body() -> None:
        node = make("a")
        with pytest.raises(Unreachable):
            await node.replication.sync("b")
        async with running(node):
            with pytest.raises(Unreachable):
                await node.replication.sync("b")
        await node.replication.announce(author(1).pairs)
        assert node.network.published == []

    asyncio.run(body())


def test_peers_that_come_and_go_do_not_fill_the_memory() -> None:
    async def body() -> None:
        node = make("a", limits=Limits(peers=10))
        for number in range(50):
            await node.replication.on_gossip("topic", f"peer-{number}", b"")
        assert list(node.replication.peers()) == [f"peer-{number}" for number in range(40, 50)]

    asyncio.run(body())
