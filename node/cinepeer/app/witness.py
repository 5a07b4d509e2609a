"""Witnessing: a node that executed the ledger's blocks itself signs which block it saw, for auditors to come."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from cinepeer.app.identity import Author
from cinepeer.app.parts import Ledger, RecordStore
from cinepeer.records.bodies import parse_body
from cinepeer.records.cid import Cid
from cinepeer.records.record import Record
from cinepeer.rights.proofs import parse_header

KEPT_WITNESSES = 5
"""Most witnesses in a bundle: those with the shortest feeds, which travel with them."""


class Witnessing:
    """Signs the newest block of the own copy, when it is another than the last that was signed."""

    def __init__(self, ledger: Ledger, author: Author, chain_id: int, may_sign: Callable[[], bool]) -> None:
        """`may_sign` says whether the copy is level and its sequencer's order held so far."""
        self._ledger = ledger
        self._author = author
        self._chain_id = chain_id
        self._may_sign = may_sign
        self._signed = 0

    async def look(self) -> Record | None:
        """The record that was signed, or None when there is nothing new to say."""
        height = await self._ledger.head()
        if height <= self._signed or not self._may_sign() or not self._author.is_admitted:
            return None
        header = parse_header(await self._ledger.header(height))
        fields = {"chain": self._chain_id, "height": height, "hash": header.hash}
        record = await self._author.sign("witness", fields)
        self._signed = height
        return record


@dataclass(frozen=True, slots=True)
class Witnessed:
    """A height, and who signed its block as it is held here."""

    height: int
    records: tuple[Record, ...]


async def last_witnessed(
    store: RecordStore, chain_id: int, heights: range, block_hash: Callable[[int], Awaitable[bytes]]
) -> Witnessed | None:
    """
    The highest of `heights` whose block here others signed too, with the records of at most `KEPT_WITNESSES` authors.
    What names another block is a claim without a proof, and left alone: a fork is proved by the sequencer's signatures.
    """
    claims: dict[int, dict[bytes, list[Record]]] = {}
    for held in await store.by_kind("witness"):
        if held.body is None or not store.feeds.counts(held.record):
            continue
        fields = parse_body("witness", held.body)
        if fields["chain"] == chain_id and fields["height"] in heights:
            claims.setdefault(int(str(fields["height"])), {}).setdefault(bytes(fields["hash"]), []).append(held.record)  # type: ignore[arg-type]
    for height in sorted(claims, reverse=True):
        found = claims[height].get(await block_hash(height))
        if found:
            return Witnessed(height, tuple(_of_authors(found)))
    return None


def _of_authors(records: Sequence[Record]) -> list[Record]:
    """One record of each author, those early in their feeds first."""
    by_author: dict[Cid, Record] = {}
    for record in sorted(records, key=lambda record: (record.seq, record.id)):
        by_author.setdefault(record.author, record)
    return list(by_author.values())[:KEPT_WITNESSES]
