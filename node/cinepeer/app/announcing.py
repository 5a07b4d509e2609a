"""What a network's founder announces in numbered records: peers to begin with, and endpoints of a chain of others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from cinepeer.app.identity import Author
from cinepeer.app.network import MAX_ADDRS, MAX_ENDPOINTS, Network
from cinepeer.app.parts import RecordStore
from cinepeer.errors import BadInput, Refused
from cinepeer.records import dagcbor, keys
from cinepeer.records.bodies import parse_body
from cinepeer.records.cid import Cid
from cinepeer.rights import signatures
from cinepeer.rights.keccak import keccak
from cinepeer.rights.succession import Candidate, Handover, parse_handovers, succession_of

_DOMAIN = b"cinepeer/network/1\0"


@dataclass(frozen=True, slots=True)
class Announced:
    """The founder's newest word: its number, peers to begin with, URLs of endpoints, and the record that says so."""

    network: Cid
    number: int
    bootstrap: tuple[str, ...]
    endpoints: tuple[str, ...]
    record: Cid


def founder_message(fields: Mapping[str, Any], author: Cid) -> bytes:
    """What the founder's key signs: the record's fields and its author, so that nobody else can say it."""
    told = {name: fields[name] for name in ("genesis", "number", "bootstrap", "endpoints")}
    return _DOMAIN + dagcbor.encode({**told, "author": author})


def is_of_founder(network: Network, fields: Mapping[str, Any], author: Cid) -> bool:
    """Whether a `network` record's `founder` field is a signature by the key that its genesis names."""
    signature = fields.get("founder")
    if fields.get("genesis") != network.id or type(signature) is not bytes:
        return False
    message = founder_message(fields, author)
    try:
        if network.is_embedded:
            keys.verify(bytes.fromhex(str(network.genesis["sequencer"])), message, signature)
            return True
        return signatures.recover(keccak(message), signature) == network.deployer
    except Refused:
        return False


class Orders(Protocol):
    """This node's part in who orders the ledger."""

    async def candidate(self) -> Candidate: ...
    async def hand_over(self, candidate: Candidate) -> Handover: ...
    async def learn(self, handovers: Sequence[Handover]) -> None: ...


class Announcements:
    """The founder's records as this node holds them; signs the next one where this home founded the network."""

    def __init__(
        self,
        network: Network,
        author: Author,
        store: RecordStore,
        sign: Callable[[bytes], bytes] | None,
        adopt: Callable[[Sequence[str]], None],
    ) -> None:
        """`sign` is the founder's key, None elsewhere; `adopt` keeps endpoints for the next start."""
        self._network = network
        self._author = author
        self._store = store
        self.sign = sign
        self._adopt = adopt
        self.orders: Orders | None = None
        """None before the ledger is open, and on a chain of others."""

    async def newest(self) -> Announced | None:
        """The founder's record of the highest number; of two with one number that with the lower id."""
        found: list[Announced] = []
        for held in await self._store.by_kind("network"):
            if held.body is None or not self._store.feeds.counts(held.record):
                continue
            fields: dict[str, Any] = parse_body("network", held.body)
            if is_of_founder(self._network, fields, held.record.author):
                peers, urls = tuple(fields["bootstrap"]), tuple(fields["endpoints"])
                found.append(Announced(self._network.id, fields["number"], peers, urls, held.record.id))
        return min(found, key=lambda one: (-one.number, one.record), default=None)

    async def obey(self) -> Announced | None:
        """Takes the endpoints that the founder names, where the ledger is a chain of others; the newest record."""
        newest = await self.newest()
        if newest is not None and not self._network.is_embedded:
            urls = [url for url in newest.endpoints if _is_url(url)][:MAX_ENDPOINTS]
            if urls:
                self._adopt(urls)
        if self.orders is not None:
            await self.orders.learn(await self.handovers())
        return newest

    async def handovers(self) -> tuple[Handover, ...]:
        """The longest chain of hand-overs that a record tells, each signed by the sequencer before; by any author."""
        longest: tuple[Handover, ...] = ()
        for held in await self._store.by_kind("network") if self._network.is_embedded else ():
            if held.body is None or not self._store.feeds.counts(held.record):
                continue
            fields: dict[str, Any] = parse_body("network", held.body)
            if fields["genesis"] == self._network.id and "handovers" in fields:
                with suppress(Refused):  # a forged one tells nothing
                    longest = max(longest, self._checked(fields["handovers"]), key=len)
        return longest

    def _checked(self, found: Any) -> tuple[Handover, ...]:
        first = bytes.fromhex(str(self._network.genesis["sequencer"]))
        return succession_of(self._network.id, first, parse_handovers(found)).handovers

    async def candidate(self) -> Candidate:
        """This node's key, ready to order the ledger after the sequencer; raises `BadInput`."""
        return await self._orders().candidate()

    async def hand_over(self, candidate: Candidate) -> tuple[Handover, Cid]:
        """Hands the ledger over to a candidate and tells everybody in the next numbered record; raises `BadInput`."""
        handover = await self._orders().hand_over(candidate)
        told = (*(await self.handovers())[: handover.number - 1], handover)
        before = await self.newest()
        fields: dict[str, Any] = {
            "number": before.number + 1 if before else 1,
            "genesis": self._network.id,
            "bootstrap": list(dict.fromkeys((*candidate.addrs, *(before.bootstrap if before else ()))))[:MAX_ADDRS],
            "endpoints": [],
            "handovers": [one.to_map() for one in told],
        }
        if self.sign is not None:
            fields["founder"] = self.sign(founder_message(fields, self._author.id))
        record = await self._author.sign("network", fields)
        return handover, record.id

    def _orders(self) -> Orders:
        if self.orders is None:
            raise BadInput("found a ledger on a chain of others, expected one that this network's nodes keep")
        return self.orders

    async def announce(self, bootstrap: Sequence[str], endpoints: Sequence[str]) -> Announced:
        """Signs and spreads the next number; raises `BadInput` where this home did not found the network."""
        if self.sign is None:
            raise BadInput(f"found a home that did not found the network {self._network.id}, expected its founder's")
        wrong = [addr for addr in bootstrap if "/p2p/" not in addr or not addr.startswith(("/ip", "/dns"))]
        wrong += [url for url in endpoints if not _is_url(url)]
        if wrong:
            raise BadInput(f"found {wrong[0][:80]!r}, expected peers as /ip4/…/tcp/…/p2p/… and endpoints as https://…")
        if len(bootstrap) > MAX_ADDRS or len(endpoints) > MAX_ENDPOINTS:
            raise BadInput(f"found more than {MAX_ADDRS} peers or {MAX_ENDPOINTS} endpoints, expected fewer")
        if endpoints and self._network.is_embedded:
            raise BadInput("found endpoints for a ledger that the network's nodes keep, expected none")
        before = await self.newest()
        fields: dict[str, Any] = {
            "number": before.number + 1 if before else 1,
            "genesis": self._network.id,
            "bootstrap": list(bootstrap),
            "endpoints": list(endpoints),
        }
        fields["founder"] = self.sign(founder_message(fields, self._author.id))
        record = await self._author.sign("network", fields)
        return Announced(self._network.id, fields["number"], tuple(bootstrap), tuple(endpoints), record.id)


def _is_url(text: str) -> bool:
    parts = urlsplit(text)
    return parts.scheme in ("http", "https") and bool(parts.hostname)
