"""Whether others reach a node: who is asked to dial back, whose word counts, and that nobody third is dialled."""

from __future__ import annotations

import asyncio

import pytest

from cinepeer.app.reach import DIALBACK
from cinepeer.errors import Refused
from cinepeer.records import dagcbor
from unit.app.hub import Hub, Near, Node, a_while, link, started, until


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
