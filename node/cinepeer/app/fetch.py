"""Fetching films from other nodes: providers named in `host` records first, then the neighbours."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from cinepeer.errors import CinepeerError, Unreachable
from cinepeer.records.cid import Cid

log = logging.getLogger("cinepeer.fetch")

TIMEOUT_S = 30.0
MAX_DIALLED = 4


class Neighbour(Protocol):
    """A connected peer."""

    @property
    def peer_id(self) -> str: ...


class Blocks(Protocol):
    """The peer-to-peer network as far as fetching needs it."""

    async def connect(self, multiaddr: str) -> str: ...
    def neighbours(self) -> Sequence[Neighbour]: ...
    async def fetch(
        self, root: Cid, peers: Sequence[str], timeout_s: float, progress: Callable[[int], None] | None = None
    ) -> int: ...
    async def want(self, cids: Sequence[Cid], peers: Sequence[str], timeout_s: float) -> dict[Cid, bytes]: ...


class Fetching:
    """Brings blocks here; every block is checked against its CID before it is kept."""

    def __init__(self, network: Blocks) -> None:
        self._network = network

    async def dag(self, root: Cid, addrs: Sequence[str], progress: Callable[[int], None] | None = None) -> int:
        """Fetches the whole DAG under `root` from `addrs` and the neighbours; returns the number of blocks fetched.

        `progress` hears of the blocks so far.
        """
        peers = await self._reach(addrs)
        if not peers:
            raise Unreachable(f"found nobody connected who may hold {root}, expected at least one provider")
        return await self._network.fetch(root, peers, TIMEOUT_S, progress)

    async def block(self, cid: Cid) -> bytes | None:
        """One block from any neighbour, or None."""
        peers = [neighbour.peer_id for neighbour in self._network.neighbours()]
        return (await self._network.want([cid], peers, TIMEOUT_S)).get(cid) if peers else None

    async def hosted(self, cid: Cid, addrs: Sequence[str]) -> bytes | None:
        """One block from the hosts at `addrs`, asked of nobody else, and not kept; None when none gives it."""
        named = {addr.rpartition("/p2p/")[2] for addr in addrs}
        peers = [peer for peer in await self._reach(addrs) if peer in named]
        return (await self._network.want([cid], peers, TIMEOUT_S)).get(cid) if peers else None

    async def _reach(self, addrs: Sequence[str]) -> list[str]:
        """Peer ids, providers first: those connected already, then a few that are dialled now."""
        connected = {neighbour.peer_id for neighbour in self._network.neighbours()}
        named = dict.fromkeys(addr.rpartition("/p2p/")[2] for addr in addrs)
        peers = [peer for peer in named if peer in connected]
        tried = set(peers)
        for addr in addrs:
            peer = addr.rpartition("/p2p/")[2]
            if peer in tried or len(tried) >= len(peers) + MAX_DIALLED:
                continue
            tried.add(peer)
            try:
                peers.append(await self._network.connect(addr))
            except CinepeerError as error:
                log.info("fetch.unreachable provider=%s reason=%s", peer, error)
        return [*dict.fromkeys([*peers, *sorted(connected - set(peers))])]
