"""What replication asks of the parts that it is given: the store of records and the network."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from cinepeer.errors import Refused
from cinepeer.records.cid import Cid
from cinepeer.records.feed import Feeds
from cinepeer.records.record import Record
from cinepeer.replication.events import Pair
from cinepeer.replication.fingerprints import SealedSet
from cinepeer.replication.scope import Scope


class Outcome(Protocol):
    """What became of a batch of records."""

    @property
    def added(self) -> Sequence[Record]:
        """The records that were new and are stored now."""

    @property
    def completed(self) -> Sequence[Record]:
        """Records that were held without their bodies, and have them now."""

    @property
    def known(self) -> int:
        """How many were held before."""

    @property
    def waiting(self) -> Sequence[tuple[Record, bytes | None, str]]:
        """Those that cannot be judged yet, with what they wait for: author, device, prev, time or body."""

    @property
    def refused(self) -> Sequence[tuple[Cid, Refused]]:
        """Those that are not valid, with the reason."""


class Store(Protocol):
    """The records held here, as far as replication needs them."""

    @property
    def feeds(self) -> Feeds:
        """The fold of all of them."""

    async def add(self, batch: Sequence[Pair], now_ms: int) -> Outcome:
        """Verifies and stores durably; safe to repeat."""

    async def count(self) -> int:
        """How many records are held."""

    async def sealed(self, scope: Scope) -> SealedSet:
        """(Header time, digest of the id) of all records of every author whom a scope concerns."""

    async def places(self, ids: Sequence[Cid]) -> Sequence[int | None]:
        """The place of each id in the order of arrival, in which records can be admitted; None when it is not held."""

    async def records(self, ids: Sequence[Cid]) -> Sequence[Pair]:
        """Those of `ids` that are held, in an order in which they can be admitted."""

    async def bodiless(self, scope: Scope, limit: int, start: float) -> Sequence[Pair]:
        """Some held records whose bodies are missing and were not forgotten, from about the share `start` on."""


class Talk(Protocol):
    """An open conversation."""

    async def ask(self, question: bytes, timeout_s: float) -> bytes:
        """The answer to one question; they come in the order of the calls, of which two may be open at once."""


class Present(Protocol):
    """A connected peer."""

    @property
    def peer_id(self) -> str:
        """Its id."""


class Network(Protocol):
    """The peer-to-peer network, as far as replication needs it."""

    @property
    def peer_id(self) -> str:
        """This node's id."""

    async def publish(self, topic: str, data: bytes) -> None:
        """Gossips one message."""

    def conversation(self, peer_id: str, protocol: str) -> AbstractAsyncContextManager[Talk]:
        """A conversation with a neighbour."""

    def neighbours(self) -> Sequence[Present]:
        """The connected peers."""
