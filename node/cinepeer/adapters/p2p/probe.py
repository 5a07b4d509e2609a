"""One handshake with a peer at an address, to tell whether it is reached there; no connection comes of it."""

from __future__ import annotations

import contextlib
import logging

import trio
from libp2p.host.basic_host import BasicHost
from libp2p.network.connection.raw_connection import RawConnection
from libp2p.network.swarm import Swarm
from libp2p.peer.id import ID
from libp2p.transport.tcp.tcp import TCP
from multiaddr import Multiaddr

log = logging.getLogger(__name__)


async def probe(host: BasicHost, peer: ID, addr: Multiaddr, timeout_s: float) -> bool:
    """Whether `peer` itself answers at a TCP address within `timeout_s`: a new connection up to its noise handshake."""
    swarm = host.get_network()
    assert isinstance(swarm, Swarm)
    raw: RawConnection | None = None
    try:
        with trio.move_on_after(timeout_s):
            raw = await TCP().dial(addr)  # past the swarm, which would keep the connection beside the one it has
            await swarm.upgrader.upgrade_security(raw, True, peer)
            return True
    except Exception as error:  # noqa: BLE001  the probe's edge: whatever goes wrong means that it is not reached
        log.debug("%s was not reached at %s: %r", peer, addr, error)
    finally:
        if raw is not None:
            with trio.CancelScope(shield=True), trio.move_on_after(1), contextlib.suppress(Exception):
                await raw.close()
    return False
