"""A second contract set beside the first: other code, arbiter, bond and currencies; both are read from one ledger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import boa
import pytest
from boa.util.abi import Address
from eth_abi import encode

from cinepeer.app.standing import claims_told
from cinepeer.errors import BadInput, Refused
from cinepeer.rights import events
from cinepeer.rights.deployment import ContractSet
from cinepeer.rights.sets import decode_sets
from cinepeer.rights.state import State, fold
from contract.people import ADA, BEN, DAY, EVE, EVIDENCE
from contract.stage import BOND, SUSPENDED, ZERO, Contract, Stage, artifact, refusal, refused
from contract.words import DEED, OFFER, content, deed, digest, offer

FORTNIGHT, THREE_WEEKS = (bytes([0x62]) + (days * DAY).to_bytes(3, "big") for days in (14, 21))
"""What the code of Disputes says of the time for an answer (PUSH3), and what the changed one says."""


@dataclass
class Changed(Stage):
    """A later set: three weeks for an answer instead of two."""

    def deploy(self, name: str, deployer: Address, kinds: list[str], values: list[Any]) -> Contract:
        """Creates a contract from its shipped artifact, but for the one word."""
        code = bytes.fromhex(artifact(name)["bytecode"][2:])
        if name == "Disputes":
            assert FORTNIGHT in code
            code = code.replace(FORTNIGHT, THREE_WEEKS)
        with boa.env.prank(deployer):
            address, computation = boa.env.deploy(bytecode=code + encode(kinds, values))
        if computation.is_error:
            raise refusal(computation.output)
        return Contract(self, str(address), artifact(name)["abi"])


@pytest.fixture
def later(stage: Stage) -> Iterator[Changed]:
    """The later set, beside the first and on one log with it."""
    with boa.env.anchor():
        yield Changed(logs=stage.logs)


def set_of(stage: Stage) -> ContractSet:
    """The set as the nodes know it."""
    places = (stage.titles, stage.licences, stage.disputes, stage.anchors)
    return ContractSet(1, *(bytes.fromhex(one.address[2:]) for one in places))


def ledger(stage: Stage) -> list[events.Log]:
    """The log as an endpoint gives it: entries of our contracts alone, in order."""
    return [
        events.Log(bytes.fromhex(log.address[2:]), log.topics, log.data, 1, index)
        for index, log in enumerate(stage.logs)
    ]


def read(first: Stage, later: Stage) -> State:
    return fold(decode_sets(ledger(first), [set_of(first), set_of(later)]))


def notice(stage: Stage, title: int) -> int:
    """Eve's notice about a title; its case."""
    return stage.disputes.notice(title, 1, EVIDENCE, sender=EVE, value=BOND)


def id_of(title: int) -> bytes:
    return title.to_bytes(20, "big")


def test_each_set_keeps_its_own_titles_cases_and_anchors(stage: Stage, later: Changed) -> None:
    old = stage.titles.register(deed(ADA), b"", sender=ADA)
    new = later.titles.register(deed(ADA), b"", sender=ADA)
    assert old != new
    cases = [notice(one, title) for one, title in ((stage, old), (later, new))]
    stage.anchors.anchor(EVIDENCE, 5, sender=ADA)
    later.anchors.anchor(EVIDENCE, 3, sender=ADA)
    both = read(stage, later)
    assert cases == [0, 0]
    for one, title, size in ((stage, old, 5), (later, new, 3)):
        home = set_of(one)
        found = both.titles[id_of(title)]
        assert (found.registry, found.head) == (home.titles, one.titles.titles(title)[5])
        assert both.disputes[home.disputes, 0].title == id_of(title)
        assert [anchor.size for anchor in both.anchored(home.anchors, bytes.fromhex(ADA.address[2:]))] == [size]


def test_the_changed_set_follows_its_own_rules(stage: Stage, later: Changed) -> None:
    old, new = (one.titles.register(deed(ADA), b"", sender=ADA) for one in (stage, later))
    cases = [notice(one, title) for one, title in ((stage, old), (later, new))]
    stage.wait(15 * DAY)
    stage.disputes.suspend(cases[0])
    with refused("TooEarly"):
        later.disputes.suspend(cases[1])
    both = read(stage, later)
    statuses = [both.titles[id_of(title)].status for title in (old, new)]
    assert statuses == [SUSPENDED, SUSPENDED - 1]


def test_claims_of_one_content_are_found_in_all_sets(stage: Stage, later: Changed) -> None:
    old = stage.titles.register(deed(ADA), b"", sender=ADA)
    stage.wait(5)
    new = later.titles.register(deed(BEN), b"", sender=BEN)
    claims = claims_told(read(stage, later), id_of(new))
    assert [(claim["title"], claim["earlier"]) for claim in claims] == [("0x" + id_of(old).hex(), True)]


def test_royalties_reach_a_parent_film_in_the_older_set(stage: Stage, later: Changed) -> None:
    parent = stage.titles.register(deed(ADA), b"", sender=ADA)
    place = f"0x{parent:040x}"
    remix = later.titles.register(deed(BEN, [(BEN, 9000), (place, 1000)], "remix"), b"", sender=BEN)
    later.titles.credit(remix, ZERO, EVIDENCE, value=1000)
    assert later.titles.withdraw(remix, ZERO, place) == 100
    assert stage.titles.sweep(ADA.address, content(), ZERO) == 100
    both = read(stage, later)
    assert both.titles[id_of(parent)].purses[bytes(20)].paid_in == 100
    assert stage.titles.claimable(parent, ZERO, ADA.address) == 100


def test_a_deed_and_an_offer_are_for_one_set(stage: Stage, later: Changed) -> None:
    signed = ADA.sign(digest(DEED, deed(ADA), stage.titles))
    with refused("BadSignature", ADA.address):
        later.titles.register(deed(ADA), signed, sender=EVE)
    title = later.titles.register(deed(ADA), b"", sender=ADA)
    terms = offer(title, ADA)
    with refused("BadSignature", ADA.address):
        later.licences.buy(
            terms, ADA.sign(digest(OFFER, terms, stage.licences)), EVE.address, sender=EVE, value=terms[3]
        )


def test_entries_of_no_set_and_sets_that_share_a_contract_are_refused(stage: Stage, later: Changed) -> None:
    stage.titles.register(deed(ADA), b"", sender=ADA)
    later.titles.register(deed(ADA), b"", sender=ADA)
    first, second = set_of(stage), set_of(later)
    with pytest.raises(Refused, match="expected one of the 1 sets") as stranger:
        decode_sets(ledger(stage), [first])
    assert stranger.value.reason == "bad-log"
    with pytest.raises(Refused, match="out of the ledger's order"):
        decode_sets(ledger(stage)[::-1], [first, second])
    with pytest.raises(Refused, match="before block 2, where its set begins"):
        decode_sets(ledger(stage), [first, replace(second, from_block=2)])
    with pytest.raises(BadInput, match="in two contract sets"):
        decode_sets([], [first, replace(second, anchors=first.anchors)])
