"""Anchors: one account's trees only grow, others may carry them, and their head folds them all."""

from __future__ import annotations

import boa
import pytest
from boa.util.abi import Address
from eth_utils import keccak

from contract.actors import actor
from contract.replay import fold_anchor
from contract.stage import NONE32, Person, Stage, person, refused
from contract.words import ANCHOR, address, digest

ADA, BEN, EVE = (person(name) for name in ("Ada", "Ben", "Eve"))
ROOTS = [keccak(text=f"root {number}") for number in range(4)]


def carried(stage: Stage, by: Person, root: bytes, size: int, origin: int, signer: Person | None = None) -> tuple:
    """An anchor for others to carry."""
    values = (address(by), root, size, origin)
    return (*values, (signer or by).sign(digest(ANCHOR, values, stage.anchors)))


def head(stage: Stage, who: Person) -> tuple[bytes, int]:
    return stage.anchors.headOf(who.address)


def test_an_account_anchors_its_tree(stage: Stage) -> None:
    stage.anchors.anchor(ROOTS[0], 5, sender=ADA)
    folded = fold_anchor(bytes(24), ROOTS[0], 5, stage.now)
    assert head(stage, ADA) == (folded, 5)
    assert head(stage, BEN) == (bytes(24), 0)
    assert stage.events("Anchored") == [
        {"account": ADA.address, "root": ROOTS[0], "size": 5, "time": stage.now, "head": folded}
    ]


def test_the_head_folds_every_anchor(stage: Stage) -> None:
    folded = bytes(24)
    for number, root in enumerate(ROOTS, start=1):
        stage.wait(60)
        stage.anchors.anchor(root, number * 10, sender=ADA)
        folded = fold_anchor(folded, root, number * 10, stage.now)
        assert head(stage, ADA) == (folded, number * 10)
    place = int.from_bytes(keccak(bytes(12) + bytes.fromhex(ADA.address[2:]) + (2).to_bytes(32, "big")), "big")
    assert stage.slot(stage.anchors, place) == folded + (40).to_bytes(8, "big")


def test_trees_only_grow(stage: Stage) -> None:
    with refused("Stale", 0, 0):
        stage.anchors.anchor(ROOTS[0], 0, sender=ADA)
    stage.anchors.anchor(ROOTS[0], 5, sender=ADA)
    for size in (0, 4, 5):
        with refused("Stale", size, 5):
            stage.anchors.anchor(ROOTS[1], size, sender=ADA)
    stage.anchors.anchor(ROOTS[1], 2**64 - 1, sender=ADA)
    assert head(stage, ADA)[1] == 2**64 - 1


def test_anyone_carries_signed_anchors(stage: Stage) -> None:
    batch = [carried(stage, ADA, ROOTS[0], 5, 0), carried(stage, BEN, ROOTS[1], 7, 0)]
    assert stage.anchors.anchorAll(batch, sender=EVE) == 2
    assert head(stage, ADA) == (fold_anchor(bytes(24), ROOTS[0], 5, stage.now), 5)
    assert head(stage, BEN) == (fold_anchor(bytes(24), ROOTS[1], 7, stage.now), 7)


def test_a_batch_goes_on_from_what_is_held(stage: Stage) -> None:
    stage.anchors.anchor(ROOTS[0], 5, sender=ADA)
    both = [carried(stage, ADA, ROOTS[1], 6, 5), carried(stage, ADA, ROOTS[2], 9, 6)]
    assert stage.anchors.anchorAll(both) == 2
    assert stage.anchors.anchorAll(both) == 0, "an anchor counts once"


@pytest.mark.parametrize("size, origin", [(6, 4), (6, 6), (5, 5), (4, 5), (0, 5)])
def test_an_anchor_that_does_not_go_on_is_passed_over(stage: Stage, size: int, origin: int) -> None:
    stage.anchors.anchor(ROOTS[0], 5, sender=ADA)
    before = head(stage, ADA)
    batch = [carried(stage, ADA, ROOTS[1], size, origin), carried(stage, BEN, ROOTS[1], 7, 0)]
    assert stage.anchors.anchorAll(batch) == 1
    assert head(stage, ADA) == before
    assert head(stage, BEN)[1] == 7


@pytest.mark.parametrize("place", range(4))
def test_a_signature_covers_every_field_of_an_anchor(stage: Stage, place: int) -> None:
    stage.anchors.anchor(ROOTS[0], 5, sender=ADA)
    signed = list(carried(stage, ADA, ROOTS[1], 8, 5 if place != 3 else 4))
    signed[place] = (BEN.address, ROOTS[2], 9, 5)[place]
    if place == 0:
        stage.anchors.anchor(ROOTS[0], 5, sender=BEN)
    assert stage.anchors.anchorAll([tuple(signed)]) == 0


def test_an_anchor_that_its_account_did_not_sign_is_passed_over(stage: Stage) -> None:
    values = (ADA.address, ROOTS[0], 5, 0)
    forged = [
        carried(stage, ADA, ROOTS[0], 5, 0, signer=EVE),
        (*values, b""),
        (*values, ADA.sign(digest(ANCHOR, values, stage.anchors, chain_id=2))),
        (*values, ADA.sign(digest(ANCHOR, values, stage.titles))),
    ]
    assert stage.anchors.anchorAll(forged) == 0
    assert head(stage, ADA) == (bytes(24), 0)


def test_a_contract_anchors_by_its_own_word(stage: Stage) -> None:
    archive = actor()
    values = (address(archive), ROOTS[0], 5, 0)
    assert stage.anchors.anchorAll([(*values, b"")]) == 0
    archive.sign(digest(ANCHOR, values, stage.anchors))
    assert stage.anchors.anchorAll([(*values, b"")]) == 1


def test_an_account_that_lends_itself_code_anchors_as_before(stage: Stage) -> None:
    boa.env.set_code(Address(ADA.address), stage.code(actor().address))
    assert stage.anchors.anchorAll([carried(stage, ADA, ROOTS[0], 5, 0)]) == 1


def test_the_domain_is_the_contracts_own(stage: Stage) -> None:
    assert stage.anchors.eip712Domain()[1:6] == ("CinepeerAnchors", "1", 1, stage.anchors.address, NONE32)
