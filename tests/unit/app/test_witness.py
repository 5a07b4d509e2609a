"""Which block of the ledger others saw: only theirs of the block held here count, few travel, liars are left alone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

from cinepeer.app.witness import KEPT_WITNESSES, Witnessed, Witnessing, last_witnessed
from cinepeer.records.record import Record
from cinepeer.rights.proofs import parse_header
from unit.rights.scene import CHAIN, Person, new_story

HASH, OTHER = b"\1" * 32, b"\2" * 32


class Held:
    """A store of witness records alone; `uncounted` are those of devices that do not count."""

    def __init__(self, people: Iterable[Person], uncounted: Iterable[Record] = ()) -> None:
        self._pairs = [pair for person in people for pair in person.records if pair[0].kind == "witness"]
        left_out = set(uncounted)
        self.feeds = SimpleNamespace(counts=lambda record: record not in left_out)

    async def by_kind(self, kind: str) -> list[Any]:
        assert kind == "witness"
        return [SimpleNamespace(record=record, body=body) for record, body in self._pairs]


def witness(number: int, *claims: tuple[int, bytes], chain: int = CHAIN) -> Person:
    person = Person(number)
    for height, block_hash in claims:
        person.sign("witness", chain=chain, height=height, hash=block_hash)
    return person


def last(store: Held, heights: range) -> Witnessed | None:
    async def block_hash(_height: int) -> bytes:
        return HASH

    return asyncio.run(last_witnessed(store, CHAIN, heights, block_hash))  # type: ignore[arg-type]


def test_the_highest_block_that_others_saw_as_it_is_here_is_taken() -> None:
    store = Held([witness(4, (7, HASH), (9, HASH)), witness(5, (8, HASH))])
    found = last(store, range(7, 12))
    assert found is not None
    assert (found.height, len(found.records)) == (9, 1)
    assert last(store, range(7, 9)).height == 8  # type: ignore[union-attr]
    assert last(store, range(10, 12)) is None


def test_a_claim_of_another_block_or_chain_is_left_alone() -> None:
    store = Held([witness(4, (9, OTHER)), witness(5, (9, HASH), chain=CHAIN + 1), witness(6, (8, HASH))])
    assert last(store, range(0, 12)).height == 8  # type: ignore[union-attr]


def test_what_does_not_count_is_no_witness() -> None:
    liar = witness(4, (9, HASH))
    assert last(Held([liar], [record for record, _ in liar.records]), range(0, 12)) is None


def test_each_author_counts_once_and_few_travel() -> None:
    crowd = [witness(number, *[(9, HASH)] * 2) for number in range(4, 4 + KEPT_WITNESSES + 3)]
    found = last(Held(crowd), range(0, 12))
    assert found is not None
    assert len({record.author for record in found.records}) == len(found.records) == KEPT_WITNESSES
    assert {record.seq for record in found.records} == {0}


def test_a_node_signs_a_block_once_and_only_while_it_may() -> None:
    chain = new_story().chain
    height, head = int(chain.ask("eth_blockNumber"), 16), chain.header().rlp
    signed: list[dict[str, Any]] = []
    may = {"sign": False}

    class Author:
        is_admitted = True

        async def sign(self, kind: str, fields: dict[str, Any]) -> Any:
            signed.append({"kind": kind, **fields})
            return object()

    class Copy:
        async def head(self) -> int:
            return height

        async def header(self, _number: int) -> bytes:
            return head

    witnessing = Witnessing(Copy(), Author(), CHAIN, lambda: may["sign"])  # type: ignore[arg-type]
    assert asyncio.run(witnessing.look()) is None
    may["sign"] = True
    assert asyncio.run(witnessing.look()) is not None
    assert asyncio.run(witnessing.look()) is None
    [said] = signed
    assert (said["kind"], said["chain"], said["height"]) == ("witness", CHAIN, height)
    assert said["hash"] == parse_header(head).hash
