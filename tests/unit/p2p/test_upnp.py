"""Asking a router for a port: what comes of each of its answers, with a router in memory."""

from __future__ import annotations

from typing import Any, cast

import trio
from libp2p.discovery.upnp.upnp import UpnpManager

from cinepeer.adapters.p2p.upnp import PortMapping, map_port


class Router:
    """What the library shows of a router; the real thing was never met by these tests."""

    def __init__(self, *, is_there: bool = True, is_willing: bool = True) -> None:
        self.is_there, self.is_willing = is_there, is_willing
        self.mapped: set[int] = set()

    async def discover(self) -> bool:
        return self.is_there

    async def add_port_mapping(self, port: int) -> bool:
        if self.is_willing:
            self.mapped.add(port)
        return self.is_willing

    async def remove_port_mapping(self, port: int) -> bool:
        self.mapped.discard(port)
        return True

    def get_external_ip(self) -> str:
        return "203.0.113.7"


def mapped(router: Router) -> PortMapping | None:
    """What comes of asking for a port."""
    return trio.run(map_port, 4001, cast(UpnpManager, cast(Any, router)))


def test_a_router_that_maps_the_port_is_asked_to_unmap_it_at_the_end() -> None:
    router = Router()
    found = mapped(router)
    assert found is not None and found.outside == "/ip4/203.0.113.7/tcp/4001"
    assert router.mapped == {4001}
    trio.run(found.end)
    assert router.mapped == set()


def test_no_router_and_an_unwilling_one_are_none() -> None:
    assert mapped(Router(is_there=False)) is None
    assert mapped(Router(is_willing=False)) is None
