"""Finding peers over a network in memory: what is asked, whom it leads to, who is banned, and what is kept."""

from __future__ import annotations

import asyncio

import pytest

from cinepeer.app.acquaintances import Acquaintances, decode_acquaintances, encode_acquaintances
from cinepeer.app.peers import PEERS, Pace
from cinepeer.errors import BadInput
from cinepeer.records import dagcbor, keys
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.replication.addresses import peer_id, sign_notice
from cinepeer.replication.reputation import Ban
from unit.app.hub import NETWORK, START_MS, Hub, Near, Node, a_while, link, refused_as, started, until


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


@pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "without"])
def test_k_who_knows_everybody_is_not_connected_with_everybody(is_guarded: bool) -> None:
    """The DHT of the library ends with every node connected to every other; whoever has enough dials nobody."""

    async def body() -> None:
        hub, count = Hub(), 20
        pace = Pace(look_s=0.01, enough=3 if is_guarded else count, dials_at_once=1)
        nodes = [Node(hub, number, f"10.0.0.{number}", pace=pace) for number in range(1, count + 1)]
        async with started(*nodes):
            for one in nodes:
                for other in nodes:
                    one.peers.note(other.addrs, "owner")
            await until(lambda: all(len(one.near) >= min(pace.enough, count - 1) for one in nodes))
            await a_while()
            links = sum(len(one.near) for one in nodes) // 2
            assert links <= count * pace.enough if is_guarded else links == count * (count - 1) // 2

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
