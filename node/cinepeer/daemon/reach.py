"""The network of a node: one libp2p node, what it answers, and what keeps records flowing."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cinepeer.app.network import LEDGER_PROTOCOL, PROTOCOL, Network, describe
from cinepeer.daemon.clock import clock_ms
from cinepeer.daemon.neighbourhood import bootstrap, open_peers
from cinepeer.daemon.networks import kept_network

if TYPE_CHECKING:
    from cinepeer.adapters.p2p.network import P2P
    from cinepeer.adapters.system.home import Home
    from cinepeer.app.bandwidth import Bandwidth
    from cinepeer.app.custody import Custody
    from cinepeer.app.head_start import HeadStart
    from cinepeer.app.peers import Peers
    from cinepeer.app.replicate import Replication
    from cinepeer.app.screenings import Screenings
    from cinepeer.daemon.kept import Kept
    from cinepeer.daemon.ledgers import Chain
    from cinepeer.records.record import Record

CHANCE = secrets.SystemRandom().random


@dataclass(frozen=True, slots=True)
class Reach:
    """What speaks to others. `head_starts` gets its one when there is a recommender; until then none is asked for."""

    p2p: P2P
    peers: Peers
    replication: Replication
    screenings: Screenings
    bandwidth: Bandwidth
    arrivals: asyncio.Queue[list[Record]]
    head_starts: list[HeadStart] = field(default_factory=list)


async def open_reach(
    stack: AsyncExitStack,
    kept: Kept,
    network: Network,
    ports: Mapping[str, int],
    chain: Chain,
    custody: Custody,
    p2p_box: list[P2P],
) -> Reach:
    """Starts the libp2p node, which `p2p_box` then holds; each part is stopped when `stack` unwinds."""
    from cinepeer.adapters.p2p.network import P2P
    from cinepeer.adapters.system.notes import Notes
    from cinepeer.app.head_start import CHECKPOINTS
    from cinepeer.app.screenings import PROTOCOL as SCREENINGS
    from cinepeer.app.screenings import Screenings
    from cinepeer.daemon.hosting import open_bandwidth
    from cinepeer.rights.deposit import PROTOCOL as KEYS

    home, settings, disk = kept.home, kept.settings, kept.disk
    arrivals: asyncio.Queue[list[Record]] = asyncio.Queue()
    peers = open_peers(home, kept.keys.secret("peer"), network.id, settings)
    replication = _replication(kept, network, arrivals, peers)
    notes = Notes(home.path / "screenings")
    screenings = Screenings(kept.author, kept.device, kept.library, lambda: p2p_box[0], notes, clock_ms, CHANCE)
    stack.push_async_callback(screenings.stop)
    head_starts: list[HeadStart] = []
    bandwidth = open_bandwidth(home, settings)
    stack.callback(bandwidth.write)
    p2p = await P2P.start(
        kept.keys.secret("peer"),
        _listen_on(ports["p2p_port"], str(settings["listen_address"])),
        disk.blocks,
        lambda _peer, cid: not disk.denied.is_denied(cid) and bandwidth.may_send(),
        {
            **replication.responders,
            **peers.responders,
            PROTOCOL: lambda _peer: _describing(home, network, p2p_box),
            LEDGER_PROTOCOL: lambda _peer: chain.answer,
            KEYS: custody.responder,
            SCREENINGS: screenings.responder,
            CHECKPOINTS: lambda _peer: head_starts[0].answer,
        },
        [replication.topic],
        replication.on_gossip,
        _each(replication.on_neighbour, peers.on_neighbour),
        known=[*network.sequencer, *bootstrap(settings)],
        on_blame=peers.on_blame,
        pace=bandwidth,
    )
    p2p_box.append(p2p)
    stack.push_async_callback(p2p.stop)
    await chain.following.start()
    stack.push_async_callback(chain.following.stop)
    kept.author.announcer = replication
    return Reach(p2p, peers, replication, screenings, bandwidth, arrivals, head_starts)


def _replication(kept: Kept, network: Network, arrivals: asyncio.Queue[list[Record]], peers: Peers) -> Replication:
    from cinepeer.app.replicate import Replication
    from cinepeer.replication.scope import parse_setting

    return Replication(
        kept.store,
        network.id,
        clock_ms=clock_ms,
        chance=CHANCE,
        interval_s=float(kept.settings["sync_interval"]),
        scope=parse_setting(str(kept.settings["scope"])),
        on_records=arrivals.put,
        on_refused=peers.blame,
    )


def _listen_on(port: int, address: str) -> list[str]:
    """Multiaddrs to listen on, loopback first."""
    return [f"/ip4/{ip}/tcp/{port}" for ip in ("127.0.0.1", address) if ip]


def _each(*listeners: Callable[[str, bool], Awaitable[None]]) -> Callable[[str, bool], Awaitable[None]]:
    """Tells several that a neighbour came or went."""

    async def tell(peer_id: str, up: bool) -> None:
        for listener in listeners:
            await listener(peer_id, up)

    return tell


def _describing(home: Home, started: Network, p2p_box: list[P2P]) -> Callable[[bytes], Awaitable[bytes]]:
    """Answers who asks to join: the genesis, and where the sequencer listens that orders now."""

    async def answer(_: bytes) -> bytes:
        network = kept_network(home, started)
        addrs = network.sequencer or tuple(p2p_box[0].addrs)
        return describe(Network(network.genesis, addrs, network.endpoints, network.further))

    return answer
