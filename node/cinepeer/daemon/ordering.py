"""Who orders the ledger of this node's network, as that changes: this node's own part in a hand-over."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from cinepeer.adapters.system.durable import write_whole
from cinepeer.adapters.system.home import Home
from cinepeer.app.network import Network, describe, parse_network
from cinepeer.errors import BadInput, CinepeerError
from cinepeer.records import dagcbor, keys
from cinepeer.rights.succession import MAX_ADDRS, Candidate, Handover, parse_handover, stand

if TYPE_CHECKING:
    from cinepeer.adapters.chain.client import Ledger
    from cinepeer.adapters.chain.following import Following, Forward
    from cinepeer.adapters.chain.process import EmbeddedLedger
    from cinepeer.adapters.p2p.network import P2P

LOOK_S = 5.0
"""How often a node looks whether its turn has come: the last block before it may be on its way."""

log = logging.getLogger("cinepeer.daemon")


class Ordering:
    """
    Keeps the home's description of its network at the sequencer that orders now, follows that one, and begins to order
    where the order was handed over to this home.
    """

    def __init__(
        self,
        home: Home,
        network: Network,
        seed: bytes,
        child: EmbeddedLedger,
        asking: Callable[[Sequence[str]], Forward],
        p2p_box: list[P2P],
        stand_aside: Callable[[Ordering], Awaitable[None]],
    ) -> None:
        """
        `seed` is this home's sequencer key; `asking` gives the way to the ledger of the node at some addresses;
        `stand_aside` has the ledger's process go on as a copy, and this node's programs ask through it.
        """
        self._home = home
        self._network = network
        self._seed = seed
        self._child = child
        self._asking = asking
        self._p2p_box = p2p_box
        self._stand_aside = stand_aside
        self._turn = asyncio.Lock()
        self._is_child_ordering = not network.sequencer
        self.ledger: Ledger | None = None
        self.following: Following | None = None
        self.addrs = network.sequencer
        """Where the sequencer that orders now is reached; empty where that is this node."""

    async def candidate(self) -> Candidate:
        """This home's key, ready to order: signed, with where this node is reached. Raises `BadInput`."""
        from cinepeer.adapters.chain.genesis import faucet_key
        from cinepeer.rights.signatures import address_of

        held = await self._held()
        ordered = {self._first, *(one.sequencer for one in held)}
        if keys.public_key(self._seed) in ordered:
            raise BadInput("found a home that ordered this network's ledger already, expected another one")
        addrs = list(self._p2p_box[0].addrs)[:MAX_ADDRS]
        return stand(self._seed, self._network.id, len(held) + 1, address_of(faucet_key(self._seed)), addrs)

    async def hand_over(self, candidate: Candidate) -> Handover:
        """Has this node's ledger hand over to a candidate, and follows it. Raises `BadInput`."""
        assert self.ledger is not None and self.following is not None
        order = keys.sign(self._seed, candidate.order(self._network.id))
        said = await self.ledger.hand_over(dagcbor.encode(candidate.to_map()), order)
        handover = parse_handover(dagcbor.decode(said))
        await self.learn([handover])
        return handover

    async def learn(self, handovers: Sequence[Handover]) -> None:
        """Gives this node's ledger hand-overs that somebody told; what does not hold is refused by it, by name."""
        if self.following is None or not handovers:
            return
        try:
            await self.following.learn(["0x" + dagcbor.encode(one.to_map()).hex() for one in handovers])
        except CinepeerError as error:
            log.warning("ledger.handover.refused reason=%s", error)
        await self.look()

    async def succeeded(self, _told: Sequence[str]) -> None:
        """Hears that the ledger holds more hand-overs than before."""
        await self.look()

    async def look(self) -> None:
        """Follows whom the ledger's hand-overs name, or begins to order."""
        async with self._turn:
            held = await self._held()
            if not held:
                return
            if held[-1].sequencer == keys.public_key(self._seed):
                await self._begin(held)
            elif self._is_child_ordering or held[-1].candidate.addrs != self.addrs:
                await self._follow(held[-1].candidate.addrs)

    async def _held(self) -> list[Handover]:
        assert self.ledger is not None
        return await self.ledger.handovers()

    @property
    def _first(self) -> bytes:
        return bytes.fromhex(str(self._network.genesis["sequencer"]))

    async def _follow(self, addrs: tuple[str, ...]) -> None:
        """Follows the node at these addresses from now on, and after the next start."""
        assert self.following is not None
        self._keep(addrs)
        if self._is_child_ordering:
            await self._stand_aside(self)
            self._is_child_ordering = False
        self.following.turn_to(self._asking(addrs))
        log.warning("ledger.sequencer now=%s", addrs[0])
        await self._dial(addrs)

    async def _begin(self, held: Sequence[Handover]) -> None:
        """Begins to order, once the last block of the sequencer before is here."""
        assert self.ledger is not None and self.following is not None
        if self._is_child_ordering or self.following.snapshot is not None:
            return  # nobody orders on what was not executed here
        if await self.ledger.head() < held[-1].height:
            before = held[-2].candidate.addrs if len(held) > 1 else self.addrs
            if before and before != self.addrs:
                self.following.turn_to(self._asking(before))
            return
        port = int(self._child.url.rpartition(":")[2])
        await self._child.stop()
        await self._child.start(self._home.ledger, port, dict(self._network.genesis), self._seed)
        self._is_child_ordering = True
        self.following.turn_to(None)
        self._keep(())
        log.warning("ledger.ordering since=%d", held[-1].height)

    def _keep(self, addrs: tuple[str, ...]) -> None:
        """Writes who orders now into the home's description of its network."""
        file = self._home.path / "network.cbor"
        known = parse_network(file.read_bytes())
        if known.sequencer != addrs:
            write_whole(file, describe(replace(known, sequencer=addrs)))
        self.addrs = addrs

    async def _dial(self, addrs: Sequence[str]) -> None:
        """Connects to the first address that answers; the peers' own clockwork goes on with it otherwise."""
        for addr in addrs if self._p2p_box else ():
            try:
                await self._p2p_box[0].connect(addr)
            except CinepeerError as error:
                log.info("ledger.sequencer.unreachable addr=%s reason=%s", addr, error)
            else:
                return


async def watching(ordering: Ordering | None, every_s: float = LOOK_S) -> None:
    """Looks now and again whether it is this node's turn: the last block before it may come late."""
    while ordering is not None:
        await asyncio.sleep(every_s)
        try:
            await ordering.look()
        except CinepeerError as error:
            log.info("ledger.look.failed reason=%s", error)
