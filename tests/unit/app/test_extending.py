"""Further contract sets: named by the founder alone, used by every node once the shipped code stands there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cinepeer.app.announcing import Announcements
from cinepeer.app.contracts import Contracts
from cinepeer.app.extending import Extending
from cinepeer.app.identity import Author
from cinepeer.app.network import Network, describe, parse_network
from cinepeer.errors import BadInput, CheckFailed, Refused
from cinepeer.records.cid import Cid
from cinepeer.records.keys import public_key, sign
from cinepeer.rights.deployment import ContractSet, predict
from cinepeer.rights.further import FurtherSet, verify_further
from unit.app.people import World, in_world

SEED, OTHER = b"\x01" * 32, b"\x02" * 32
NETWORK = Network(
    {"name": "own", "chain_id": 7171, "time": 1, "sequencer": public_key(SEED).hex(), "deployer": "0x" + "11" * 20}, ()
)
SECOND, THIRD = b"\x22" * 20, b"\x33" * 20


def named(number: int, deployer: bytes, from_block: int, seed: bytes = SEED, network: Cid = NETWORK.id) -> FurtherSet:
    one = FurtherSet(number, deployer, from_block)
    return replace(one, signature=sign(seed, one.message(network)))


class Node:
    """One node's view: which deployers' code its ledger shows, and what it kept."""

    def __init__(self, world: World, author: Author, seed: bytes | None) -> None:
        self.contracts = Contracts(NETWORK)
        self.shown: set[bytes] = {SECOND, THIRD}
        self.kept: list[FurtherSet] = []
        self.author = author
        signer = None if seed is None else lambda message: sign(seed, message)
        announcements = Announcements(NETWORK, author, world.store, signer, lambda _urls: None)
        self.extending = Extending(
            *(NETWORK, author, world.store, announcements, self.contracts), self._check, self._deploy, self._keep
        )

    async def _check(self, contracts: ContractSet, deployer: bytes) -> None:
        assert contracts.named() == predict(deployer, 7171).named()
        if deployer not in self.shown:
            raise CheckFailed("found code aa, expected the shipped bb: nothing was sent")

    async def _deploy(self, number: int) -> tuple[bytes, int]:
        return {2: SECOND, 3: THIRD}[number], number * 10

    def _keep(self, further: Sequence[FurtherSet]) -> None:
        self.kept = list(further)

    async def spread(self, sets: Sequence[FurtherSet]) -> None:
        """A `network` record of this node's author that tells these sets."""
        fields: dict[str, Any] = {"number": 1, "genesis": NETWORK.id, "bootstrap": [], "endpoints": []}
        await self.author.sign("network", fields | {"sets": [one.to_map() for one in sets]})


def test_a_set_that_the_founder_names_is_used_by_all_and_new_titles_go_into_it(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        founder = Node(world, await world.author("founder"), SEED)
        other = Node(world, await world.author("other"), None)
        assert await other.extending.learn() == 0
        first, _ = await founder.extending.add(2)
        second, _ = await founder.extending.add(3)
        assert [(one.number, one.deployer, one.from_block) for one in (first, second)] == [
            (2, SECOND, 20),
            (3, THIRD, 30),
        ]
        assert await other.extending.learn() == 2
        for node in (founder, other):
            assert node.contracts.further == (first, second) == tuple(node.kept)
            assert [one.from_block for one in node.contracts.sets] == [0, 20, 30]
        newest = other.contracts.newest
        assert newest.named() == predict(THIRD, 7171).named()
        assert other.contracts.at(newest.licences) == newest
        assert other.contracts.named_by({"chain": 7171, "contract": newest.titles}) == newest
        assert other.contracts.named_by({"chain": 1, "contract": newest.titles}) is None
        assert other.contracts.naming(newest) == (first, second)
        assert other.contracts.naming(other.contracts.first) == ()
        with pytest.raises(BadInput, match="expected its founder's"):
            await other.extending.add(4)
        for number in (3, 5):
            with pytest.raises(BadInput, match=f"found the contract set {number}, expected 4 to come next"):
                await founder.extending.add(number)

    in_world(tmp_path, story)


def test_code_that_is_not_the_shipped_waits_and_so_does_what_comes_after_it(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        node = Node(world, await world.author("node"), None)
        await node.spread([named(2, SECOND, 20), named(3, THIRD, 30)])
        node.shown = {THIRD}
        assert await node.extending.learn() == 0
        assert (node.contracts.sets, node.kept) == ((NETWORK.contracts,), [])
        node.shown = {SECOND}
        assert await node.extending.learn() == 1
        node.shown = {SECOND, THIRD}
        assert await node.extending.learn() == 1
        assert len(node.contracts.sets) == 3

    in_world(tmp_path, story)


def test_what_the_founder_did_not_sign_is_nothing(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        node = Node(world, await world.author("node"), None)
        await node.spread([named(2, SECOND, 20, OTHER)])
        await node.spread([named(2, SECOND, 20), named(2, THIRD, 30)])
        await node.spread([named(2, SECOND, 20, network=Cid.of(b"elsewhere", 0x71))])
        assert await node.extending.told() == ()
        await node.spread([named(2, SECOND, 20)])
        await (await world.author("other")).sign(
            "network", {"number": 9, "genesis": Cid.of(b"x", 0x71), "bootstrap": [], "endpoints": [], "sets": []}
        )
        assert await node.extending.told() == (named(2, SECOND, 20),)

    in_world(tmp_path, story)


def test_of_two_sets_of_one_number_all_nodes_use_the_same(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        node = Node(world, await world.author("node"), None)
        one, other = named(2, SECOND, 20), named(2, THIRD, 21)
        await node.spread([one])
        before = await node.extending.told()
        await node.spread([other])
        records = [held.record.id for held in await world.store.by_kind("network")]
        assert before == (one,)
        assert await node.extending.told() == ((one,) if records[0] < records[1] else (other,))

    in_world(tmp_path, story)


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        ([named(3, SECOND, 20)], "expected 2 to come next"),
        ([named(2, b"\x11" * 20, 20)], "twice"),
        ([named(2, SECOND, 0)], "expected one after block 0"),
        ([named(2, SECOND, 20), named(3, THIRD, 20)], "expected one after block 20"),
        ([replace(named(2, SECOND, 20), from_block=21)], "no signature of the founder"),
    ],
)
def test_a_list_of_sets_has_an_order(sets: list[FurtherSet], said: str) -> None:
    with pytest.raises(Refused, match=said) as found:
        verify_further(NETWORK.id, NETWORK.founder, NETWORK.contracts, NETWORK.deployer, sets)
    assert found.value.reason == "bad-set"


def test_a_networks_description_carries_its_sets() -> None:
    network = replace(NETWORK, further=(named(2, SECOND, 20),))
    assert parse_network(describe(network)) == network
    with pytest.raises(Refused, match="no signature of the founder"):
        parse_network(describe(replace(NETWORK, further=(named(2, SECOND, 20, OTHER),))))
