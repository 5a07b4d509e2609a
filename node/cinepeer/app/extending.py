"""Further contract sets of a network: its founder makes and names them; every node checks their code and uses them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from cinepeer.app.announcing import Announcements, founder_message
from cinepeer.app.contracts import Contracts
from cinepeer.app.identity import Author
from cinepeer.app.network import Network
from cinepeer.app.parts import RecordStore
from cinepeer.errors import BadInput, CinepeerError, Refused
from cinepeer.records.bodies import parse_body
from cinepeer.records.cid import Cid
from cinepeer.rights.deployment import ContractSet
from cinepeer.rights.further import MAX_SETS, FurtherSet, parse_further, verify_further

log = logging.getLogger("cinepeer.extending")

Check = Callable[[ContractSet, bytes], Awaitable[None]]
"""Raises `CheckFailed` when other code than the shipped stands at a set's addresses; takes the set and its deployer."""

Deploy = Callable[[int], Awaitable[tuple[bytes, int]]]
"""Makes the set of a number; its deployer (20 bytes), and the block from which on it may be in force."""


class Extending:
    """What the founder says of further sets, as this node holds and uses it."""

    def __init__(
        self,
        network: Network,
        author: Author,
        store: RecordStore,
        announcements: Announcements,
        contracts: Contracts,
        check: Check,
        deploy: Deploy,
        keep: Callable[[Sequence[FurtherSet]], None],
    ) -> None:
        """`keep` writes the sets into the home's own description of the network."""
        self._network = network
        self._author = author
        self._store = store
        self._announcements = announcements
        self._contracts = contracts
        self._check = check
        self._deploy = deploy
        self._keep = keep
        self._turn = asyncio.Lock()

    async def told(self) -> tuple[FurtherSet, ...]:
        """
        The longest list of sets that a counted `network` record tells, whoever spread it: each is signed by the
        founder. Of two of one length that of the lower record id counts, so that all nodes use the same.
        """
        found: list[tuple[int, Cid, tuple[FurtherSet, ...]]] = []
        for held in await self._store.by_kind("network"):
            if held.body is None or not self._store.feeds.counts(held.record):
                continue
            fields: dict[str, Any] = parse_body("network", held.body)
            if fields["genesis"] == self._network.id and "sets" in fields:
                with suppress(Refused):  # a forged list tells nothing
                    sets = self.checked(fields["sets"])
                    found.append((-len(sets), held.record.id, sets))
        return min(found)[2] if found else ()

    def checked(self, found: Any) -> tuple[FurtherSet, ...]:
        """A list of sets that the founder signed; raises `Refused` (`bad-set`)."""
        sets = parse_further(found)
        network = self._network
        verify_further(network.id, network.founder, self._contracts.first, network.deployer, sets)
        return sets

    async def learn(self) -> int:
        """
        Uses what the founder named, as far as the shipped code stands there; how many sets were new. A set whose code
        is another, or not there yet, waits, and those after it.
        """
        async with self._turn:
            known = self._contracts.further
            taken = list(known)
            for one in (await self.told())[len(known) :]:
                try:
                    await self._check(one.contracts(self._network.chain_id), one.deployer)
                except CinepeerError as error:
                    log.warning("sets.waiting number=%d reason=%s", one.number, error)
                    break
                taken.append(one)
            if len(taken) > len(known):
                self._contracts.take(taken)
                self._keep(taken)
                log.warning("sets.taken now=%d from_block=%d", len(taken) + 1, taken[-1].from_block)
            return len(taken) - len(known)

    async def add(self, number: int) -> tuple[FurtherSet, Cid]:
        """
        Makes the set of a number, names it in the next numbered record and uses it; the record's id. Raises `BadInput`
        where this home did not found the network, or another number comes next. Safe to repeat after a crash: what was
        made is not made again.
        """
        sign = self._announcements.sign
        if sign is None:
            raise BadInput(f"found a home that did not found the network {self._network.id}, expected its founder's")
        told = await self.told()
        if number != len(told) + 2 or number > MAX_SETS:
            raise BadInput(
                f"found the contract set {number}, expected {len(told) + 2} to come next, and at most {MAX_SETS}"
            )
        deployer, first = await self._deploy(number)
        unsigned = FurtherSet(number, deployer, first)
        named = FurtherSet(number, deployer, first, sign(unsigned.message(self._network.id)))
        before = await self._announcements.newest()
        fields: dict[str, Any] = {
            "number": before.number + 1 if before else 1,
            "genesis": self._network.id,
            "bootstrap": list(before.bootstrap) if before else [],
            "endpoints": list(before.endpoints) if before else [],
            "sets": [one.to_map() for one in (*told, named)],
        }
        fields["founder"] = sign(founder_message(fields, self._author.id))
        record = await self._author.sign("network", fields)
        await self.learn()
        return named, record.id
