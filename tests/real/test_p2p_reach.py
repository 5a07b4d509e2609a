"""Single dials, probes of whether a peer is reached, and peers that are turned away, on real sockets."""

from __future__ import annotations

import asyncio
import socket

import pytest

from cinepeer.errors import BadInput, Unreachable
from real.p2p_rig import node, until


def transport(addr: str) -> str:
    """The address without the peer."""
    return addr.split("/p2p/")[0]


def test_a_dial_connects_once_and_a_peer_that_leaves_is_not_dialled_again() -> None:
    async def body() -> None:
        async with node(1, redial_first_s=0.05) as one, node(2) as two:
            peer = two.p2p.peer_id
            with pytest.raises(BadInput):
                await one.p2p.dial(peer, ["/ip4/127.0.0.1/udp/1"])
            await one.p2p.dial(peer, [transport(two.p2p.addrs[0])])
            await until(lambda: one.events == [(peer, True)] and len(two.neighbours) == 1)
            await asyncio.sleep(0.5)  # the library opens streams of its own at first, and would dial for them
            await two.p2p.disconnect(one.p2p.peer_id)
            await until(lambda: one.events == [(peer, True), (peer, False)])
            await asyncio.sleep(0.5)
            assert one.neighbours == []

    asyncio.run(body())


def test_a_probe_tells_whether_that_very_peer_answers_and_leaves_no_connection() -> None:
    async def body() -> None:
        async with node(1) as one, node(2) as two, node(3) as three:
            addr = transport(two.p2p.addrs[0])
            assert await one.p2p.probe(two.p2p.peer_id, addr, 30.0)
            assert not await one.p2p.probe(three.p2p.peer_id, addr, 30.0)  # somebody else lives there
            with socket.create_server(("127.0.0.1", 0)) as mute:
                port = mute.getsockname()[1]
                assert not await one.p2p.probe(two.p2p.peer_id, f"/ip4/127.0.0.1/tcp/{port}", 0.3)
            assert not await one.p2p.probe(two.p2p.peer_id, f"/ip4/127.0.0.1/tcp/{port}", 5.0)
            assert one.neighbours == two.neighbours == []
            assert one.events == two.events == []
            await one.p2p.connect(two.p2p.addrs[0])  # a probe beside an open connection leaves it alone
            assert await two.p2p.probe(one.p2p.peer_id, transport(one.p2p.addrs[0]), 30.0)
            assert [found.peer_id for found in two.neighbours] == [one.p2p.peer_id]

    asyncio.run(body())


def test_a_peer_that_is_turned_away_is_hung_up_on_not_let_in_and_not_dialled() -> None:
    async def body() -> None:
        async with node(1) as one, node(2, redial_first_s=0.05, redial_most_s=0.1) as two:
            peer = two.p2p.peer_id
            await two.p2p.connect(one.p2p.addrs[0])
            await until(lambda: one.events == [(peer, True)])
            await one.p2p.turn_away([peer])
            await until(lambda: one.events == [(peer, True), (peer, False)])
            await asyncio.sleep(0.5)  # it dials again and again
            assert one.neighbours == [] and len(one.events) == 2
            with pytest.raises(Unreachable, match="banned"):
                await one.p2p.dial(peer, [transport(two.p2p.addrs[0])])
            await one.p2p.turn_away([])
            await until(lambda: one.events[2:] == [(peer, True)])

    asyncio.run(body())


def test_a_neighbours_address_tells_the_ip_that_it_has_here() -> None:
    async def body() -> None:
        async with node(1) as one, node(2) as two:
            await two.p2p.connect(one.p2p.addrs[0])
            await until(lambda: bool(one.neighbours))
            [found] = one.neighbours
            assert found.direction == "in"
            assert [addr.split("/")[1:3] for addr in found.addrs] == [["ip4", "127.0.0.1"]]

    asyncio.run(body())
