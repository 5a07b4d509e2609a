"""Challenges: a host that says it holds a film is asked for a block of it, chosen by chance, within a deadline."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from cinepeer.app.catalogue import Provider, Version
from cinepeer.app.library import Library
from cinepeer.content.dagpb import parse_branch
from cinepeer.errors import CinepeerError
from cinepeer.ports import IpfsBackend
from cinepeer.records.cid import DAG_PB, Cid

log = logging.getLogger("cinepeer.challenge")

DEADLINE_S = 10.0
MAX_DEPTH = 32
MAX_RESULTS = 10_000
MAX_ASKED = 8  # of the hosts of one film, when something depends on the answers
PROVEN_MS = 24 * 3600 * 1000  # so long an answer counts

# ask(block, addresses of one host) -> the block, checked, or None
Ask = Callable[[Cid, Sequence[str]], Awaitable[bytes | None]]


@dataclass(frozen=True, slots=True)
class Result:
    """How one host answered last: whether the block came in time, how long that took, how often it did and did not."""

    held: bool
    took_ms: int
    at_ms: int
    block: Cid
    kept: int
    failed: int


class Challenges:
    """Asks and remembers, until the node ends; what it found is this node's own view and no record."""

    def __init__(
        self,
        library: Library,
        ipfs: IpfsBackend,
        device: Callable[[], bytes],
        ask: Ask,
        clock_ms: Callable[[], int],
        chance: Callable[[], float],
    ) -> None:
        """`device`: this node's own; `chance` gives a number in [0, 1)."""
        self._library = library
        self._ipfs = ipfs
        self._device = device
        self._ask = ask
        self._clock_ms = clock_ms
        self._chance = chance
        self.results: dict[tuple[Cid, bytes], Result] = {}

    def others(self, version: Version) -> list[tuple[Provider, Result | None]]:
        """Who else says to hold a version, each with its last result."""
        found = self._library.catalogue.providers_of(version)
        own = self._device()
        return [(host, self.results.get((version.id, host.device))) for host in found if host.device != own]

    def count(self, version: Version) -> int:
        """How many others say to hold it and did not fail the last time they were asked."""
        return sum(result is None or result.held for _, result in self.others(version))

    def proven(self, version: Version) -> int:
        """How many hosts gave the block that they were asked for, within the last day; a peer counts once."""
        since_ms = self._clock_ms() - PROVEN_MS
        return len(
            {
                frozenset(addr.rpartition("/p2p/")[2] for addr in host.addrs)
                for host, result in self.others(version)
                if result is not None and result.held and result.at_ms >= since_ms
            }
        )

    async def prove(self, version: Version) -> int:
        """Asks some hosts of a version that is held here, all at once; how many proved to hold it by now."""
        hosts = sorted(self.others(version), key=lambda pair: pair[1].at_ms if pair[1] else 0)[:MAX_ASKED]
        await asyncio.gather(*(self.challenge(version, host) for host, _ in hosts))
        return self.proven(version)

    async def look(self) -> Result | None:
        """Challenges one host for one version that is held here, both by chance; None where there is none to ask."""
        pins = await self._ipfs.pins()
        pairs = [
            (version, host)
            for version in self._library.catalogue.versions()
            if version.root in pins
            for host, _ in self.others(version)
        ]
        if not pairs:
            return None
        return await self.challenge(*pairs[int(self._chance() * len(pairs))])

    async def challenge(self, version: Version, host: Provider) -> Result | None:
        """Asks one host for one block of a version; None where this node has not the blocks to choose from."""
        block = await self._choose(version.root)
        if block is None:
            return None
        begun_ms = self._clock_ms()
        try:
            async with asyncio.timeout(DEADLINE_S):
                held = await self._ask(block, host.addrs) is not None
        except (TimeoutError, CinepeerError):
            held = False
        now_ms = self._clock_ms()
        before = self.results.pop((version.id, host.device), None)
        kept, failed = (before.kept, before.failed) if before else (0, 0)
        result = Result(held, now_ms - begun_ms, now_ms, block, kept + held, failed + (not held))
        self.results[version.id, host.device] = result
        while len(self.results) > MAX_RESULTS:
            del self.results[next(iter(self.results))]
        if not held:
            log.info("challenge.failed version=%s host=%s block=%s", version.id, host.author, block)
        return result

    async def _choose(self, root: Cid) -> Cid | None:
        """A leaf of a DAG by chance, each in the measure of its bytes; None at a hole."""
        cid = root
        for _ in range(MAX_DEPTH):
            if cid.codec != DAG_PB:
                return cid
            block = await self._ipfs.get_block(cid)
            if block is None:
                return None
            links = parse_branch(block).links
            if not links:
                return cid
            place = self._chance() * sum(link.tsize for link in links)
            for link in links:
                cid, place = link.cid, place - link.tsize
                if place < 0:
                    break
        return None
