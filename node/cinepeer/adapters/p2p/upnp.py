"""A router is asked by UPnP to let others in to the port that this node listens on."""

from __future__ import annotations

import logging

from libp2p.discovery.upnp.upnp import UpnpManager

log = logging.getLogger(__name__)


class PortMapping:
    """A port that the router of this network passes on, until `end`."""

    def __init__(self, gateway: UpnpManager, port: int) -> None:
        """Made by `map_port`."""
        self._gateway = gateway
        self._port = port
        self.outside = f"/ip4/{gateway.get_external_ip()}/tcp/{port}"

    async def end(self) -> None:
        """Asks the router to pass nothing on any more; one that is gone is none of our care."""
        await self._gateway.remove_port_mapping(self._port)


async def map_port(port: int, gateway: UpnpManager | None = None) -> PortMapping | None:
    """Asks the router for the TCP port `port`; None when there is no router that does so. Takes a few seconds.

    Whether anybody gets through is another question, which a dial-back answers.
    """
    found = gateway or UpnpManager()
    if not await found.discover() or not await found.add_port_mapping(port):
        return None
    log.info("upnp.mapped port=%d", port)
    return PortMapping(found, port)
