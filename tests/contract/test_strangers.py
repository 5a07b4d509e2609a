"""What strangers may try or be: votes for elsewhere, accounts with code, receivers that waste gas, secret films."""

from __future__ import annotations

import boa
import pytest
from boa.util.abi import Address
from eth_utils import keccak

from cinepeer.errors import Refused
from cinepeer.records import merkle
from contract.actors import actor
from contract.people import ADA, BEN, DAN, EVE, EVIDENCE, buy
from contract.stage import VOID, ZERO, Stage, refused
from contract.words import ANCHOR, DEED, ELECT, address, deed, digest, election, offer

LOOP = bytes.fromhex("5b5f56")
"""Code that never ends: jumpdest, push 0, jump."""
MEGABYTE = bytes.fromhex("620fffff5ff3")
"""Code that answers anything with a megabyte of nothing."""


def lend(stage: Stage, who: str) -> None:
    """Gives an account the code of a contract that signs nothing, as EIP-7702 does."""
    boa.env.set_code(Address(who), stage.code(actor().address))


@pytest.mark.parametrize("elsewhere", ["another chain", "another contract"])
def test_a_vote_for_elsewhere_is_no_vote(stage: Stage, title: int, elsewhere: str) -> None:
    votes = list(election(stage.titles, title, DAN, [ADA]))
    chain, place = (2, stage.titles) if elsewhere == "another chain" else (1, stage.licences)
    votes[4] = [ADA.sign(digest(ELECT, [title, ADA.address, DAN.address, 0, votes[2]], place, chain_id=chain))]
    with refused("BadSignature", ADA.address):
        stage.titles.elect(tuple(votes))


def test_an_account_that_lends_itself_code_votes_and_sells_as_before(stage: Stage, title: int) -> None:
    lend(stage, ADA.address)
    buy(stage, offer(title, ADA))
    stage.titles.elect(election(stage.titles, title, DAN, [ADA]))
    assert stage.titles.can(title, DAN.address)


def test_a_contract_votes_by_its_own_word(stage: Stage) -> None:
    house = actor()
    title = stage.titles.register(deed(ADA, [(ADA, 4000), (house, 6000)]), b"", sender=ADA)
    votes = list(election(stage.titles, title, DAN, []))
    votes[3], votes[4] = [address(house)], [b""]
    with refused("BadSignature", address(house)):
        stage.titles.elect(tuple(votes))
    house.sign(digest(ELECT, [title, ADA.address, DAN.address, 0, votes[2]], stage.titles))
    stage.titles.elect(tuple(votes))
    assert stage.titles.can(title, DAN.address)


def test_a_signer_whose_code_never_ends_wastes_its_carriers_gas_alone(stage: Stage) -> None:
    endless = f"0x{'e4d' * 13}e"
    boa.env.set_code(Address(endless), LOOP)
    call = stage.anchors.calldata("anchorAll", [(endless, EVIDENCE, 5, 0, b"")])
    taken = stage.send(EVE, stage.anchors.address, call, gas=2_000_000)
    assert int.from_bytes(taken, "big") == 0
    assert stage.gas > 1_900_000
    values = (ADA.address, EVIDENCE, 5, 0)
    assert stage.anchors.anchorAll([(*values, ADA.sign(digest(ANCHOR, values, stage.anchors)))]) == 1


def test_a_receiver_that_answers_with_a_megabyte_costs_nobody_a_copy(stage: Stage) -> None:
    loud = f"0x{'10d' * 13}1"
    boa.env.set_code(Address(loud), MEGABYTE)
    title = stage.titles.register(deed(ADA, [(ADA, 5000), (loud, 5000)]), b"", sender=ADA)
    stage.titles.credit(title, ZERO, EVIDENCE, value=1000)
    once = 3 * 2**15 + (2**15) ** 2 // 512
    stage.send(EVE, stage.titles.address, stage.titles.calldata("withdraw", title, ZERO, loud), gas=once + 200_000)
    assert stage.balance(loud) == 500


def test_licences_of_a_void_title_stay_and_no_more_are_sold(stage: Stage, title: int) -> None:
    said = buy(stage, offer(title, ADA))
    stage.titles.mark(title, VOID, EVE.address, sender=stage.disputes)
    assert stage.licences.licensed(said, EVE.address)
    with refused("Frozen", title, VOID):
        buy(stage, offer(title, ADA), DAN)


def test_a_secret_film_is_anchored_before_anybody_hears_of_it(stage: Stage) -> None:
    secret = deed(ADA, [(ADA, 9000), (BEN, 1000)], "secret")
    leaves = [keccak(text="another"), digest(DEED, secret, stage.titles)]
    stage.anchors.anchor(merkle.root(leaves), len(leaves), sender=ADA)
    stage.wait(1000)
    rival = stage.titles.register(deed(EVE, label="secret"), b"", sender=EVE)
    stage.wait(1000)
    title = stage.titles.register(secret, ADA.sign(digest(DEED, secret, stage.titles)), sender=DAN)
    anchored = stage.events("Anchored")[0]
    assert anchored["time"] < stage.titles.titles(rival)[1] < stage.titles.titles(title)[1]
    merkle.verify_inclusion(leaves[1], 1, anchored["size"], merkle.inclusion(leaves, 1), anchored["root"])
    with pytest.raises(Refused):
        merkle.verify_inclusion(
            digest(DEED, deed(EVE, label="secret"), stage.titles), 1, 2, [leaves[0]], anchored["root"]
        )
