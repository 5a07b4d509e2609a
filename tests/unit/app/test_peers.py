"""Finding peers over a network in memory: what is asked, whom it leads to, who is banned, and what is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import pytest

from cinepeer.app.acquaintances import Acquaintances, decode_acquaintances, encode_acquaintances
from cinepeer.app.peers import PEERS, Pace, Peers
from cinepeer.app.reach import DIALBACK
from cinepeer.errors import BadInput, Refused, Unreachable
from cinepeer.records import dagcbor, keys
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.replication.addresses import peer_id, sign_notice
from cinepeer.replication.reputation import Ban

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
        self, hub: Hub, number: int, ip: str, known: Acquaintances | None = None, *, behind_nat: bool = False
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
            pace=PACE,
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


def test_two_that_know_a_third_find_each_other() -> None:
    async def body() -> None:
        hub = Hub()
        one, two, three = (Node(hub, number, f"10.0.0.{number}") for number in (1, 2, 3))
        async with started(one, two, three):
            await link(two, one)
            await link(three, one)
            await until(lambda: two.peer_id in three.near or three.peer_id in two.near)
            assert one.peers.book.get(two.peer_id) is not None
        assert {entry.peer for entry in one.kept[-1].entries} == {two.peer_id, three.peer_id}

    asyncio.run(body())


def test_a_node_with_enough_neighbours_dials_nobody_and_a_failed_dial_waits() -> None:
    async def body() -> None:
        hub = Hub()
        one, gone = Node(hub, 1, "10.0.0.1"), Node(hub, 2, "10.0.0.2", behind_nat=True)
        async with started(one):
            one.peers.note(gone.addrs, "owner")
            await until(lambda: len(one.dialled) == 1)
            await a_while()
            assert len(one.dialled) == 1
            hub.now_ms += 5_000
            await until(lambda: len(one.dialled) == 2)
            for number in range(10, 18):
                await link(one, Node(hub, number, f"10.0.0.{number}"))
            hub.now_ms += 3_600_000
            dialled = len(one.dialled)
            await a_while()
            assert len(one.dialled) == dialled

    asyncio.run(body())


def test_no_stranger_has_a_node_dial_its_own_machine_or_network() -> None:
    async def body() -> None:
        hub = Hub()
        one, stranger = Node(hub, 1, "10.0.0.1"), Node(hub, 2, "1.1.1.1")
        inner = ["/ip4/127.0.0.1/tcp/6379", "/ip4/10.0.0.7/tcp/6379", "/ip4/1.0.0.1/tcp/25"]
        notices: list[dagcbor.Value] = [
            sign_notice(bytes([90 + number]) * 32, NETWORK, START_MS, [addr])
            for number, addr in enumerate([*inner, "/ip4/1.0.0.1/tcp/4001"])
        ]

        async def tell(_: bytes) -> bytes:
            return dagcbor.encode(notices)

        stranger.odd[PEERS] = tell
        async with started(one):
            await link(stranger, one)
            await until(lambda: one.dialled == ["/ip4/1.0.0.1/tcp/4001"])
            await a_while()
            assert not set(one.dialled) & set(inner)
            assert len(one.peers.book) == 1

    asyncio.run(body())


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"\xff", "not-canonical"),
        (dagcbor.encode({}), "bad-addresses"),
        (dagcbor.encode([7]), "bad-addresses"),
        (dagcbor.encode([b""] * 33), "bad-addresses"),
        (dagcbor.encode([dagcbor.encode({})]), "bad-addresses"),
    ],
)
def test_a_malformed_answer_is_held_against_the_peer(answer: bytes, reason: str) -> None:
    async def body() -> None:
        hub = Hub()
        one, odd = Node(hub, 1, "10.0.0.1"), Node(hub, 2, "10.0.0.2")

        async def tell(_: bytes) -> bytes:
            return answer

        odd.odd[PEERS] = tell
        async with started(one):
            await link(one, odd)
            await until(lambda: one.peers.refused == {reason: 1})

    asyncio.run(body())


def test_a_malformed_question_is_refused_and_answers_are_rationed() -> None:
    async def body() -> None:
        hub = Hub()
        one, two = Node(hub, 1, "10.0.0.1"), Node(hub, 2, "10.0.0.2")
        one.near[two.peer_id] = Near(two.peer_id, ("/ip4/10.0.0.2/tcp/50000",))
        one.peers._p2p = one
        answer = one.peers.responders[PEERS](two.peer_id)
        for question, reason in ((b"\xff", "not-canonical"), (dagcbor.encode(7), "bad-addresses")):
            with refused_as(reason):
                await answer(question)
            hub.now_ms += 5_000
        own = sign_notice(bytes([3]) * 32, NETWORK, hub.now_ms, ["/ip4/10.0.0.3/tcp/4003"])
        assert dagcbor.decode(await answer(dagcbor.encode(own))) == [own]
        assert dagcbor.decode(await answer(dagcbor.encode(None))) == []
        hub.now_ms += 5_000
        assert dagcbor.decode(await answer(dagcbor.encode(None))) == [own]

    asyncio.run(body())


def test_a_peer_that_lies_is_hung_up_on_at_once_and_let_in_again_when_its_time_is_over() -> None:
    async def body() -> None:
        hub = Hub()
        one, liar = Node(hub, 1, "10.0.0.1"), Node(hub, 2, "10.0.0.2")
        async with started(one, liar):
            liar.peers.note(one.addrs, "owner")
            await until(lambda: liar.peer_id in one.near)
            for _ in range(3):
                one.peers.blame(liar.peer_id, "bad-frame")
            await until(lambda: one.near == {} and one.away == {liar.peer_id})
            assert [ban.peer for ban in one.peers.bans()] == [liar.peer_id]
            await a_while()
            assert one.near == {}
            hub.now_ms += 900_000
            await until(lambda: one.away == frozenset())
            hub.now_ms += 60_000  # it may have dialled a moment too early
            await until(lambda: liar.peer_id in one.near)

    asyncio.run(body())


def test_silence_bans_nobody() -> None:
    async def body() -> None:
        hub = Hub()
        one = Node(hub, 1, "10.0.0.1")
        for _ in range(50):
            await one.peers.on_blame("peer", "silent")
        assert (one.peers.bans(), one.peers.standing("peer")) == ([], "silent")

    asyncio.run(body())


def test_bans_and_book_outlive_a_restart_and_a_ban_ends_at_the_owners_word() -> None:
    async def body() -> None:
        hub = Hub()
        friend, liar = Node(hub, 2, "10.0.0.2"), Node(hub, 3, "10.0.0.3")
        first = Node(hub, 1, "10.0.0.1")
        async with started(first):
            first.peers.note(friend.addrs, "owner")
            await until(lambda: friend.peer_id in first.near)
            for _ in range(3):
                first.peers.blame(liar.peer_id, "bad-frame")
        known = decode_acquaintances(encode_acquaintances(first.kept[-1]))
        assert known == first.kept[-1]
        again = Node(hub, 1, "10.0.0.1", known)
        async with started(again):
            assert again.away == {liar.peer_id}
            await until(lambda: friend.peer_id in again.near)
            await again.peers.forgive(liar.peer_id)
            assert again.away == frozenset()
            with pytest.raises(BadInput, match="found no ban"):
                await again.peers.forgive(liar.peer_id)

    asyncio.run(body())


def test_network_records_name_peers_that_anybody_could_reach() -> None:
    async def body() -> None:
        one = Node(Hub(), 1, "10.0.0.1")
        peer = peer_id(keys.public_key(bytes([9]) * 32))
        public = f"/ip4/1.0.0.1/tcp/4001/p2p/{peer}"
        inner = [f"/ip4/127.0.0.1/tcp/4001/p2p/{peer}", f"/ip4/10.0.0.9/tcp/4001/p2p/{peer}", "", "/dns4/a/tcp/1"]
        one.peers.note_network("author", {"genesis": Cid.of(b"another", DAG_CBOR), "bootstrap": [public]})
        one.peers.note_network("author", {"genesis": NETWORK})
        assert len(one.peers.book) == 0
        one.peers.note_network("author", {"genesis": NETWORK, "bootstrap": [*inner, public, "/ip4/1.0.0.1/tcp/4001"]})
        assert [(found.peer, found.addrs) for found in one.peers.book.entries()] == [(peer, ("/ip4/1.0.0.1/tcp/4001",))]

    asyncio.run(body())


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"entries": [{}], "bans": []}', b'{"entries": 7, "bans": []}'])
def test_damaged_acquaintances_are_told_in_one_sentence(data: bytes) -> None:
    with pytest.raises(BadInput, match="found the kept peers damaged"):
        decode_acquaintances(data)


def test_what_is_kept_holds_bans_whole() -> None:
    known = Acquaintances((), (Ban("peer", 7, "bad-frame", 2),))
    assert decode_acquaintances(encode_acquaintances(known)) == known


def test_reach_is_unknown_then_yes_or_no_and_says_from_how_far() -> None:
    async def body() -> None:
        hub = Hub()
        one, hidden = Node(hub, 1, "1.1.1.1"), Node(hub, 2, "10.0.0.2", behind_nat=True)
        async with started(one, hidden):
            assert one.peers.reach.told()["reachable"] is None
            await link(hidden, one)
            await until(lambda: hidden.peers.reach.told()["reachable"] is False)
            assert hidden.peers.reach.told()["judges"] == 1
            await until(lambda: one.peers.reach.told()["reachable"] is True)
            assert one.peers.reach.told()["seen_from"] == "everywhere"
            assert one.probed == ["/ip4/10.0.0.2/tcp/4002"]  # at the address that it comes from, and nowhere else
            assert one.peers.reach.outside() == []  # one witness is none

    asyncio.run(body())


def test_an_address_from_outside_needs_two_witnesses_at_different_addresses() -> None:
    async def body() -> None:
        hub = Hub()
        one = Node(hub, 1, "1.1.1.1")
        others = [Node(hub, 2, "1.0.0.2"), Node(hub, 3, "1.0.0.2"), Node(hub, 4, "1.0.0.4")]
        async with started(one, *others[:2]):
            for other in others[:2]:
                await link(one, other)
            await until(lambda: one.peers.reach.told()["reached_by"] >= 1)
            await a_while()
            assert one.peers.reach.outside() == []
            async with started(others[2]):
                await link(one, others[2])
                await until(lambda: one.peers.reach.outside() == ["/ip4/1.1.1.1/tcp/4001"])

    asyncio.run(body())


def test_a_dial_back_is_rationed_for_each_peer_and_each_address_and_never_goes_elsewhere() -> None:
    async def body() -> None:
        hub = Hub()
        one = Node(hub, 1, "1.1.1.1")
        one.peers.reach.p2p = one.peers._p2p = one
        for number in range(2, 12):
            one.near[str(number)] = Near(str(number), ("/ip4/1.0.0.9/tcp/50000",))
        for number in range(2, 12):
            await one.peers.responders[DIALBACK](str(number))(dagcbor.encode([4001, 4002]))
        assert one.probed == ["/ip4/1.0.0.9/tcp/4001", "/ip4/1.0.0.9/tcp/4002"]
        answer = one.peers.responders[DIALBACK]("nobody who is connected")
        assert dagcbor.decode(await answer(dagcbor.encode([4001]))) == {"ip": "", "reached": []}
        hub.now_ms += 60_000
        await one.peers.responders[DIALBACK]("2")(dagcbor.encode([4001]))
        assert len(one.probed) == 3
        for question in (b"\xff", dagcbor.encode([]), dagcbor.encode([1, 2, 3]), dagcbor.encode([22]),
                         dagcbor.encode(["4001"]), dagcbor.encode([True]), dagcbor.encode([70000])):  # fmt: skip
            with pytest.raises(Refused):
                await one.peers.responders[DIALBACK]("3")(question)

    asyncio.run(body())


@pytest.mark.parametrize(
    "found",
    [
        {"ip": "1.1.1.1"},
        {"ip": "nowhere", "reached": []},
        {"ip": "1.1.1.1", "reached": [22]},
        {"ip": 7, "reached": []},
        [],
    ],
)
def test_a_judgement_of_something_else_is_held_against_the_judge(found: dagcbor.Value) -> None:
    async def body() -> None:
        hub = Hub()
        one, judge = Node(hub, 1, "1.1.1.1"), Node(hub, 2, "1.0.0.2")

        async def tell(_: bytes) -> bytes:
            return dagcbor.encode(found)

        judge.odd[DIALBACK] = tell
        async with started(one):
            await link(one, judge)
            await until(lambda: one.peers.refused == {"bad-addresses": 1})
            assert one.peers.reach.told()["reachable"] is None

    asyncio.run(body())
