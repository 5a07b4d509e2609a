"""Discovery on the local network: two nodes of one network hear of each other by multicast on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from cinepeer.adapters.p2p.mdns import LocalNetwork, heard, said
from real.p2p_rig import until

PEER, OTHER = (
    "12D3KooWBHVaGiLnTqqjkkCPxTZXnAsGUoQRGhVjA46DeUYSjV5o",
    "12D3KooWFytTuqhL95KJHN9tsuHwWxtnw78Qq9nMk9sMTYRmv9yP",
)
ADDR, OTHER_ADDR = f"/ip4/127.0.0.1/tcp/4001/p2p/{PEER}", f"/ip4/127.0.0.1/tcp/4002/p2p/{OTHER}"


def test_two_nodes_of_a_network_hear_of_each_other_and_not_of_another_network() -> None:
    async def body() -> None:
        one: list[Sequence[str]] = []
        two: list[Sequence[str]] = []
        stranger: list[Sequence[str]] = []
        first = await LocalNetwork.start("127.0.0.1", "network", PEER, [ADDR], one.append)
        second = await LocalNetwork.start("127.0.0.1", "network", OTHER, [OTHER_ADDR], two.append)
        third = await LocalNetwork.start("127.0.0.1", "elsewhere", "12D3KooWx", [ADDR], stranger.append)
        try:
            await until(lambda: [OTHER_ADDR] in one and [ADDR] in two)
            await asyncio.sleep(0.5)
            assert stranger == []
        finally:
            for each in (first, second, third):
                await each.stop()

    asyncio.run(body())


def read(network: str, *addrs: str, ip: str = "192.168.1.2") -> list[str]:
    """What comes of an announcement of these."""
    told = {name.encode(): text.encode() for name, text in said("network", addrs).items()}
    return heard(told, network, ip)


def test_what_is_announced_is_heard_by_its_network() -> None:
    lan = f"/ip4/192.168.1.7/tcp/4001/p2p/{PEER}"
    assert read("network", lan) == [lan]
    assert read("another", lan) == []
    assert heard({}, "network", "192.168.1.2") == []
    assert read("network", *[lan] * 20) == [lan] * 8


@pytest.mark.parametrize(
    "addr",
    [
        ADDR,  # of the machine that says it, and not of ours
        "/ip4/192.168.1.7/tcp/4001",
        "/ip4/192.168.1.7/tcp/22/p2p/" + PEER,
        "/ip4/192.168.1.7/udp/4001/p2p/" + PEER,
        "/ip4/192.168.1.7/tcp/4001/p2p/",
        "/ip4/192.168.1.7/tcp/4001/p2p/a/b",
        "/dns4/router/tcp/4001/p2p/" + PEER,
        "\u00e9",
        "",
    ],
)
def test_an_announcement_that_nothing_can_come_of_is_left_alone(addr: str) -> None:
    assert read("network", addr) == []
